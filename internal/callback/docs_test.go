package callback

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/millrace-live/millrace/internal/hub"
)

func page(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/callbacks.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks returns the page's fenced blocks of a language.
func blocks(t *testing.T, language string) (all []string) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(page(t), -1) {
		all = append(all, m[1])
	}
	return all
}

// written is an authorizer as it stands in the config file.
type written struct {
	URL       string        `yaml:"url"`
	Mode      Mode          `yaml:"mode"`
	Apps      []string      `yaml:"apps"`
	Alone     bool          `yaml:"alone"`
	Strict    bool          `yaml:"strict"`
	OnFailure string        `yaml:"on-failure"`
	Method    string        `yaml:"method"`
	Update    time.Duration `yaml:"update"`
	CA        string        `yaml:"ca"`
	Cert      string        `yaml:"cert"`
	Key       string        `yaml:"key"`
	ServerID  string        `yaml:"server-id"`
}

// Every config on the page is one that is taken.
func TestPageConfigs(t *testing.T) {
	shown := make(map[string]bool)
	for _, b := range blocks(t, "yaml") {
		var file struct {
			Authorizers []map[string]any `yaml:"authorizers"`
		}
		if err := yaml.UnmarshalWithOptions([]byte(b), &file, yaml.Strict()); err != nil || len(file.Authorizers) != 1 {
			t.Errorf("%s\n%v", b, err)
			continue
		}
		on := make(map[Event][]string)
		rest := make(map[string]any)
		for name, value := range file.Authorizers[0] {
			list, isList := value.([]any)
			if !isList || name == "apps" {
				rest[name] = value
				continue
			}
			e := Event(strings.ReplaceAll(name, "-", "_"))
			for _, address := range list {
				on[e] = append(on[e], address.(string))
			}
		}
		var w written
		text, err := yaml.Marshal(rest)
		if err == nil {
			err = yaml.UnmarshalWithOptions(text, &w, yaml.Strict())
		}
		if err != nil {
			t.Errorf("%s\n%v", b, err)
			continue
		}
		for e := range on {
			shown[string(w.Mode)+" "+string(e)] = true
		}
		s := Settings{
			Apps: w.Apps, Mode: w.Mode, URL: w.URL, On: on, Method: w.Method, Alone: w.Alone, Strict: w.Strict,
			Update: w.Update, ServerID: w.ServerID,
		}
		if err := s.Check(); err != nil {
			t.Errorf("%s\n%v", b, err)
		}
	}
	for _, mode := range []Mode{NginxRTMP, SRS} {
		for _, e := range eventsOf[mode] {
			if !shown[string(mode)+" "+string(e)] {
				t.Errorf("no config shows %s of %s", e, mode)
			}
		}
	}
}

// What the page shows is what is sent and understood, and no field is left out.
func TestPageShowsWhatIsSent(t *testing.T) {
	var shown []string
	for _, b := range append(blocks(t, "json"), blocks(t, "text")...) {
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(b)) != nil {
			compact.WriteString(strings.TrimSpace(b))
		}
		shown = append(shown, compact.String())
	}
	own := question{
		event: OnPublish, role: hub.Publisher, app: "live", name: "cam1", session: "s1", protocol: "rtmps", tls: "1.3",
		remote: netip.MustParseAddrPort("203.0.113.7:4000"), software: "OBS", query: url.Values{"user": {"bob"}},
		client: Client{PageURL: "https://a.example"}, owner: "ky_1",
	}
	nginx := question{
		event: OnPublish, role: hub.Publisher, app: "live", name: "cam1", serial: 78, remote: netip.MustParseAddrPort("127.0.0.1:1"),
		client: Client{
			TCURL: "rtmp://127.0.0.1:21935/live", FlashVer: "FMLE/3.0 (compatible; Lavf59.27.100)", NameQuery: "key=s%20e&user=bob",
		},
	}
	srs := room7()
	srs.event = OnPublish
	mtx := question{
		role: hub.Publisher, app: "live", name: "room7", remote: netip.MustParseAddrPort("10.1.2.3:4000"), protocol: "rtmp",
		client: Client{FlashVer: "FMLE/3.0", NameQuery: "user=bob&pass=s3"}, query: url.Values{"user": {"bob"}, "pass": {"s3"}},
	}
	answer := verdict{rename: "live/cam9", whole: true, cache: 30 * time.Second, limits: limits{6_000_000, 1920, 1080}}
	want := []string{
		string(ownBody(&own, time.Date(2026, 1, 2, 2, 4, 5, 6_000_000, time.UTC))), "", string(srsBody(&srs, "vid-a1", "k3x")),
		string(mediaMTXBody(&mtx)), nginxForm(&nginx, time.Now()),
	}
	if len(shown) != len(want) {
		t.Fatalf("the page has %d examples", len(shown))
	}
	for i, w := range want {
		if w != "" && shown[i] != w {
			t.Errorf("the page has\n%s, not\n%s", shown[i], w)
		}
	}
	if v, err := readOwn(200, []byte(shown[1])); err != nil || v != answer {
		t.Errorf("the answer means %+v, %v", v, err)
	}
	text := page(t)
	for _, typ := range []reflect.Type{reflect.TypeFor[ownObject](), reflect.TypeFor[ownAnswer]()} {
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !regexp.MustCompile("(?m)^\\|[^|]*`" + name + "`[^|]*\\|").MatchString(text) {
				t.Errorf("the page does not describe the field %s", name)
			}
		}
	}
}

func TestPageSaysTheNumbers(t *testing.T) {
	text := strings.Join(strings.Fields(page(t)), " ")
	for what, number := range map[string]any{
		"within %v seconds (`timeout`":            DefaultTimeout.Seconds(),
		"at most %vs)":                            maxTimeout.Seconds(),
		"When %v requests":                        trip,
		"asked for %v seconds":                    rest.Seconds(),
		"At most %v clients":                      maxUnderWay,
		"%v more requests":                        maxTold,
		"then every %v seconds":                   watching.Seconds(),
		"A no holds for %v seconds":               turnedAway.Seconds(),
		"up to `%vh`":                             maxCache.Hours(),
		"more than %v KiB":                        maxAnswer >> 10,
		"up to %v bytes":                          maxReason,
		"comes `update` (%vs)":                    DefaultUpdate.Seconds(),
		"When more than " + "%v notices":          "20,000",
		"left alone for some seconds`, and `%v`.": "answers again",
	} {
		if want := fmt.Sprintf(what, number); !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if maxNotices != 20_000 {
		t.Error("the page has another number of notices")
	}
}

// program runs an example of the page and returns where it answers.
func program(t *testing.T, file, interpreter, source string) string {
	t.Helper()
	if _, err := exec.LookPath(interpreter); err != nil {
		t.Skipf("%s is not installed: %v", interpreter, err)
	}
	file = filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), interpreter, file)
	cmd.Env = append(os.Environ(), "PORT=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestPageBackEnds(t *testing.T) {
	t.Run("Python", func(t *testing.T) {
		t.Parallel()
		address := program(t, "backend.py", "python3", blocks(t, "python")[0])
		g := newGate(t, nil, Settings{URL: address})
		if _, err := g.Publish(t.Context(), publish("cam1", "user=bob", "pass=b0b")); err != nil {
			t.Error(err)
		}
		if _, err := g.Publish(t.Context(), publish("keyed", "key=KEY")); err != nil {
			t.Error(err)
		}
		for _, query := range []string{"user=bob&pass=wrong", "user=eve&pass=b0b", ""} {
			_, err := g.Publish(t.Context(), publish("cam1", query))
			if r := refusal(t, err); r.Reason != "ask us for a password" {
				t.Errorf("%q: %+v", query, r)
			}
		}
		for range 3 {
			req := play("cam1")
			req.Query = url.Values{"user": {"bob"}, "pass": {"b0b"}}
			if err := g.Play(t.Context(), req); err != nil {
				t.Error(err)
			}
		}
		if n := g.Stats()[0].Asked; n != 6 {
			t.Errorf("it was asked %d times", n)
		}
	})
	t.Run("Node", func(t *testing.T) {
		t.Parallel()
		address := program(t, "backend.mjs", "node", blocks(t, "js")[0])
		g := newGate(t, func(o *Options) { o.Next = rules{} }, Settings{URL: address, Mode: NginxRTMP, Alone: true})
		if grant, err := g.Publish(t.Context(), publish("s3cret-of-bob")); err != nil || grant.Stream != "live/bob" {
			t.Errorf("%+v, %v", grant, err)
		}
		if _, err := g.Publish(t.Context(), publish("bob")); refusal(t, err).Code != hub.Forbidden {
			t.Error(err)
		}
		if err := g.Play(t.Context(), play("bob")); err != nil {
			t.Error(err)
		}
	})
}
