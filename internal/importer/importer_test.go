package importer

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// configs are those that people might have, ten for each server.
func configs(t testing.TB) map[string]Server {
	t.Helper()
	all := map[string]Server{}
	for pattern, from := range map[string]Server{"nginx/*.conf": Nginx, "srs/*.conf": SRS, "mediamtx/*.yml": MediaMTX} {
		names, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(names) != 10 {
			t.Fatalf("%d configs of %s, %v", len(names), from, err)
		}
		for _, name := range names {
			all[name] = from
		}
	}
	return all
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := readFile(t, name); !bytes.Equal(got, want) {
		t.Errorf("%s is now\n%s", name, got)
	}
}

// Each config becomes what stands in its .golden, which our own check finds
// nothing wrong with, and its .report says so line by line.
func TestImport(t *testing.T) {
	for name, from := range configs(t) {
		t.Run(strings.TrimPrefix(name, "testdata/"), func(t *testing.T) {
			r, err := Import(filepath.Base(name), readFile(t, name), Options{Include: Files(name)})
			if err != nil {
				t.Fatal(err)
			}
			if r.From != from {
				t.Errorf("it is a config of %q", r.From)
			}
			golden(t, name+".golden", r.Config)
			var report bytes.Buffer
			if err := r.Report(&report); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".report", report.Bytes())
			n, of := r.Carried()
			strict := 0
			for _, note := range r.Notes {
				if note.Outcome == Taken || note.Outcome == Same {
					strict++
				}
			}
			t.Logf("%d of %d, %d strictly", n, of, strict)
			if bytes.Contains(report.Bytes(), []byte("secret=of")) || bytes.Contains(report.Bytes(), []byte("front-door")) {
				t.Error("the report has a secret")
			}
			accepted(t, r.Config)
		})
	}
}

// everything is a build with all features.
func everything() map[feature]bool {
	all := maps.Clone(built)
	for f := range all {
		all[f] = true
	}
	return all
}

// At least nine of ten directives of the configs of each server are carried.
func TestNineOfTenAreCarried(t *testing.T) {
	carried, all := map[Server]int{}, map[Server]int{}
	for name, from := range configs(t) {
		r, err := importWith(filepath.Base(name), readFile(t, name), Options{Include: Files(name)}, everything())
		if err != nil {
			t.Fatal(err)
		}
		n, of := r.Carried()
		carried[from] += n
		all[from] += of
		if n*4 < of*3 {
			t.Errorf("%d of %d directives of %s", n, of, name)
		}
	}
	for from, n := range carried {
		t.Logf("%s: %d of %d", from, n, all[from])
		if n*10 < all[from]*9 {
			t.Errorf("%d of %d directives of %s are carried", n, all[from], from)
		}
	}
}
