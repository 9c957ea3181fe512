// Package internal_test holds the house to its plan: which room may import
// which. docs/ARCHITECTURE.md explains the rooms.
package internal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/millrace-live/millrace"

// rooms lists every room of the house. A room may import the rooms before it
// and nothing that stands behind it; a room that ends in /* is a corridor of
// rooms that do not know one another.
var rooms = []room{
	{path: "amf", library: true},
	{path: "media", library: true},
	{path: "flv", library: true},
	{path: "rtmp/message", library: true},
	{path: "rtmp/internal/rtmpe", library: true},
	{path: "rtmp/internal/handshake", library: true},
	{path: "rtmp/internal/chunk", library: true},
	{path: "rtmpt", library: true},
	{path: "rtmp", library: true},
	{path: "internal/config"},
	{path: "internal/netx"},
	{path: "internal/guard", only: []string{}},
	{path: "internal/hub", only: []string{"media"}},
	{path: "internal/hub/hubtest", only: []string{"media", "internal/hub"}},
	{path: "internal/metadata"},
	{path: "internal/store"},
	{path: "internal/database"},
	{path: "internal/database/databasetest"},
	{path: "internal/ticket"},
	{path: "internal/catalog"},
	{path: "internal/certs"},
	{path: "internal/access"},
	{path: "internal/callback"},
	{path: "internal/problem"},
	{path: "internal/event"},
	{path: "internal/webhook"},
	{path: "internal/deliver"},
	{path: "internal/obs"},
	{path: "internal/demo"},
	{path: "internal/packager/*"},
	{path: "internal/window"},
	{path: "internal/mp4"},
	{path: "internal/tool"},
	{path: "internal/tool/*"},
	{path: "internal/rehearsal"},
	{path: "internal/proto/*"},
	{path: "internal/poster"},
	{path: "internal/metrics"},
	{path: "internal/api"},
	{path: "internal/dashboard"},
	{path: "internal/server"},
	{path: "internal/importer"},
	{path: "cmd/millrace"},
	{path: "examples"},
	{path: "examples/*"},
}

type room struct {
	path    string
	library bool     // may import the standard library and other library rooms only
	only    []string // if set, the only rooms it may import
}

func (r room) holds(pkg string) bool {
	if corridor, ok := strings.CutSuffix(r.path, "/*"); ok {
		return strings.HasPrefix(pkg, corridor+"/")
	}
	return pkg == r.path
}

func place(pkg string) int {
	return slices.IndexFunc(rooms, func(r room) bool { return r.holds(pkg) })
}

type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func TestRooms(t *testing.T) {
	packages := list(t)
	for _, p := range packages {
		pkg := strings.TrimPrefix(p.ImportPath, module+"/")
		if pkg == "internal" {
			continue
		}
		at := place(pkg)
		if at < 0 {
			t.Errorf("%s is in no room: give it a line in rooms and in docs/ARCHITECTURE.md", pkg)
			continue
		}
		for _, path := range p.Imports {
			if err := allowed(pkg, at, path); err != nil {
				t.Error(err)
			}
		}
	}
}

func allowed(pkg string, at int, path string) error {
	own, ours := strings.CutPrefix(path, module+"/")
	r := rooms[at]
	if !ours {
		if r.library && strings.Contains(strings.SplitN(path, "/", 2)[0], ".") {
			return fmt.Errorf("%s imports %s: the library stands on the standard library alone", pkg, path)
		}
		return nil
	}
	to := place(own)
	switch {
	case r.only != nil && !slices.Contains(r.only, own):
		return fmt.Errorf("%s imports %s: it may import %s only", pkg, own, strings.Join(r.only, ", "))
	case r.library && (to < 0 || !rooms[to].library):
		return fmt.Errorf("%s imports %s: the library imports no room of the server", pkg, own)
	case to == at && own != pkg:
		return fmt.Errorf("%s imports %s: neighbours of %s do not know one another", pkg, own, r.path)
	case to > at:
		return fmt.Errorf("%s imports %s: a room imports only rooms listed before it", pkg, own)
	}
	return nil
}

// The table of rooms in docs/ARCHITECTURE.md has a row for each.
func TestRoomsAreDescribed(t *testing.T) {
	page, err := os.ReadFile("../docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rooms {
		name := strings.TrimSuffix(r.path, "/*")
		if !strings.Contains(string(page), "`"+name+"`") && !strings.Contains(string(page), "`"+name+"/") {
			t.Errorf("docs/ARCHITECTURE.md has no row for %s", r.path)
		}
	}
}

func TestRoomsRefuses(t *testing.T) {
	for _, c := range []struct{ pkg, path string }{
		{"amf", "github.com/alecthomas/kong"},
		{"rtmp", module + "/internal/hub"},
		{"internal/hub", module + "/flv"},
		{"internal/hub", module + "/internal/server"},
		{"internal/proto/hls", module + "/internal/proto/rtmp"},
	} {
		if allowed(c.pkg, place(c.pkg), c.path) == nil {
			t.Errorf("%s may import %s, and should not", c.pkg, c.path)
		}
	}
}

func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("read the list of packages: %v", err)
		}
		all = append(all, p)
	}
}
