package server

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/window"
)

// load loads the settings of a config file, the environment and nothing else.
func load(t *testing.T, file string, environ ...string) (*Settings, []string, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, warnings, err := Load(&Settings{Config: name}, []string{"config"}, environ)
	if err != nil {
		err = &shortened{strings.ReplaceAll(err.Error(), name, "f.yaml")}
	}
	return s, warnings, err
}

type shortened struct{ text string }

func (e *shortened) Error() string { return e.text }

func TestDefaults(t *testing.T) {
	s, _, warnings, err := Load(&Settings{}, nil, nil)
	if err != nil || len(warnings) != 0 {
		t.Fatal(err, warnings)
	}
	want := &Settings{
		RTMP: ":1935", RTMPS: ":1936", HTTP: ":8080", RTMFP: "off", TLSMin: "1.2", Plain: "allow", RTMPE: "allow", Delivery: "balanced",
		Enhanced: "lenient", Grace: 30 * time.Second, PlayWait: 30 * time.Second, Segment: 2 * time.Second, Part: 200 * time.Millisecond, ShiftBytes: 4 << 30, FFmpeg: "ffmpeg", LogLevel: "info",
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func TestRulesOfServerAppAndStream(t *testing.T) {
	s, _, err := load(t, `
grace: 0
delivery: realtime
enhanced: strict
plain: warn
play-wait: 5s
open: true
apps:
  event: {second-publisher: refuse, grace: 5m, grace-after-end: true, delivery: economy, plain: refuse}
  live: {grace: 0s, enhanced: lenient}
streams:
  event/small: {second-publisher: take-over, grace: 0s, grace-after-end: false}
  live/long: {grace: 1m, grace-after-end: true, delivery: balanced, plain: allow, enhanced: strict}
keys:
  - {stream: event/a, key: a-long-word, label: hall, plain: allow}
`)
	if err != nil {
		t.Fatal(err)
	}
	apps := map[string]access.Rules{
		"event": {SecondPublisher: hub.Refuse, Grace: 5 * time.Minute, GraceAfterEnd: true, Delivery: hub.Economy, Strict: true, Plain: access.RefusePlain},
		"live":  {Grace: -1, Delivery: hub.Realtime, Plain: access.WarnOfPlain},
	}
	streams := map[string]access.Rules{
		"event/small": {SecondPublisher: hub.TakeOver, Grace: -1, Delivery: hub.Economy, Strict: true, Plain: access.RefusePlain},
		"live/long":   {Grace: time.Minute, GraceAfterEnd: true, Delivery: hub.Balanced, Strict: true, Plain: access.AllowPlain},
	}
	c := s.control(nil)
	if !reflect.DeepEqual(c.Apps, apps) || !reflect.DeepEqual(c.Streams, streams) {
		t.Errorf("got  %+v, %+v\nwant %+v, %+v", c.Apps, c.Streams, apps, streams)
	}
	if rules := (access.Rules{Grace: -1, Delivery: hub.Realtime, Strict: true, Plain: access.WarnOfPlain}); c.Rules != rules || c.PlayWait != 5*time.Second || c.Open != access.Private {
		t.Errorf("got %+v, want %+v", c, rules)
	}
	if s.Keys[0].Key.Reveal() != "a-long-word" || s.Keys[0].Stream != "event/a" {
		t.Errorf("keys %+v", s.Keys)
	}
	if _, ok := (&Settings{}).control(nil).Apps["live"]; !ok {
		t.Error("the app live is not built in")
	}
}

func TestLengthsOfServerAppAndStream(t *testing.T) {
	s, _, err := load(t, `
segment-length: 4s
apps:
  event: {part-length: 500ms}
streams:
  event/small: {segment-length: 1s, part-length: 0}
  live/long: {segment-length: 6s}
`)
	if err != nil {
		t.Fatal(err)
	}
	const ms = time.Millisecond
	lengths := s.lengths()
	for stream, want := range map[string]window.Lengths{
		"live/cam":    {Segment: 4000 * ms, Part: 200 * ms},
		"live/long":   {Segment: 6000 * ms, Part: 200 * ms},
		"event/a":     {Segment: 4000 * ms, Part: 500 * ms},
		"event/small": {Segment: 1000 * ms},
	} {
		if got := lengths(stream); got != want {
			t.Errorf("%s is cut by %+v, want %+v", stream, got, want)
		}
	}
}

func TestTimeShiftOfServerAppAndStream(t *testing.T) {
	s, _, err := load(t, `
time-shift: 2h
apps:
  event: {time-shift: 24h, time-shift-bytes: 100GB}
streams:
  event/small: {time-shift: 0}
  live/little: {time-shift-bytes: 64MiB}
`)
	if err != nil {
		t.Fatal(err)
	}
	shifts := s.shifts()
	for stream, want := range map[string]window.Shift{
		"live/cam":    {Window: 2 * time.Hour, Bytes: 4 << 30},
		"live/little": {Window: 2 * time.Hour, Bytes: 64 << 20},
		"event/a":     {Window: 24 * time.Hour, Bytes: 100e9},
		"event/small": {Bytes: 100e9},
	} {
		if got := shifts(stream); got != want {
			t.Errorf("%s has %+v, want %+v", stream, got, want)
		}
	}
	s, _, _ = load(t, "")
	if s.shifts()("live/cam").Window != 0 {
		t.Error("time shift is not off by default")
	}
}

func TestSettingsRefused(t *testing.T) {
	tests := []struct{ file, environ, want string }{
		{"rtmp: '1935'", "", `f.yaml:1:7: "1935": a port needs a colon before it; write :1935`},
		{"public-url: tv.example.org", "", `f.yaml:1:13: "tv.example.org" is not the address of a web site; write for instance https://tv.example.org`},
		{"public-url: rtmp://tv.example.org", "", `f.yaml:1:13: "rtmp://tv.example.org" is not the address of a web site; write for instance https://tv.example.org`},
		{"trusted-proxy: [10.0.0.0/8, here]", "", `f.yaml:1:29: "here" is not a range of addresses; write for instance 10.0.0.0/8`},
		{"ffmpeg: /nowhere/ffmpeg", "", `f.yaml:1:9: "/nowhere/ffmpeg" is no program that can be run here; name an FFmpeg, or write off`},
		{"cert: a.pem", "", `f.yaml:1:7: 1 certificates and 0 keys were given; each --cert needs its --key`},
		{"", "MILLRACE_DELIVERY=fast", `MILLRACE_DELIVERY: "fast" is not a choice; give realtime, balanced or economy`},
		{"plain: never", "", `f.yaml:1:8: "never" is not a choice; give allow, warn or refuse`},
		{"log-level: loud", "", `f.yaml:1:12: "loud" is not a choice; give debug, info, warn or error`},
		{"log-format: xml", "", `f.yaml:1:13: "xml" is not a choice; give text or json`},
		{"grace: 31m", "", `f.yaml:1:8: 31m is out of range; give a time from 0 to 30m`},
		{"grace: -1s", "", `f.yaml:1:8: -1s is out of range; give a time from 0 to 30m`},
		{"play-wait: 1h", "", `f.yaml:1:12: 1h is out of range; give a time from 0 to 30m`},
		{"rtmp: off\nrtmps: off\nhttp: off", "", `f.yaml:1:7: this, rtmps and http are all off, so that nobody could reach the server; leave one on`},
		{"domain: [localhost]", "", `f.yaml:1:10: "localhost" is not a host name that authorities know: write for instance tv.example.org`},
		{"segment-length: 500ms", "", `f.yaml:1:17: 500ms is too short; the least is 1s`},
		{"part-length: 50ms", "", `f.yaml:1:14: 50ms is too short; the least is 100ms, and 0 makes no parts`},
		{"apps: {a: {part-length: 3s}}", "", `f.yaml:1:25: 3s is out of range; give a time from 0 to 2s`},
		{"time-shift: 25h", "", `f.yaml:1:13: 25h is out of range; give a time from 0 to 24h`},
		{"time-shift-bytes: 10MB", "", `f.yaml:1:19: 10MB is too little; the least is 64MiB, and time-shift: 0 keeps nothing`},
		{"streams: {live/a: {time-shift-bytes: 4G}}", "", `f.yaml:1:38: streams.live/a.time-shift-bytes: "4G" is not a size; write for instance 4GiB or 500MB`},
		{"tls-min: 1.4", "", `f.yaml:1:10: "1.4" is not a choice; give 1.0, 1.1, 1.2 or 1.3`},
		{"rtmpe: never", "", `f.yaml:1:8: "never" is not a choice; give allow or refuse`},
		{"swf: no.swf", "", `f.yaml:1:6: cannot read the SWF file "no.swf" (no such file or directory); give the path of the player's .swf file`},
		{
			"swf: [settings_test.go]", "",
			`f.yaml:1:7: "settings_test.go" is not an SWF file that can be read: it begins with "pac"; ` +
				`give the player's .swf file, plain or compressed by zlib`,
		},
		{"apps: {a: {swf: [off, .]}}", "", `f.yaml:1:18: cannot read the SWF file "off" (no such file or directory); give the path of the player's .swf file (and 1 more; ` + "`millrace check FILE` names them all)"},
		{"apps: {a/b: {}}", "", `f.yaml:1:8: an app is the first part of a stream's name, without a slash`},
		{"apps: {api: {}}", "", `f.yaml:1:8: not a stream name: names that begin with api/ are reserved`},
		{"apps: {a: {grace: 1h}}", "", `f.yaml:1:19: 1h is out of range; give a time from 0 to 30m`},
		{"apps: {a: {delivery: x}}", "", `f.yaml:1:22: "x" is not a choice; give realtime, balanced or economy`},
		{"apps: {a: {second-publisher: x}}", "", `f.yaml:1:30: "x" is not a choice; give take-over or refuse`},
		{"apps: {a: {gracee: 1s}}", "", `f.yaml:1:12: there is no setting "gracee" in apps.a; did you mean "grace"?`},
		{"keys: [{stream: cam, key: long-enough}]", "", `f.yaml:1:17: not a stream name: write it as live/cam`},
		{"keys: [{stream: a/b, key: long-enough}]", "", `f.yaml:1:17: there is no app "a"; name it under apps, as in "apps: {a: {}}"`},
		{"keys: [{stream: live/b, key: short}]", "", `f.yaml:1:30: a key needs at least 8 characters`},
		{"keys: [{stream: live/b}]", "", `f.yaml:1:8: keys[0].key: a key needs at least 8 characters`},
		{
			"keys: [{stream: live/b, key: long-enough}, {stream: live/c, key: long-enough}]", "",
			`f.yaml:1:66: this is also the key of live/b; each stream needs its own`,
		},
		{"streams: {cam: {}}", "", `f.yaml:1:11: not a stream name: write it as live/cam`},
		{"streams: {a/b: {}}", "", `f.yaml:1:11: there is no app "a"; name it under apps, as in "apps: {a: {}}"`},
		{"streams: {live/a: {grace: 1h}}", "", `f.yaml:1:27: 1h is out of range; give a time from 0 to 30m`},
		{"config: other.yaml", "", `f.yaml:1:9: a config file cannot name another; remove this line`},
		{"", "MILLRACE_TRUSTED_PROXY=10.0.0.0/8,here", `MILLRACE_TRUSTED_PROXY: "here" is not a range of addresses; write for instance 10.0.0.0/8`},
		{"keys: [{stream: live/b, key: with/a/slash}]", "", `f.yaml:1:30: a key cannot begin or end with a blank, or hold any of / ? & #`},
	}
	for _, tt := range tests {
		_, _, err := load(t, tt.file+"\n", tt.environ)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s %s:\ngot  %v\nwant %s", tt.file, tt.environ, err, tt.want)
		}
	}
}

func TestWarningsForWhatIsNotThere(t *testing.T) {
	_, warnings, err := load(t, "rtmfp: ':1935'\nplain: allow\ntls-min: 1.1\n", "MILLRACE_DATABASE=postgres://db", "MILLRACE_GRCE=1s")
	want := []string{
		"MILLRACE_GRCE is no setting; did you mean MILLRACE_GRACE?",
		"tls-min 1.1 lets clients in by a version of TLS that can be broken (RFC 8996): " +
			"keep it for encoders that speak nothing newer, and update those",
		"--rtmfp does nothing yet: RTMFP is not built in",
	}
	if err != nil || !reflect.DeepEqual(warnings, want) {
		t.Errorf("got %q, %v; want %q", warnings, err, want)
	}
}

func TestConfigFileOfTheEnvironment(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(name, []byte("demo: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, _, err := Load(&Settings{}, nil, []string{"MILLRACE_CONFIG=" + name})
	if err != nil || !s.Demo {
		t.Errorf("%+v, %v", s, err)
	}
}
