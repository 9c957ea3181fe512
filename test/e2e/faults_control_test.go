package e2e

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// databaseFaults end the program as other faults at the start do, except for a
// database that may come yet.
var databaseFaults = section{
	"The database cannot be used", "The exit status is 1, and nothing else is printed. For a database of PostgreSQL that does not answer the server waits\n" +
		"instead, and logs one line of level WARN.",
	[]fault{
		{"a database that is none", "/srv/data/millrace.db | move it away | millrace restore", foldered("millrace.db", strings.Repeat("some words ", 100))},
		{"a folder where the database should be", "/srv/data/millrace.db | move it away", foldered("millrace.db/x", "")},
		{
			"a database in a folder that is not there", "/srv/none/db | make the folder /srv/none",
			func(t *testing.T, d *desk) string { return d.refusal(t, "--database", "sqlite:"+d.path("none/db")) },
		},
		{"a database of another kind", "--database | postgres:// | sqlite:PATH", flagged("--database", "mysql://root:"+secret+"1@localhost/tv")},
		{"an address of PostgreSQL that cannot be read", "postgres:// | %XX", flagged("--database", "postgres://tv:"+secret+"%zz@localhost/tv")},
		{"PostgreSQL does not answer", "127.0.0.1:5432 | refused | waits | start it | --database", databaseAway},
		{"PostgreSQL does not let us in", "127.0.0.1:5432 | password | --database | pg_hba.conf", databaseRefuses("28P01", `password authentication failed for user "tv"`)},
		{"PostgreSQL does not have that database", `127.0.0.1:5432 | "tv" | createdb`, databaseRefuses("3D000", `database "tv" does not exist`)},
		{"a secret.key that is damaged", "/srv/data/secret.key | backup", foldered("secret.key", secret)},
		{
			"a secret.key that is gone, and something is sealed with it", "/srv/data/secret.key | copy secret.key",
			func(t *testing.T, d *desk) string {
				s := startIn(t, d.path("data"))
				d.succeed(t, "webhooks", "create", "https://example.org/hook", "--data", d.path("data"))
				s.stop(t)
				if err := os.Remove(d.path("data/secret.key")); err != nil {
					t.Fatal(err)
				}
				said := d.refusal(t)
				_, id, _ := strings.Cut(said, " wh_")
				id, _, _ = strings.Cut(id, " ")
				d.show("wh_"+id, "wh_mhnjqaom2dvqzizz")
				return said
			},
		},
	},
}

// succeed runs the program, and returns what it prints.
func (d *desk) succeed(t *testing.T, args ...string) string {
	t.Helper()
	out, err := d.command(args...).Output()
	if err != nil {
		t.Fatalf("millrace %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// databaseAway starts a server before its database, and looks that it says so once
// and not at each try.
func databaseAway(t *testing.T, d *desk) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	d.show(addr, "127.0.0.1:5432")
	s := &server{log: &output{}}
	cmd := d.command(d.serving([]string{"--database", "postgres://tv:" + secret + "1@" + addr + "/tv?sslmode=disable"})...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	wait(t, 15*time.Second, "the log to say that the database is away", func() bool { return len(s.worse("INFO")) > 0 })
	if l, err = net.Listen("tcp", addr); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 3 {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	lines := s.worse("INFO")
	if len(lines) != 1 || lines[0].Level != "WARN" {
		t.Errorf("not one warning:\n%s", s.log)
	}
	return lines[0].sentence()
}

// databaseRefuses is a PostgreSQL that answers everybody with one error.
func databaseRefuses(code, message string) func(*testing.T, *desk) string {
	return func(t *testing.T, d *desk) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		d.show(l.Addr().String(), "127.0.0.1:5432")
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				refuseStartup(conn, code, message)
			}
		}()
		return d.refusal(t, "--database", "postgres://tv:"+secret+"1@"+l.Addr().String()+"/tv?sslmode=disable")
	}
}

// refuseStartup reads the StartupMessage of PostgreSQL's protocol 3.0 and answers
// with an ErrorResponse.
func refuseStartup(conn net.Conn, code, message string) {
	defer conn.Close()
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return
	}
	if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(length[:]))-4); err != nil {
		return
	}
	fields := "SFATAL\x00VFATAL\x00C" + code + "\x00M" + message + "\x00\x00"
	conn.Write(append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(4+len(fields))), fields...))
}

var permissionFaults = section{
	"What the config file says of streams, keys and who decides is refused", "As for the rest of the file.",
	[]fault{
		{"an authorizer with an unknown mode", `f.yaml:1:15: | "nginx" | nginx-rtmp`, configured("authorizers: [{url: \"http://localhost:9000\", mode: nginx}]\n")},
		{"an authorizer without an address", "f.yaml:1:15: | url", configured("authorizers: [{apps: [live]}]\n")},
		{
			"an authorizer with an address of another mode", "f.yaml:1:15: | on-play-done | srs | on-stop",
			configured("authorizers: [{url: \"http://localhost:9000\", mode: srs, on-play-done: \"http://localhost:9000/done\"}]\n"),
		},
		{"a webhook with a short secret", "f.yaml:1:54: | 16 characters | openssl", configured("webhooks: [{url: \"https://example.org/hook\", secret: " + secret + "1}]\n")},
		{"a webhook without a secret", "f.yaml:1:12: | secret | openssl", configured("webhooks: [{url: \"https://example.org/hook\"}]\n")},
		{"a webhook whose address is none", "f.yaml:1:18: | write it as https://example.com/hook", configured("webhooks: [{url: example.org, secret: " + secret + "0123456789}]\n")},
		{
			"a webhook for events that there are not", `f.yaml:1:84: | "live" | stream.live`,
			configured("webhooks: [{url: \"https://example.org/hook\", secret: " + secret + "0123456789, types: [live]}]\n"),
		},
		{"a signing key that is too short", "f.yaml:1:16: | 32 bytes | openssl", configured("signing-keys: [{id: k1, secret: " + secret + "1}]\n")},
		{"a signing key without an id", "f.yaml:1:16: | id: k1", configured("signing-keys: [{secret: " + secret + "0123456789012345678901234}]\n")},
		{"an issuer that is not reached by https", "f.yaml:1:11: | https", configured("issuers: [{name: me, url: \"http://id.example.org/jwks.json\"}]\n")},
		{"a ban of what is no address", `f.yaml:1:7: | "example.org" | 192.0.2.0/24`, configured("ban: [example.org]\n")},
		{"a resolution that is none", `f.yaml:1:17: | "1080p" | 1920x1080`, configured("max-resolution: 1080p\n")},
		{"a limit below zero", "f.yaml:1:14: | -1 | 0", configured("max-viewers: -1\n")},
		{"labels without values", `f.yaml:1:31: | "city" | name=value`, configured("streams: {live/cam1: {labels: [city]}}\n")},
		{"a label with a name that is none", "f.yaml:1:31: | letter", configured("streams: {live/cam1: {labels: [-city=Bremen]}}\n")},
		{"a playback id that is none", "f.yaml:1:37: | pb_ | 20", configured("streams: {live/cam1: {playback-ids: [hall]}}\n")},
		{"a visibility that is none", `f.yaml:1:35: | "hidden" | unlisted`, configured("streams: {live/cam1: {visibility: hidden}}\n")},
		{"a key for addresses that are none", `f.yaml:1:57: | "home" | 192.0.2.0/24`, configured("keys: [{stream: live/cam1, key: " + secret + "1, addresses: [home]}]\n")},
		{"a key that ends at a time that is none", `f.yaml:1:55: | "tomorrow" | 2030-01-31T12:00:00Z`, configured("keys: [{stream: live/cam1, key: " + secret + "1, expires: tomorrow}]\n")},
		{"an origin that is none", `f.yaml:1:8: | "studio.example.org" | https://`, configured("cors: [studio.example.org]\n")},
		{
			"a key that the API has made already", "live/cam1 | its own",
			func(t *testing.T, d *desk) string {
				s := startIn(t, d.path("data"))
				var made struct{ Key string }
				out := d.succeed(t, "streams", "create", "live/cam1", "--json", "--data", d.path("data"))
				if err := json.Unmarshal([]byte(out), &made); err != nil || made.Key == "" {
					t.Fatalf("%v: %s", err, out)
				}
				s.stop(t)
				said := configured("keys: [{stream: live/cam2, key: "+made.Key+"}]\n")(t, d)
				if strings.Contains(said, made.Key) {
					t.Errorf("the key stands in %s", said)
				}
				return said
			},
		},
	},
}

var managementFaults = section{
	"A command that manages a server fails", "As other commands do.",
	[]fault{
		{
			"streams create: no server runs", "/srv/data | start one | --api",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 4, "streams", "create", "live/cam1", "--data", d.path("data"))
			},
		},
		{
			"streams create: nothing answers", "127.0.0.1:1935 | start it | --api",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 4, "streams", "create", "live/cam1", "--api", "http://"+freePort(t, d))
			},
		},
		{"streams create: a wrong token", "token | admin.token", managed(3, "streams", "create", "live/cam1", "--token", secret+"1")},
		{
			"streams create: no token", "admin.token | --token",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 3, "streams", "create", "live/cam1", "--api", "http://"+keyed().http)
			},
		},
		{"streams create: a name that is none", ".flv | another name", managed(3, "streams", "create", "live/cam1.flv")},
		{
			"streams create: a name that is taken", "live/twice | choose another",
			func(t *testing.T, d *desk) string {
				d.succeed(t, "streams", "create", "live/twice", "--data", keyed().data)
				return managed(3, "streams", "create", "live/twice")(t, d)
			},
		},
		{
			"streams set: a stream of the config file", "/srv/millrace.yml | live/witness | change it there",
			func(t *testing.T, d *desk) string {
				said := managed(3, "streams", "set", "live/witness", "--title", "The hall")(t, d)
				file, _, _ := strings.Cut(strings.TrimPrefix(said, "the server says: "), " declares")
				d.show(filepath.Dir(file), "/srv")
				return said
			},
		},
		{"streams set: nothing to set", "--help", managed(2, "streams", "set", "live/cam1")},
		{"streams show: a stream that there is not", "live/none", managed(3, "streams", "show", "live/none")},
		{"keys create: a time that is none", `"soon" | 24h`, managed(2, "keys", "create", "live/cam1", "--expires", "soon")},
		{"keys revoke: a key that there is not", "ky_none", managed(3, "keys", "revoke", "ky_none")},
		{"bans create: an address that is none", "192.0.2.0/24", managed(3, "bans", "create", "home")},
		{"webhooks create: an address that is none", "https://example.com/hook", managed(3, "webhooks", "create", "example.org")},
		{"events: a type that there is not", `"live" | stream.live`, managed(3, "events", "--type", "live")},
		{
			"backup: a file that is there already", "/srv/b | another name",
			func(t *testing.T, d *desk) string { return managed(2, "backup", d.write(t, "b", ""))(t, d) },
		},
		{
			"backup: a data folder that there is not", "/srv/data | --data",
			func(t *testing.T, d *desk) string {
				said := d.failure(t, 2, "backup", d.path("b"), "--data", d.path("data"))
				if _, err := os.Stat(d.path("data")); err == nil {
					t.Error("it is there now")
				}
				return said
			},
		},
		{
			"restore: a file that there is not", "/srv/b | millrace backup",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 2, "restore", d.path("b"), "--data", d.path("data"))
			},
		},
		{
			"restore: a file that is no backup", "/srv/b | millrace backup",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 1, "restore", d.write(t, "b", "some words\n"), "--data", d.path("data"))
			},
		},
		{
			"restore: into the folder of a server that runs", "process 812 | end that one | --data",
			func(t *testing.T, d *desk) string {
				d.succeed(t, "backup", d.path("b"), "--data", keyed().data)
				return managed(1, "restore", d.path("b"))(t, d)
			},
		},
		{
			"restore: into a folder that has something", "holds something | new",
			func(t *testing.T, d *desk) string {
				d.succeed(t, "backup", d.path("b"), "--data", keyed().data)
				d.succeed(t, "restore", d.path("b"), "--data", d.path("data"))
				return d.failure(t, 1, "restore", d.path("b"), "--data", d.path("data"))
			},
		},
		{
			"import: a file that there is not", "nginx.conf | give the path",
			func(t *testing.T, d *desk) string { return d.failure(t, 2, "import", "nginx.conf") },
		},
		{
			"import: a file of nothing that is known", "nginx-rtmp, SRS or MediaMTX | --from",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 2, "import", d.write(t, "words.txt", "some words\n"))
			},
		},
	},
}

// managed runs a command with the server that has keys.
func managed(status int, args ...string) func(*testing.T, *desk) string {
	return func(t *testing.T, d *desk) string {
		p := keyed()
		d.show(p.data, "/srv/data")
		d.show(p.http, "127.0.0.1:8080")
		return d.failure(t, status, append(args, "--data", p.data)...)
	}
}
