package amf

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// messages returns the bodies in testdata/messages by name: what real clients
// and servers sent, as hex. Adding a case is adding a file.
func messages(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/messages/*.hex")
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages: %v", err)
	}
	m := make(map[string][]byte)
	for _, file := range files {
		m[strings.TrimSuffix(file, ".hex")] = message(t, file)
	}
	return m
}

func message(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return unhex(t, string(b))
}

// Each message decodes to its golden file and encodes to its own bytes.
func TestMessages(t *testing.T) {
	for name, b := range messages(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			l, err := Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			got := dump(l)
			golden := name + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			again, err := Append(nil, l...)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, b) {
				t.Errorf("encodes to\n%x\nfrom\n%x", again, b)
			}
		})
	}
}
