package importer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestRefused(t *testing.T) {
	deep := strings.Repeat("a { ", maxDepth+1) + strings.Repeat("}", maxDepth+1)
	for _, tt := range []struct {
		name, text string
		from       Server
		want       string
	}{
		{"nothing", "", "", "f: this looks like no config of nginx-rtmp, SRS or MediaMTX; name the server with --from"},
		{"another server", "server:\n  port: 80\n", "", "f: this looks like no config of nginx-rtmp, SRS or MediaMTX; name the server with --from"},
		{"no end of a line", "rtmp {\n server {\n listen 1935\n }\n}\n", Nginx, "f:3: listen has no ; at its end"},
		{"no end of a block", "rtmp {\n server {\n", Nginx, "f:3: a block has no } at its end"},
		{"a quote", "rtmp {\n access_log 'a;\n}", Nginx, "f:2: a quote is opened here and not closed"},
		{"a brace too many", "rtmp { }\n}", Nginx, "f:2: a block is closed here that was not opened"},
		{"no name", "{ }", Nginx, "f:1: a block begins here that has no name"},
		{"too deep", deep, Nginx, "f:1: blocks stand in one another more than 32 deep"},
		{"too many", strings.Repeat("a;", maxDirectives+1), SRS, "f:1: there are more than 20000 directives"},
		{"too long", strings.Repeat("#", MaxFile+1), Nginx, "f: this has more than 1 MiB, which no config has"},
		{"no text", "rtmp\x00", Nginx, "f: this is no text"},
		{"no YAML", "paths:\n  a: [\n", MediaMTX, "f:2: this is not YAML; compare the line with those above it"},
		{"YAML too deep", "paths: " + strings.Repeat("[", 1000), MediaMTX, "f:1: values stand in one another too deep"},
		{"no map", "- a\n", MediaMTX, "f:1: names with values are expected here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Import("f", []byte(tt.text), Options{From: tt.from})
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if unknown := strings.Contains(tt.want, "--from"); errors.Is(err, ErrUnknown) != unknown {
				t.Errorf("ErrUnknown is %v", !unknown)
			}
		})
	}
}

// Files include one another, too many of them, and what is no file.
func TestIncludesAreBounded(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	main := write("main.conf", "rtmp { include self.inc; include many/*.inc; include */*.inc; include .; include nowhere/*; }")
	write("self.inc", "ping 1s; include self.inc; include self.inc;")
	if err := os.Mkdir(filepath.Join(dir, "many"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range maxFiles + 1 {
		write(fmt.Sprintf("many/%d.inc", i), "ping 1s;")
	}
	devices := ""
	if runtime.GOOS == "linux" {
		devices = "rtmp { include /dev/zero; }"
	}
	r, err := Import(main, []byte("rtmp { include self.inc; include many/*.inc; include */*.inc; include .; include nowhere/*; }"+devices),
		Options{Include: Files(main)})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, n := range r.Notes {
		if n.Directive == "include" {
			seen[n.Says]++
		}
		if filepath.IsAbs(n.File) && n.File != main {
			t.Errorf("a file of the same folder is called %s", n.File)
		}
	}
	for _, want := range []string{
		"files include one another more than 8 deep", "too many files are included",
		"only the last part of a path may have wildcards", "this is no regular file", "what is in these files stands here",
	} {
		if seen[want] == 0 {
			t.Errorf("nobody says %q: %v", want, seen)
		}
	}
	if len(r.Notes) > 1000 {
		t.Errorf("%d notes", len(r.Notes))
	}
}

// What a back end guards is not opened, whether or not it can be asked.
func TestNothingGuardedIsOpened(t *testing.T) {
	for from, text := range map[Server]string{
		Nginx:    "rtmp { server { listen 1935; application a { live on; on_publish http://b/; } } }",
		SRS:      "vhost __defaultVhost__ { http_hooks { enabled on; on_publish http://b/; } }",
		MediaMTX: "authMethod: http\nauthHTTPAddress: http://b/\npaths: {a: {}}\n",
	} {
		for _, can := range []map[feature]bool{built, everything(), {}} {
			r, err := importWith("f", []byte(text), Options{From: from}, can)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(r.Config), "open") {
				t.Errorf("%s:\n%s", from, r.Config)
			}
			if can[authorizer] != strings.Contains(string(r.Config), "authorizers:") {
				t.Errorf("the authorizer of %s:\n%s", from, r.Config)
			}
		}
	}
}

// Who may publish without a key after the import is at most who could before it.
func TestOpenness(t *testing.T) {
	nginx := func(rules string) string {
		return "rtmp { server { application a { live on; " + rules + " } } }"
	}
	srs := func(rules string) string { return "vhost v { security { enabled on; " + rules + " } }" }
	mtx := func(ips string) string {
		return "authInternalUsers: [{user: any, ips: [" + ips + "], permissions: [{action: publish}]}]\n"
	}
	for _, tt := range []struct {
		text string
		from Server
		want string
	}{
		{nginx(""), Nginx, "open-world"},
		{nginx("allow publish all;"), Nginx, "open-world"},
		{nginx("deny publish 192.0.2.1;"), Nginx, "open-world"},
		{nginx("deny publish all;"), Nginx, ""},
		{nginx("allow publish 127.0.0.1; deny publish all;"), Nginx, "open"},
		{nginx("allow 10.1.0.0/16; deny all;"), Nginx, "open"},
		{nginx("allow publish 192.0.2.0/24; deny publish all;"), Nginx, ""},
		{nginx("deny publish all; allow publish all;"), Nginx, ""},
		{nginx("allow publish 0.0.0.0/0; deny publish all;"), Nginx, ""},
		{nginx("") + nginx("deny publish all;"), Nginx, ""},
		{srs(""), SRS, ""},
		{srs("allow publish all;"), SRS, "open-world"},
		{srs("allow publish all; deny publish all;"), SRS, ""},
		{srs("allow publish 172.16.0.0/12;"), SRS, "open"},
		{srs("allow publish 172.0.0.0/8;"), SRS, ""},
		{"vhost v { security { enabled off; } }", SRS, "open-world"},
		{mtx(""), MediaMTX, "open-world"},
		{mtx("'::1', 127.0.0.1"), MediaMTX, "open"},
		{mtx("10.0.0.1, 8.8.8.8"), MediaMTX, ""},
		{"authInternalUsers: []\n", MediaMTX, ""},
		{"paths: {a: {}}\n", MediaMTX, "open-world"},
		{"authMethod: jwt\npaths: {a: {}}\n", MediaMTX, ""},
	} {
		r, err := Import("f", []byte(tt.text), Options{From: tt.from})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, name := range []string{"open", "open-world"} {
			if strings.Contains(string(r.Config), "\n"+name+": true") {
				got += name
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func FuzzImport(f *testing.F) {
	for name, from := range configs(f) {
		f.Add(readFile(f, name), byte(len(from)))
	}
	servers := []Server{"", Nginx, SRS, MediaMTX}
	f.Fuzz(func(t *testing.T, text []byte, from byte) {
		r, err := importWith("f", text, Options{From: servers[int(from)%len(servers)]}, built)
		if err != nil {
			return
		}
		if strings.ContainsAny(string(r.Config), "\x00\x1b") {
			t.Errorf("control characters in %q", r.Config)
		}
		accepted(t, r.Config)
		for _, n := range r.Notes {
			if n.Line < 1 || n.Outcome == "" || n.Says == "" || strings.ContainsAny(n.Directive+n.Says, "\x00\x1b\n") {
				t.Errorf("a note %+v", n)
			}
		}
	})
}
