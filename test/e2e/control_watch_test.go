package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// visit asks for an address as a viewer does. Of an answer that has no end it reads
// the beginning.
func visit(t *testing.T, address, bearer string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if strings.HasPrefix(address, "ws:") {
		o := &websocket.DialOptions{HTTPHeader: http.Header{}}
		if bearer != "" {
			o.HTTPHeader.Set("Authorization", "Bearer "+bearer)
		}
		c, resp, err := websocket.Dial(ctx, address, o)
		if err != nil {
			if resp == nil {
				t.Fatalf("%s: %v", address, err)
			}
			text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
			return resp.StatusCode, string(text)
		}
		defer c.CloseNow()
		c.SetReadLimit(-1)
		_, first, err := c.Read(ctx)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		return http.StatusOK, string(first)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	defer resp.Body.Close()
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode == http.StatusOK && (kind == "video/x-flv" || strings.HasSuffix(req.URL.Path, ".ts") && resp.ContentLength < 0) {
		first := make([]byte, 188)
		n, err := io.ReadFull(resp.Body, first)
		if err != nil {
			t.Fatalf("%s: %d bytes: %v", address, n, err)
		}
		return resp.StatusCode, string(first[:n])
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	return resp.StatusCode, string(text)
}

var (
	listedURI  = regexp.MustCompile(`URI="([^"]+)"`)
	dashNames  = regexp.MustCompile(`(?:initialization|media|value)="([^"]*\.(?:m4s|mpd)[^"]*)"`)
	dashTime   = regexp.MustCompile(`<S t="(\d+)"`)
	permitting = regexp.MustCompile(`[?&](?:token|exp|sig|ip)=[^&]*`)
)

// withoutPass is an address without what lets one in.
func withoutPass(address string) string {
	address = permitting.ReplaceAllString(address, "")
	if path, query, ok := strings.Cut(address, "&"); ok && !strings.Contains(path, "?") {
		address = path + "?" + query
	}
	return address
}

// with adds to an address's query.
func with(address, query string) string {
	if query == "" {
		return address
	}
	mark := "?"
	if strings.Contains(address, "?") {
		mark = "&"
	}
	return address + mark + query
}

// files are the addresses below a stream that a viewer comes by who asks for the
// first ones with a query, and adds nothing to those that it is given.
func (s *server) files(t *testing.T, stream, query string) []string {
	t.Helper()
	var found []string
	see := func(address string) (string, bool) {
		if slices.Contains(found, address) {
			return "", false
		}
		found = append(found, address)
		status, body := visit(t, address, "")
		if status != http.StatusOK {
			t.Fatalf("%s: status %d: %.300s", address, status, body)
		}
		return body, true
	}
	at := func(base, ref string) string {
		b, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.Parse(ref)
		if err != nil {
			t.Fatal(err)
		}
		return r.String()
	}
	var list func(address string)
	list = func(address string) {
		body, first := see(address)
		if !first {
			return
		}
		var refs []string
		for line := range strings.Lines(body) {
			line = strings.TrimSpace(line)
			if m := listedURI.FindStringSubmatch(line); m != nil {
				refs = append(refs, m[1])
			} else if line != "" && line[0] != '#' {
				refs = append(refs, line)
			}
		}
		if len(refs) > 12 {
			refs = slices.Concat(refs[:3], refs[len(refs)-9:]) // a segment is like the next one
		}
		for _, ref := range refs {
			if strings.Contains(ref, ".m3u8") {
				list(at(address, ref))
			} else {
				see(at(address, ref))
			}
		}
	}
	root := s.url("/" + stream)
	list(with(root+"/index.m3u8", query))
	list(with(root+"/ts.m3u8", query))
	manifest := with(root+"/manifest.mpd", query)
	body, _ := see(manifest)
	for _, m := range dashNames.FindAllStringSubmatch(body, -1) {
		name := html.UnescapeString(m[1])
		_, set, _ := strings.Cut(body, m[0])
		if begins := dashTime.FindStringSubmatch(set); begins != nil {
			name = strings.ReplaceAll(name, "$Time$", begins[1])
		}
		see(at(manifest, strings.ReplaceAll(name, "$$", "$")))
	}
	see(with(root+".flv", query))
	see(with(strings.Replace(root, "http:", "ws:", 1)+".flv", query))
	see(with(root+".ts", query))
	see(with(root+".jpg", query))
	return found
}

// watches plays a stream by RTMP until there is a picture, or says why not.
func (s *server) watches(t *testing.T, name string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	var dialer rtmp.Dialer
	session, err := dialer.Dial(ctx, s.rtmpURL("live"))
	if err != nil {
		return err
	}
	defer session.Close()
	stream, err := session.Play(ctx, name, rtmp.PlayOptions{})
	if err != nil {
		return err
	}
	for {
		m, err := stream.ReadMessage()
		if err != nil {
			return err
		}
		if m.Type == message.Video && isKey(flv.TagVideo, m.Payload) {
			return nil
		}
	}
}

// A private stream is watched by those alone who have a permission for it, on every
// output and down to each file, whatever form the permission has.
func TestControlPrivate(t *testing.T) {
	t.Parallel()
	s := start(t, "--play-wait", "1s")
	a := s.admin(t)
	_, key := a.create(t, "live/private", "private")
	a.create(t, "live/other", "private")
	site := a.signing(t)
	endless(t, s.rtmpURL("live/"+key))
	a.waitState(t, "live/private", "live")

	now := time.Now()
	good := site.good("live/private")
	app := site.good("live/*")
	link := site.link("live/private", now.Add(time.Hour))
	parts := strings.Split(good, ".")
	tampered := parts[0] + "." + strings.Split(site.good("live/*"), ".")[1] + "." + parts[2]
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	wrong := map[string]struct{ query, bearer, sentence string }{
		"expired":          {bearer: site.good("live/private", object{"exp": now.Add(-2 * time.Minute).Unix()}), sentence: "the token expired at"},
		"not yet":          {bearer: site.good("live/private", object{"nbf": now.Add(2 * time.Minute).Unix()}), sentence: "is good from"},
		"other stream":     {bearer: site.good("live/other"), sentence: "the token is for another stream"},
		"other address":    {bearer: site.good("live/private", object{"ip": "192.0.2.7"}), sentence: "the token is for another address"},
		"tampered":         {bearer: tampered, sentence: "its signature does not fit"},
		"unsigned":         {bearer: unsigned},
		"other key":        {bearer: signing{site.id, strings.Repeat("x", 43)}.good("live/private"), sentence: "its signature does not fit"},
		"no token":         {bearer: "nonsense"},
		"expired link":     {query: site.link("live/private", now.Add(-2*time.Minute)), sentence: "the link expired at"},
		"link of another":  {query: site.link("live/other", now.Add(time.Hour)), sentence: "its signature does not fit"},
		"half of the link": {query: strings.Split(link, "&")[1]},
	}

	byToken, byLink := s.files(t, "live/private", "token="+good), s.files(t, "live/private", link)
	kinds := make(map[string]bool)
	for _, list := range []struct {
		files []string
		query string
	}{{byToken, "token=" + good}, {byLink, link}} {
		for _, f := range list.files {
			u, err := url.Parse(f)
			if err != nil {
				t.Fatal(err)
			}
			kinds[u.Scheme+" "+u.Path[strings.LastIndexByte(u.Path, '.'):]] = true
			if want, _ := url.ParseQuery(list.query); u.Query().Get("token") != want.Get("token") || u.Query().Get("sig") != want.Get("sig") {
				t.Errorf("the permission is not in %s", f)
			}
		}
	}
	for _, kind := range []string{"http .m3u8", "http .m4s", "http .ts", "http .mpd", "http .flv", "http .jpg", "ws .flv"} {
		if !kinds[kind] {
			t.Errorf("no %s was looked at: %v", kind, byToken)
		}
	}

	// Each file by itself, and each kind of file with everything that is wrong.
	tried := make(map[string]int)
	for _, f := range byToken {
		address := withoutPass(f)
		if status, body := visit(t, address, ""); status != http.StatusUnauthorized || !strings.Contains(body, "this stream is private") {
			t.Errorf("%s without a token: status %d: %.300s", address, status, body)
		}
		if status, _ := visit(t, with(address, "token="+tampered), ""); status != http.StatusForbidden {
			t.Errorf("%s with a wrong token: status %d", address, status)
		}
		u, _ := url.Parse(f)
		kind := u.Scheme + u.Path[strings.LastIndexByte(u.Path, '.'):]
		if tried[kind]++; tried[kind] > 3 {
			continue
		}
		for name, w := range wrong {
			query := w.query
			if query == "" {
				query = "token=" + w.bearer
				if status, _ := visit(t, address, w.bearer); status != http.StatusForbidden {
					t.Errorf("%s with a bearer that is wrong (%s): status %d", address, name, status)
				}
			}
			if status, body := visit(t, with(address, query), ""); status != http.StatusForbidden && !(status == http.StatusUnauthorized && name == "half of the link") ||
				!strings.Contains(body, w.sentence) {
				t.Errorf("%s with a permission that is wrong (%s): status %d: %.300s", address, name, status, body)
			}
		}
		for name, right := range map[string]string{"app": app, "bearer": good, "address": site.good("live/private", object{"ip": "127.0.0.1/32"})} {
			if status, body := visit(t, address, right); status != http.StatusOK && status != http.StatusNotFound || status == http.StatusNotFound && !strings.Contains(address, ".m4s") && !strings.Contains(address, ".ts") {
				t.Errorf("%s by %s: status %d: %.300s", address, name, status, body)
			}
		}
	}

	for name, w := range wrong {
		query := w.query
		if query == "" {
			query = "token=" + w.bearer
		}
		if err := s.watches(t, "private?"+query); err == nil || !strings.Contains(err.Error(), w.sentence) {
			t.Errorf("RTMP with a permission that is wrong (%s): %v", name, err)
		}
	}
	if err := s.watches(t, "private"); err == nil || !strings.Contains(err.Error(), "this stream is private") {
		t.Errorf("RTMP without a permission: %v", err)
	}
	for name, query := range map[string]string{"token": "token=" + good, "app": "token=" + app, "link": link} {
		if err := s.watches(t, "private?"+query); err != nil {
			t.Errorf("RTMP by %s: %v", name, err)
		}
	}
	if body := s.get("/api/v1/streams").body; strings.Contains(body, "private") {
		t.Errorf("strangers are told of it: %s", body)
	}
	if got := s.get("/api/v1/streams/live/private"); got.status != http.StatusUnauthorized {
		t.Errorf("strangers may read it: status %d", got.status)
	}
	if got := s.get("/api/v1/streams/live/private?token=" + good); got.status != http.StatusOK {
		t.Errorf("viewers may not read it: %+v", got)
	}
	for _, secret := range []string{good, site.secret, key, strings.Split(link, "sig=")[1]} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("%.12s… is in the log", secret)
		}
	}
}

// Players that add nothing to the addresses that they are given play a private
// stream, until its permission is taken back.
func TestControlPrivatePlayers(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.admin(t)
	_, key := a.create(t, "live/shut", "private")
	site := a.signing(t)
	endless(t, s.rtmpURL("live/"+key))
	a.waitState(t, "live/shut", "live")
	pass := "?token=" + site.good("live/shut", object{"jti": "visitor-17"})
	wait(t, 10*time.Second, "a playlist", func() bool { return s.get("/live/shut/index.m3u8"+pass).status == http.StatusOK })

	players := make(map[string]*process)
	for name, address := range map[string]string{
		"HLS": s.hlsURL("live/shut"), "HLS (TS)": s.url("/live/shut/ts.m3u8"), "DASH": s.dashURL("live/shut"),
		"RTMP": s.rtmpURL("live/shut"), "HTTP-FLV": s.flvURL("live/shut"), "HTTP-TS": s.url("/live/shut.ts"),
	} {
		players[name] = launch(t, "ffmpeg", "-hide_banner", "-loglevel", "warning", "-stats", "-i", address+pass, "-t", "1", "-c", "copy", "-f", "null", "-")
	}
	for name, p := range players {
		if code := p.wait(t, 20*time.Second); code != 0 || !strings.Contains(p.out.String(), "frame=") {
			t.Errorf("%s: FFmpeg ended with status %d:\n%s", name, code, p.out)
		}
	}

	others := site.good("live/shut")
	stays := probe(t, s.flvURL("live/shut")+"?token="+others)
	leave := map[string]*reading{
		"RTMP": probe(t, s.rtmpURL("live/shut")+pass), "HTTP-FLV": probe(t, s.flvURL("live/shut")+pass), "HTTP-TS": probe(t, s.url("/live/shut.ts")+pass),
	}
	wait(t, 15*time.Second, "the players to be in", func() bool {
		n, _ := a.do(t, http.StatusOK, "GET", "/streams/live/shut", nil)["viewers_total"].(float64)
		return n >= 4
	})
	a.do(t, http.StatusCreated, "POST", "/revocations", object{"id": "visitor-17"})
	revoked := time.Now()
	if status, body := visit(t, s.hlsURL("live/shut")+pass, ""); status != http.StatusForbidden || !strings.Contains(body, "revoked") {
		t.Errorf("the next request after the revocation: status %d: %s", status, body)
	}
	for name, p := range leave {
		p.wait(t, 10*time.Second)
		if took := time.Since(revoked); took > 6*time.Second {
			t.Errorf("%s ended %v after the revocation", name, took)
		}
	}
	if !stays.running() {
		t.Error("revoking one permission ended another's player")
	}
	// One that the stream's owner takes away from everybody.
	a.do(t, http.StatusNoContent, "DELETE", "/signing-keys/"+site.id, nil)
	stays.wait(t, 6*time.Second)
}

// The page plays a private stream by the token in its own address, and says what is
// missing without one.
func TestControlPrivateInChromium(t *testing.T) {
	parallelInBrowser(t)
	s := start(t)
	a := s.admin(t)
	_, key := a.create(t, "live/box", "private")
	site := a.signing(t)
	endless(t, s.rtmpURL("live/"+key))
	a.waitState(t, "live/box", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/box")))
	textHas(t, page, 10*time.Second, "This stream is private")
	see(t, page, 10*time.Second, "open the page with a token",
		chromedp.Navigate(s.url("/live/box?protocol=hls&token="+site.good("live/box", object{"jti": "page"}))))
	plays(t, page, 20*time.Second)
	a.do(t, http.StatusCreated, "POST", "/revocations", object{"id": "page"})
	textHas(t, page, 15*time.Second, "This link does not let you in")
}

// An unlisted stream is not there by its name, and plays by its playback id.
func TestControlUnlisted(t *testing.T) {
	t.Parallel()
	s := start(t, "--play-wait", "1s")
	a := s.admin(t)
	made := a.do(t, http.StatusCreated, "POST", "/streams", object{"name": "live/unlisted"})
	ids, _ := made["playback_ids"].([]any)
	if made.text("visibility") != "unlisted" || len(ids) != 1 {
		t.Fatalf("a stream made without a word about it is %v", made)
	}
	endless(t, s.rtmpURL("live/"+made.text("stream_key")))
	a.waitState(t, "live/unlisted", "live")
	playback := fmt.Sprintf("live/%v", ids[0])
	wait(t, 10*time.Second, "a playlist", func() bool { return s.get("/"+playback+"/index.m3u8").status == http.StatusOK })

	made = a.do(t, http.StatusCreated, "POST", "/streams/live%2Funlisted/links", nil)
	if status, _ := visit(t, made.text("addresses", "hls"), ""); status != http.StatusOK {
		t.Errorf("the address that is given out, %s: status %d", made.text("addresses", "hls"), status)
	}

	files := s.files(t, playback, "")
	for _, f := range files {
		if strings.HasSuffix(f, "/time.mpd") {
			continue // what time it is, whatever stream that is asked for
		}
		var answers []string
		for _, name := range []string{"live/unlisted", "live/nothere0"} {
			status, body := visit(t, strings.Replace(f, playback, name, 1), "")
			if status != http.StatusNotFound && !strings.HasSuffix(f, ".jpg") {
				t.Errorf("%s by the name %s: status %d", f, name, status)
			}
			answers = append(answers, fmt.Sprint(status, strings.ReplaceAll(body, name, "NAME")))
		}
		if answers[0] != answers[1] {
			t.Errorf("%s: the answer tells a stream that is hidden from one that is not there:\n%s\n%s", f, answers[0], answers[1])
		}
	}
	for _, f := range []string{"/api/v1/streams/", "/embed/", "/"} {
		x, y := s.get(f+"live/unlisted"), s.get(f+"live/nothere0")
		if x.status != y.status || strings.ReplaceAll(x.body, "live/unlisted", "NAME") != strings.ReplaceAll(y.body, "live/nothere0", "NAME") {
			t.Errorf("%s tells a stream that is hidden from one that is not there:\n%+v\n%+v", f, x, y)
		}
	}
	id := strings.TrimPrefix(playback, "live/")
	if err := s.watches(t, id); err != nil {
		t.Errorf("RTMP by the playback id: %v", err)
	}
	var hidden, missing *rtmp.StatusError
	if err := s.watches(t, "unlisted"); !errors.As(err, &hidden) {
		t.Errorf("RTMP by the name: %v", err)
	}
	if err := s.watches(t, "nothere0"); !errors.As(err, &missing) || hidden != nil && (hidden.Code != missing.Code ||
		strings.ReplaceAll(hidden.Description, "unlisted", "") != strings.ReplaceAll(missing.Description, "nothere0", "")) {
		t.Errorf("RTMP tells a stream that is hidden from one that is not there: %v, %v", hidden, missing)
	}
	var list struct{ Streams []json.RawMessage }
	if err := json.Unmarshal([]byte(s.get("/api/v1/streams").body), &list); err != nil || len(list.Streams) != 0 {
		t.Errorf("strangers see %s, %v", list.Streams, err)
	}
	// Another address, and the old one is no more.
	a.do(t, http.StatusOK, "PATCH", "/streams/live/unlisted", object{"playback_ids": []string{"pb_" + strings.Repeat("a", 20)}})
	if got := s.get("/" + playback + "/index.m3u8"); got.status != http.StatusNotFound {
		t.Errorf("by a playback id that was taken away: status %d", got.status)
	}
	if got := s.get("/live/pb_" + strings.Repeat("a", 20) + "/index.m3u8"); got.status != http.StatusOK {
		t.Errorf("by the new playback id: status %d", got.status)
	}
}
