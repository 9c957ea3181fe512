package packaging

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestArchives(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dist, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range platforms() {
		system, arch, _ := strings.Cut(p, "/")
		name := "millrace_" + version + "_" + system + "_" + arch
		holds := []string{"", "NOTICE", "README.md", "millrace", "millrace.example.yaml", "millrace.yaml"}
		switch system {
		case "linux":
			want = append(want, "millrace_0.9.0_"+arch+".deb")
			holds = append(holds, "millrace.service")
		case "windows":
			holds[3] = "millrace.exe"
		}
		for i, file := range holds {
			holds[i] = name + "/" + file
		}
		if _, err := os.Stat(root + "/LICENSE"); err == nil {
			holds = append(holds, name+"/LICENSE")
		}
		slices.Sort(holds)
		var got []string
		if system == "windows" {
			name += ".zip"
			got = zipEntries(t, filepath.Join(dist, name))
		} else {
			name += ".tar.gz"
			got = strings.Fields(tell(t, "tar", "-tzf", filepath.Join(dist, name)))
		}
		want = append(want, name)
		if slices.Sort(got); !slices.Equal(got, holds) {
			t.Errorf("%s holds %q, want %q", name, got, holds)
		}
	}
	want = append(want, "SHA256SUMS")
	var got []string
	for _, f := range files {
		got = append(got, filepath.Base(f))
	}
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("the release is %q, want %q", got, want)
	}
	check := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = dist
	if out, err := check.CombinedOutput(); err != nil || strings.Count(string(out), ": OK") != len(want)-1 {
		t.Errorf("the checksums: %v\n%s", err, out)
	}
}

func zipEntries(t *testing.T, name string) []string {
	t.Helper()
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	return names
}

func TestReleaseIsReproducible(t *testing.T) {
	again := filepath.Join(t.TempDir(), "another", "place")
	if out, err := release(again); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The checksums cover every other file.
	first, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(filepath.Join(again, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("two runs make different bytes:\n%s\n%s", first, second)
	}
}

func TestReleasedBinary(t *testing.T) {
	isStatic(t, binary)
	got := tell(t, binary, "version")
	want := "millrace " + version + " (0123456789ab of " + date + ", " + runtime.Version() + ", linux/" + runtime.GOARCH + ")\n"
	if got != want {
		t.Errorf("version prints %q, want %q", got, want)
	}
	text, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte(here+"/internal")) {
		t.Error("the binary names the folder that it was built in")
	}
}

// isStatic checks that a program runs without any library of the system.
func isStatic(t *testing.T, program string) {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Errorf("%s needs a dynamic linker", program)
		}
	}
}

func TestReleaseRefusesBadVersion(t *testing.T) {
	cmd := exec.Command(root+"/scripts/release", t.TempDir())
	cmd.Env = append(os.Environ(), "VERSION=1.0 beta")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), `"1.0 beta" is no version`) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestDebianVersions(t *testing.T) {
	// In the order in which they are released.
	versions := []struct{ git, debian string }{
		{"434123f", "0~19700101000000.434123f"},
		{"v0.9.0-rc.1", "0.9.0~rc.1"},
		{"v0.9.0-rc.2", "0.9.0~rc.2"},
		{"v0.9.0", "0.9.0"},
		{"v0.9.0-3-gabcdef1", "0.9.0+3.gabcdef1"},
		{"v0.9.0-12-gabcdef1-dirty", "0.9.0+12.gabcdef1+dirty"},
		{"v0.10.0", "0.10.0"},
	}
	for i, v := range versions {
		file := strings.TrimSpace(tell(t, root+"/packaging/deb/build", binary, v.git, runtime.GOARCH, t.TempDir()))
		if got := strings.TrimSpace(tell(t, "dpkg-deb", "-f", file, "Version")); got != v.debian {
			t.Errorf("%s: %s, want %s", v.git, got, v.debian)
		}
		if i > 0 {
			tell(t, "dpkg", "--compare-versions", versions[i-1].debian, "lt", v.debian)
		}
	}
}
