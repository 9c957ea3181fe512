package callback

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// What nginx-rtmp 1.2.2 sent was recorded; these are the recordings.
func TestNginxForm(t *testing.T) {
	local := netip.MustParseAddrPort("127.0.0.1:50000")
	publisher := question{
		role: hub.Publisher, app: "live", name: "cam1", serial: 78, remote: local,
		client: Client{
			TCURL: "rtmp://127.0.0.1:21935/live", FlashVer: "FMLE/3.0 (compatible; Lavf59.27.100)",
			NameQuery: "key=s%20e&user=bob", PublishType: "live",
		},
	}
	player := question{
		role: hub.Player, app: "live", name: "cam1", serial: 85, remote: local,
		client: Client{
			TCURL: "rtmp://127.0.0.1:21935/live", FlashVer: "LNX 9,0,124,2", NameQuery: "tok=78", Start: -2000,
		},
	}
	connecting := question{
		app: "live", serial: 82, remote: local,
		client: Client{
			TCURL: "rtmp://127.0.0.1:21935/live?tk=9", SWFURL: "http://a.example/x.swf", PageURL: "http://a.example/p?q=1",
			FlashVer: "LNX 10,0,32,18", AppQuery: "tk=9", NameQuery: "not=this",
		},
	}
	const publisherPart = "app=live&flashver=FMLE/3.0%20(compatible%3B%20Lavf59.27&swfurl=&tcurl=rtmp://127.0.0.1:21935/live&pageurl=" +
		"&addr=127.0.0.1&clientid=78&"
	const playerPart = "app=live&flashver=LNX%209,0,124,2&swfurl=&tcurl=rtmp://127.0.0.1:21935/live&pageurl=&addr=127.0.0.1&clientid=85&"
	const connectPart = "app=live&flashver=LNX%2010,0,32,18&swfurl=http://a.example/x.swf&tcurl=rtmp://127.0.0.1:21935/live%3Ftk=9" +
		"&pageurl=http://a.example/p%3Fq=1&addr=127.0.0.1&"
	for _, c := range []struct {
		q     question
		event Event
		age   time.Duration
		want  string
	}{
		{connecting, OnConnect, 0, connectPart + "epoch=8209071&call=connect&tk=9"},
		{publisher, OnPublish, 0, publisherPart + "call=publish&name=cam1&type=live&key=s%20e&user=bob"},
		{publisher, OnUpdate, 2900 * time.Millisecond, publisherPart + "call=update_publish&time=2&timestamp=2900&name=cam1&key=s%20e&user=bob"},
		{player, OnPlay, 0, playerPart + "call=play&name=cam1&start=4294965296&duration=0&reset=0&tok=78"},
		{player, OnUpdate, 2 * time.Second, playerPart + "call=update_play&time=2&timestamp=2000&name=cam1&tok=78"},
		{player, OnPlayDone, 0, playerPart + "call=play_done&name=cam1&tok=78"},
		{player, OnDone, 0, playerPart + "call=done&name=cam1&tok=78"},
		{publisher, OnPublishDone, 0, publisherPart + "call=publish_done&name=cam1&key=s%20e&user=bob"},
		{connecting, OnDisconnect, 0, connectPart + "clientid=82&call=disconnect&app=live&tk=9"},
	} {
		c.q.event, c.q.age = c.event, c.age
		if got := nginxForm(&c.q, time.UnixMilli(8209071)); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.event, got, c.want)
		}
	}
	player.event, player.client.Start, player.client.Reset, player.client.NameQuery = OnPlay, -1000, true, ""
	want := playerPart + "call=play&name=cam1&start=4294966296&duration=0&reset=1"
	if got := nginxForm(&player, time.Now()); got != want {
		t.Errorf("rtmpdump:\n%s, want\n%s", got, want)
	}
}

// Each form is what any library for forms reads.
func TestNginxEscapes(t *testing.T) {
	var all strings.Builder
	for c := range 256 {
		all.WriteByte(byte(c))
	}
	var b strings.Builder
	nginxEscape(&b, all.String())
	if got, err := url.QueryUnescape(b.String()); err != nil || got != all.String() {
		t.Errorf("%q comes out as %q, %v", b.String(), got, err)
	}
	for _, literal := range "/:=,()!$'*-._~@[]" {
		if !strings.ContainsRune(b.String(), literal) {
			t.Errorf("%q is escaped", literal)
		}
	}
}

func TestReadNginx(t *testing.T) {
	for _, c := range []struct {
		status   int
		location string
		want     verdict
		faulty   bool
	}{
		{200, "", verdict{}, false},
		{204, "ignored", verdict{}, false},
		{302, "", verdict{redirected: true}, false},
		{302, "cam2", verdict{redirected: true, rename: "cam2"}, false},
		{301, "/cam2?x=1", verdict{redirected: true, rename: "cam2"}, false},
		{302, "http://be.example/auth/cam2", verdict{redirected: true, rename: "cam2"}, false},
		{302, "https://be.example/cam%202?a", verdict{redirected: true, rename: "cam 2"}, false},
		{302, "http://be.example", verdict{redirected: true}, false},
		{302, "http://be.example/", verdict{redirected: true}, false},
		{302, "rtmp://192.0.2.1/live/x", verdict{redirected: true, relay: true}, false},
		{302, "RTMPS://192.0.2.1/live/x", verdict{redirected: true, relay: true}, false},
		{302, "http://%zz", verdict{}, true},
		{403, "", verdict{refused: true}, false},
		{404, "cam2", verdict{refused: true}, false},
		{500, "", verdict{}, true},
	} {
		got, err := readNginx(c.status, http.Header{"Location": {c.location}})
		if got != c.want || (err != nil) != c.faulty {
			t.Errorf("%d %q: %+v, %v", c.status, c.location, got, err)
		}
	}
}

func room7() question {
	return question{
		role: hub.Publisher, app: "live", name: "room7", session: "9f8e7d6c", remote: netip.MustParseAddrPort("10.1.2.3:4000"),
		in: 1234, out: 56,
		client: Client{TCURL: "rtmp://srv/live", NameQuery: "key=abc", PageURL: "http://a.example/p?a=1&b=2"},
	}
}

func TestSRSBody(t *testing.T) {
	const common = `"client_id":"9f8e7d6c","ip":"10.1.2.3","vhost":"__defaultVhost__","app":"live"`
	id := srsStreamID("live/room7")
	tail := `,"stream_url":"/live/room7","stream_id":"` + id + `"}`
	const page = `,"pageUrl":"http://a.example/p?a=1&b=2"`
	for e, want := range map[Event]string{
		OnPublish:   `,"tcUrl":"rtmp://srv/live","stream":"room7","param":"?key=abc"` + tail,
		OnUnpublish: `,"tcUrl":"rtmp://srv/live","stream":"room7","param":"?key=abc"` + tail,
		OnPlay:      `,"tcUrl":"rtmp://srv/live","stream":"room7","param":"?key=abc"` + page + tail,
		OnStop:      `,"tcUrl":"rtmp://srv/live","stream":"room7","param":"?key=abc"` + tail,
		OnConnect:   `,"tcUrl":"rtmp://srv/live","stream":"","param":""` + page + `}`,
		OnClose:     `,"send_bytes":56,"recv_bytes":1234}`,
	} {
		q := room7()
		q.event = e
		want = `{"server_id":"vid-a1","service_id":"k3x","action":"` + string(e) + `",` + common + want
		if got := string(srsBody(&q, "vid-a1", "k3x")); got != want {
			t.Errorf("%s:\n%s, want\n%s", e, got, want)
		}
	}
	q := room7()
	q.event, q.name, q.client.TCURL, q.client.AppQuery, q.client.NameQuery = OnPlay, "room7.flv", "rtmp://srv/live?vhost=x", "vhost=x", ""
	for _, want := range []string{`"param":"?vhost=x"`, `"tcUrl":"rtmp://srv/live"`, `"stream_url":"/live/room7"`} {
		if got := string(srsBody(&q, "", "")); !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
}

func TestReadSRS(t *testing.T) {
	for _, c := range []struct {
		status          int
		body            string
		refused, faulty bool
	}{
		{200, "0", false, false},
		{201, " 0\r\n", false, false},
		{200, `{"code":0}`, false, false},
		{200, `{"msg":"x","code": 0,"data":{}}`, false, false},
		{200, `{"code":1}`, true, false},
		{200, "3", true, false},
		{200, `{"code":-1}`, true, false},
		{403, `{"code":0}`, true, false},
		{200, "", false, true},
		{200, "ok", false, true},
		{200, "0 0", false, true},
		{200, `{"code":"0"}`, false, true},
		{200, `{"code":0.5}`, false, true},
		{200, `{"code":null}`, false, true},
		{200, `{}`, false, true},
		{200, `{"code":0`, false, true},
		{200, `[0]`, false, true},
		{204, "", false, true},
		{202, "0", false, true},
		{302, "0", false, true},
		{500, "0", false, true},
	} {
		v, err := readSRS(c.status, []byte(c.body))
		if v.refused != c.refused || (err != nil) != c.faulty {
			t.Errorf("%d %q: %+v, %v", c.status, c.body, v, err)
		}
	}
}

func TestMediaMTXBody(t *testing.T) {
	q := question{
		role: hub.Publisher, app: "live", name: "room7", remote: netip.MustParseAddrPort("10.1.2.3:4000"), protocol: "rtmps",
		session: "s1", client: Client{FlashVer: "FMLE/3.0", NameQuery: "user=bob&pass=s3"},
		query: url.Values{"user": {"bob"}, "pass": {"s3"}},
	}
	want := `{"ip":"10.1.2.3","user":"bob","password":"s3","token":"s3","action":"publish","path":"live/room7","protocol":"rtmp","id":"` +
		uuid("s1") + `","query":"user=bob&pass=s3","userAgent":"FMLE/3.0"}`
	if got := string(mediaMTXBody(&q)); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	if id := uuid("s1"); len(id) != 36 || id[14] != '8' || id == uuid("s2") {
		t.Errorf("the id is %s", id)
	}
	for _, c := range []struct {
		name  string
		q     question
		token string
		rest  string
	}{
		{"token", question{protocol: "rtmp", query: url.Values{"token": {"t1"}}}, "t1", `"id":null`},
		{"jwt", question{protocol: "rtmp", query: url.Values{"jwt": {"t2"}}}, "t2", `"action":"read"`},
		{"two tokens", question{protocol: "rtmp", query: url.Values{"token": {"t1", "t2"}}}, "", `"protocol":"rtmp"`},
		{"not by HTTP", question{protocol: "hls", query: url.Values{"token": {"t1"}}}, "", `"protocol":"hls"`},
		{"bearer", question{protocol: "hls", client: Client{Bearer: "b", User: "u", Password: "p"}}, "b", `"user":"u","password":"p"`},
	} {
		got := string(mediaMTXBody(&c.q))
		if !strings.Contains(got, `"token":"`+c.token+`"`) || !strings.Contains(got, c.rest) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	for status, want := range map[int]bool{200: true, 299: true, 301: false, 401: false, 404: false} {
		if v, err := readMediaMTX(status); v.refused == want || err != nil {
			t.Errorf("%d: %+v, %v", status, v, err)
		}
	}
	if _, err := readMediaMTX(500); err == nil {
		t.Error("500 is an answer")
	}
}

func TestOwnBody(t *testing.T) {
	q := question{
		event: OnPublish, role: hub.Publisher, app: "live", name: "cam1", session: "s1", protocol: "rtmps", tls: "1.3",
		remote: netip.MustParseAddrPort("[::ffff:203.0.113.7]:4000"), software: "OBS", query: url.Values{"user": {"bob", "eve"}},
		client: Client{PageURL: "https://a.example"}, owner: "ky_1",
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.FixedZone("", 3600))
	const head = `"time":"2026-01-02T02:04:05.006Z","stream":"live/cam1","app":"live","name":"cam1","session":"s1",` +
		`"protocol":"rtmps","tls":"1.3","address":"203.0.113.7","software":"OBS","page":"https://a.example",` +
		`"query":{"user":"bob"},"bearer":"",`
	want := `{"event":"publish",` + head + `"vouched":"key","key":"ky_1"}`
	if got := string(ownBody(&q, at)); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	q.event, q.owner, q.open, q.age, q.in, q.reason = OnPublishDone, "", true, 1500*time.Millisecond, 7, "gone"
	want = `{"event":"publish_done",` + head + `"vouched":"open","key":"","seconds":1.5,"bytes_in":7,"bytes_out":0,"reason":"gone"}`
	if got := string(ownBody(&q, at)); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	q.event, q.open = OnUpdate, false
	want = `{"event":"update",` + head + `"vouched":"nobody","key":"","seconds":1.5,"reason":"gone"}`
	if got := string(ownBody(&q, at)); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
}

func TestReadOwn(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   verdict
		faulty bool
	}{
		{204, "", verdict{}, false},
		{200, `{"allow":true}`, verdict{}, false},
		{200, `{"allow":false,"reason":"not\n\u202etoday"}`, verdict{refused: true, reason: "not today"}, false},
		{200, `{"allow":true,"stream":"live/b","cache":"30s"}`, verdict{rename: "live/b", whole: true, cache: 30 * time.Second}, false},
		{200, `{"allow":true,"cache":"48h"}`, verdict{cache: maxCache}, false},
		{
			200, `{"allow":true,"limits":{"bitrate":5000000,"width":1920,"height":1080}}`,
			verdict{limits: limits{5_000_000, 1920, 1080}},
			false,
		},
		{403, "", verdict{refused: true}, false},
		{401, `{"reason":"pay first"}`, verdict{refused: true, reason: "pay first"}, false},
		{200, "", verdict{}, true},
		{200, "{}", verdict{}, true},
		{200, `{"allow":"yes"}`, verdict{}, true},
		{200, `{"allow":true} {"allow":false}`, verdict{}, true},
		{200, `{"allow":true,"limit":{"bitrate":1}}`, verdict{}, true},
		{200, `{"allow":true,"limits":{"bitrate":-1}}`, verdict{}, true},
		{200, `{"allow":true,"limits":{"width":-1}}`, verdict{}, true},
		{200, `{"allow":true,"limits":{"bitrate":1.5}}`, verdict{}, true},
		{200, `{"allow":true,"stream":"../x"}`, verdict{}, true},
		{200, `{"allow":true,"cache":"30"}`, verdict{}, true},
		{200, `{"allow":true,"cache":"-1s"}`, verdict{}, true},
		{200, `<html>`, verdict{}, true},
		{302, `{"allow":true}`, verdict{}, true},
		{500, `{"allow":true}`, verdict{}, true},
	} {
		got, err := readOwn(c.status, []byte(c.body))
		if c.faulty {
			var faulty *FaultyError
			if !errors.As(err, &faulty) || faulty.Mode != Millrace {
				t.Errorf("%d %q: %+v, %v", c.status, c.body, got, err)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%d %q: %+v, %v", c.status, c.body, got, err)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	for _, body := range []string{"0", `{"code":0}`, `{"allow":true,"stream":"live/b","cache":"30s","limits":{"bitrate":5}}`, ""} {
		f.Add(200, body, "cam2")
	}
	f.Add(302, "", "http://be.example/x")
	f.Fuzz(func(t *testing.T, status int, body, location string) {
		for _, read := range []func() (verdict, error){
			func() (verdict, error) { return readNginx(status, http.Header{"Location": {location}}) },
			func() (verdict, error) { return readSRS(status, []byte(body)) },
			func() (verdict, error) { return readMediaMTX(status) },
			func() (verdict, error) { return readOwn(status, []byte(body)) },
		} {
			v, err := read()
			if err != nil && v != (verdict{}) {
				t.Errorf("an answer that is none says %+v", v)
			}
			if err == nil && !v.refused && status/100 != 2 && status/100 != 3 {
				t.Errorf("the status %d lets in", status)
			}
			if len(v.reason) > maxReason || v.cache < 0 || v.cache > maxCache || v.limits.bitrate < 0 {
				t.Errorf("out of bounds: %+v", v)
			}
		}
	})
}

func FuzzHideKey(f *testing.F) {
	f.Add("rtmp://h/live/KEY?key=KEY&a=b", "k%65y=KEY&x=1")
	f.Fuzz(func(t *testing.T, address, query string) {
		q := question{app: "live", client: Client{TCURL: address, NameQuery: query}, query: url.Values{"key": {"KEY"}, "a": {"b"}}}
		q.hideKey()
		values, _ := url.ParseQuery(q.client.NameQuery)
		if values.Has("key") || q.query.Has("key") || !q.query.Has("a") {
			t.Errorf("%q stays", q.client.NameQuery)
		}
	})
}

func TestHideKey(t *testing.T) {
	q := question{
		app: "live", client: Client{
			TCURL: "rtmp://h:1935/live/KEY?a=1&key=KEY", AppQuery: "key=KEY", NameQuery: "x=%20y&k%65y=KEY&z",
		},
		query: url.Values{"key": {"KEY"}},
	}
	q.hideKey()
	c := q.client
	if c.TCURL != "rtmp://h:1935/live?a=1" || c.AppQuery != "" || c.NameQuery != "x=%20y&z" {
		t.Errorf("%+v", c)
	}
	if b, _ := json.Marshal(q.client); strings.Contains(string(b), "KEY") || q.query.Has("key") {
		t.Errorf("the key stays in %s", b)
	}
}
