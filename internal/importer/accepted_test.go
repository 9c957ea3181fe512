package importer

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/millrace-live/millrace/internal/server"
)

func accepted(t testing.TB, config []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, warnings, err := server.LoadFile(file); err != nil || len(warnings) > 0 {
		t.Errorf("%v %q in\n%s", err, warnings, config)
	}
}

// A feature is built if and only if a file with its settings is accepted.
func TestBuiltFeatures(t *testing.T) {
	files := map[feature]string{
		authorizer: "authorizers: [{mode: srs, url: 'http://127.0.0.1/'}]\n",
		limits:     "max-connections: 100\n",
		visibility: "streams: {live/cam1: {visibility: private}}\n",
	}
	for _, f := range slices.Sorted(maps.Keys(built)) {
		file := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(file, []byte(files[f]), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, _, err := server.LoadFile(file)
		if files[f] == "" {
			t.Errorf("there is no file for %s", f)
		} else if (err == nil) != built[f] {
			t.Errorf("%s is %v in built, and its file says: %v", f, built[f], err)
		}
	}
}
