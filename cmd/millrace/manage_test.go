package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/api"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/internal/tool"
)

// manager runs commands against the API of a real catalogue.
type manager struct {
	t    *testing.T
	data string
	api  string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	dir := t.TempDir()
	folder, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(dir, "millrace.db"), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := catalog.Open(t.Context(), db, catalog.Options{Folder: folder, CheckName: access.CheckName})
	if err != nil {
		t.Fatal(err)
	}
	token, err := access.LoadToken(folder)
	if err != nil {
		t.Fatal(err)
	}
	registry := hub.New(hub.Options{})
	handler := api.New(registry, api.Site{RTMPPort: 1935}, token)
	handler.Catalog, handler.Kicker = objects, registry
	handler.Backup = func(ctx context.Context, w io.Writer) error {
		file := filepath.Join(t.TempDir(), "backup")
		if err := db.Backup(ctx, file); err != nil {
			return err
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	}
	web := httptest.NewServer(handler)
	t.Cleanup(func() {
		web.Close()
		_ = objects.Close(context.Background())
		_ = registry.Shutdown(context.Background())
		_ = db.Close()
		_ = folder.Close()
	})
	host := strings.TrimPrefix(web.URL, "http://")
	if err := os.WriteFile(filepath.Join(dir, "addresses.json"), []byte(`{"admin":"`+host+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return &manager{t, dir, web.URL}
}

// run runs a command line and returns what it wrote.
func (m *manager) run(line ...string) (stdout string, status int) {
	m.t.Helper()
	var out, errs bytes.Buffer
	status = run(environment{args: append(line, "--data", m.data), stdout: &out, stderr: &errs})
	if status != 0 {
		return errs.String(), status
	}
	return out.String(), status
}

// ok runs a command line that is right, words apart.
func (m *manager) ok(line string, more ...string) string {
	m.t.Helper()
	out, status := m.run(append(strings.Fields(line), more...)...)
	if status != 0 {
		m.t.Fatalf("millrace %s: status %d, %s", line, status, out)
	}
	return out
}

// object runs a command line with --json.
func (m *manager) object(line string, more ...string) map[string]any {
	m.t.Helper()
	out := m.ok(line, append(more, "--json")...)
	var o map[string]any
	if err := json.Unmarshal([]byte(out), &o); err != nil {
		m.t.Fatalf("millrace %s: %v in %s", line, err, out)
	}
	return o
}

func (m *manager) says(out string, want ...string) {
	m.t.Helper()
	for _, w := range want {
		if !strings.Contains(out, w) {
			m.t.Errorf("no %q in\n%s", w, out)
		}
	}
}

func TestManageStreams(t *testing.T) {
	m := newManager(t)
	made := m.object("streams create live/cam1 --title Hall --label city=Bremen")
	for _, name := range []string{"id", "app", "name", "key", "addresses"} {
		if made[name] == nil {
			t.Errorf("no %s in %v", name, made)
		}
	}
	key, _ := made["key"].(string)
	if made["name"] != "live/cam1" || len(key) < 20 {
		t.Errorf("created %v", made)
	}
	m.says(m.ok("streams create live/cam2 --visibility public"), "live/cam2", "Stream key", "rtmp://", "shown only now")

	list := m.ok("streams list")
	m.says(list, "live/cam1", "live/cam2", "idle", "unlisted", "public")
	if strings.Contains(list, key) {
		t.Error("the list shows a key")
	}
	if out := m.ok("streams list --label city=Bremen --limit 1"); strings.Contains(out, "cam2") || !strings.Contains(out, "cam1") {
		t.Errorf("by label:\n%s", out)
	}
	m.says(m.ok("streams show live/cam1"), "labels.city", "Bremen", "Hall")

	m.says(m.ok("streams set live/cam1 --visibility private --label city --label room=1 --grace 10s"), "private", "labels.room", "10s")
	if out := m.ok("streams show live/cam1"); strings.Contains(out, "Bremen") {
		t.Errorf("the label is still there:\n%s", out)
	}
	if o := m.object("streams set live/cam1 --disable --title", ""); o["disabled"] != true || o["title"] != nil {
		t.Errorf("%v", o)
	}
	history := m.ok("streams history live/cam1")
	m.says(history, "REVISION", "created", "changed", "Bremen")
	first := regexp.MustCompile(`(?m) (\d+)\s+created`).FindStringSubmatch(history)
	if first == nil {
		t.Fatal(history)
	}
	m.says(m.ok("streams rollback live/cam1 "+first[1]), "Bremen", "unlisted")
	m.says(m.ok("audit --limit 3"), "BY", "admin")

	m.says(m.ok("streams link live/cam1 --expires 2h"), "addresses.hls", "sig=")
	if o := m.object("streams link live/cam1 --id guest"); o["type"] != "token" || o["token"] == nil {
		t.Errorf("%v", o)
	}
	m.ok("revocations create guest --until 1h")
	m.says(m.ok("revocations"), "guest")
	m.says(m.ok("signing-keys"), "ID")
	m.says(m.ok("signing-keys rotate --overlap 1h"), "secret", "shown only now")

	file := filepath.Join(t.TempDir(), "set.yaml")
	if err := os.WriteFile(file, []byte("streams:\n  - {name: live/cam2, title: Door, visibility: public}\n  - name: live/cam3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.says(m.ok("streams apply --dry-run --prune", file), "deleted  live/cam1", "changed  live/cam2", "created  live/cam3", "dry run")
	m.says(m.ok("streams apply", file), "created", "Door")
	if out := m.ok("streams apply", file); out != "Nothing differs.\n" {
		t.Error(out)
	}
	m.says(m.ok("streams delete live/cam3"), "deleted")
	if out, status := m.run("streams", "show", "live/cam3"); status != int(tool.Refused) || !strings.Contains(out, "the server says") {
		t.Errorf("status %d, %s", status, out)
	}
}

func TestManageKeys(t *testing.T) {
	m := newManager(t)
	m.ok("streams create live/cam1 --no-key")
	if out := m.ok("keys list live/cam1"); out != "The stream has no keys.\n" {
		t.Error(out)
	}
	made := m.object("keys create live/cam1 --label van --expires 48h --address 192.0.2.0/24 --once")
	id, _ := made["id"].(string)
	secret, _ := made["key"].(string)
	if secret == "" || made["once"] != true {
		t.Errorf("%v", made)
	}
	list := m.ok("keys list live/cam1")
	m.says(list, id, "van", "once", "192.0.2.0/24")
	if strings.Contains(list, secret) {
		t.Error("the list shows the key")
	}
	m.says(m.ok("keys set "+id+" --label hall --expires never"), "hall")
	m.says(m.ok("keys rotate "+id+" --overlap 1h"), "shown only now")
	m.says(m.ok("keys revoke "+id), "revoked")

	user := m.object("credentials create live/cam1 oldie --label attic")
	if user["password"] == nil {
		t.Errorf("%v", user)
	}
	m.says(m.ok("credentials list live/cam1"), "oldie", "attic")
	userID, _ := user["id"].(string)
	m.says(m.ok("credentials delete "+userID), "deleted")
}

func TestManageServer(t *testing.T) {
	m := newManager(t)
	token := m.object("tokens create --role operator --app live --expires 24h --label bot")
	m.says(m.ok("tokens"), "operator", "live", "bot")
	secret, _ := token["token"].(string)
	out, status := m.run("tokens", "list", "--token", secret)
	if status != int(tool.Refused) || !strings.Contains(out, "the server says") || strings.Contains(out, secret) {
		t.Errorf("status %d, %s", status, out)
	}
	m.ok("streams create live/cam1 --token " + secret)
	tokenID, _ := token["id"].(string)
	m.ok("tokens revoke " + tokenID)

	hook := m.object("webhooks create https://ops.example.com/hook --type stream.*")
	hookID, _ := hook["id"].(string)
	if hook["secret"] == nil {
		t.Errorf("%v", hook)
	}
	m.says(m.ok("webhooks"), hookID, "stream.*")
	m.says(m.ok("webhooks set "+hookID+" --disable --label ops"), "ops", "yes")
	m.says(m.ok("webhooks delete "+hookID), "deleted")

	ban := m.object("bans create 192.0.2.7 --reason noise --until 1h")
	banID, _ := ban["id"].(string)
	m.says(m.ok("bans"), "192.0.2.7", "noise")
	m.says(m.ok("bans delete "+banID), "lifted")
	if out := m.ok("bans"); out != "Nobody is kept out.\n" {
		t.Error(out)
	}
}

func TestBackupAndRestore(t *testing.T) {
	m := newManager(t)
	m.ok("streams create live/kept")
	file := filepath.Join(t.TempDir(), "backup")
	m.says(m.ok("backup", file), "running server")
	if out, status := m.run("backup", file); status != int(tool.Usage) || !strings.Contains(out, "is there already") {
		t.Errorf("status %d, %s", status, out)
	}
	info, err := os.Stat(file)
	if err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	if out, status := m.run("restore", file); status == 0 || !strings.Contains(out, "in use") && !strings.Contains(out, "another") {
		t.Errorf("into the folder of a running server: status %d, %s", status, out)
	}
	other := &manager{t: t, data: t.TempDir()}
	m.says(other.ok("restore", file), "is restored")
	second := filepath.Join(t.TempDir(), "second")
	m.says(other.ok("backup", second), "data folder")
	for _, name := range []string{file, second} {
		b, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(b, []byte("kept")) {
			t.Errorf("%s has no stream, %v", name, err)
		}
	}
	if out, status := other.run("restore", file); status == 0 || !strings.Contains(out, "holds something") {
		t.Errorf("a second time: status %d, %s", status, out)
	}
}

func TestWrongTimesAndLabels(t *testing.T) {
	m := newManager(t)
	for line, want := range map[string]string{
		"keys create live/a --expires soon":   `"soon" is no time; write how long from now, as 24h, or when, as 2030-01-31T12:00:00Z`,
		"streams set live/a":                  "nothing to change was given",
		"streams set live/a --label =x":       `"=x" is no label`,
		"webhooks replay wh_x":                "say which events",
		"streams apply /nowhere/streams.yaml": "cannot read the streams",
	} {
		if out, status := m.run(strings.Fields(line)...); status != int(tool.Usage) || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, %s", line, status, out)
		}
	}
}

func TestImportCommand(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "nginx.conf"), filepath.Join(dir, "new.yaml")
	if err := os.WriteFile(from, []byte("rtmp { server { listen 1936; application tv { live on; on_publish http://b/?k=hidden-word; } } }"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "broken.conf")
	if err := os.WriteFile(broken, []byte("listen 1935"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if status := run(environment{args: []string{"import", from, "-o", to}, stdout: &out, stderr: &errs}); status != 0 {
		t.Fatal(status, errs.String())
	}
	text, err := os.ReadFile(to)
	if err != nil || !bytes.Contains(text, []byte(`rtmp: ":1936"`)) || out.Len() > 0 {
		t.Errorf("%s, %v; on standard output %q", text, err, &out)
	}
	if s := errs.String(); !strings.Contains(s, "nginx.conf:1") || strings.Contains(s, "hidden-word") {
		t.Errorf("the report:\n%s", s)
	}
	for _, args := range [][]string{
		{"import", from, "-o", to},
		{"import", filepath.Join(dir, "nothing")},
		{"import", to, "--from", "mediamtx", "-o", from},
		{"import", broken, "--from", "srs"},
	} {
		errs.Reset()
		if status := run(environment{args: args, stdout: &out, stderr: &errs}); status != int(tool.Usage) {
			t.Errorf("%v: status %d, %s", args, status, &errs)
		}
	}
	errs.Reset()
	out.Reset()
	if status := run(environment{args: []string{"import", from, "--json"}, stdout: &out, stderr: &errs}); status != 0 || !json.Valid(errs.Bytes()) {
		t.Errorf("status %d, %s", status, &errs)
	}
	if !bytes.Equal(out.Bytes(), text) {
		t.Errorf("on standard output:\n%s", &out)
	}
}
