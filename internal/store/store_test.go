package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *Folder {
	t.Helper()
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFolderIsLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f := open(t, dir)
	_, err := Open(dir)
	if err == nil || !strings.Contains(err.Error(), "is in use by another server (process ") {
		t.Fatalf("a second server opened the folder: %v", err)
	}
	f.Close()
	open(t, dir)
}

func TestFolderOfANewerServer(t *testing.T) {
	for content, want := range map[string]string{
		"2\n":   "was written by a newer Millrace (format 2, this one knows up to 1)",
		"two\n": "is damaged",
		"":      "is damaged",
		"1\n":   "",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "format"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(dir)
		if err == nil {
			f.Close()
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("format %q: %v, want %q", content, err, want)
		}
	}
}

func TestFolderThatIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "sub")} {
		_, err := Open(dir)
		if err == nil || !strings.HasPrefix(err.Error(), "cannot write to the data folder "+dir+" (not a directory): a file stands where a folder should") {
			t.Errorf("Open(%s): %v", dir, err)
		}
	}
}

func TestWriteReplacesAsAWhole(t *testing.T) {
	f := open(t, t.TempDir())
	// What a crash in the middle of a write leaves behind.
	if err := os.WriteFile(f.Path("a.new"), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"one", "two"} {
		if err := f.Write("a", []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := f.Read("a"); err != nil || string(got) != content {
			t.Errorf("read %q, %v; want %q", got, err, content)
		}
	}
	info, err := os.Stat(f.Path("a"))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if _, err := os.Stat(f.Path("a.new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the draft is still there: %v", err)
	}
	if err := f.Write("../outside", []byte("x"), 0o600); err == nil {
		t.Error("wrote outside the folder")
	}
}

func TestKeys(t *testing.T) {
	f := open(t, t.TempDir())
	if keys, first, err := f.Keys(); err != nil || !first || len(keys) != 0 {
		t.Fatalf("a new folder has %v, %v, %v", keys, first, err)
	}
	want := []Key{{ID: "k1", Stream: "live/main", Label: "first", Hash: "00ff", Created: time.Unix(1e9, 0).UTC()}}
	if err := f.PutKeys(want); err != nil {
		t.Fatal(err)
	}
	if keys, first, err := f.Keys(); err != nil || first || !reflect.DeepEqual(keys, want) {
		t.Errorf("read %v, %v, %v; want %v", keys, first, err, want)
	}
	for content, fault := range map[string]string{"{": "is damaged", `{"format":9}`: "has the unknown format 9"} {
		if err := f.Write(KeysFile, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.Keys(); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%s: %v, want %q", content, err, fault)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Chdir(t.TempDir())
	if dir, err := Choose(); err != nil || dir == here {
		t.Errorf("without %s: %q, %v", here, dir, err)
	}
	if err := os.Mkdir(here, 0o700); err != nil {
		t.Fatal(err)
	}
	if dir, err := Choose(); err != nil || dir != here {
		t.Errorf("with %s: %q, %v", here, dir, err)
	}
}

func TestUserFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the paths are those of Unix")
	}
	env := map[string]string{}
	tests := []struct {
		system, home, xdg string
		root              bool
		want              string
	}{
		{"linux", "/root", "", true, "/var/lib/millrace"},
		{"linux", "/home/a", "", false, "/home/a/.local/share/millrace"},
		{"linux", "/home/a", "/data", false, "/data/millrace"},
		{"linux", "/home/a", "data", false, "/home/a/.local/share/millrace"},
		{"darwin", "/Users/a", "", false, "/Users/a/Library/Application Support/Millrace"},
		{"linux", "", "", false, ""},
		{"windows", "", "", false, ""},
	}
	for _, tt := range tests {
		env["XDG_DATA_HOME"] = tt.xdg
		if got := userFolder(tt.system, tt.root, tt.home, func(k string) string { return env[k] }); got != tt.want {
			t.Errorf("%+v: got %q", tt, got)
		}
	}
}
