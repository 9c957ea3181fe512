package e2e

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// asker is a viewer of HLS or DASH who reads playlists and media as players do and
// plays nothing.
type asker struct {
	query  string            // added to each address
	fields map[string]string // of each request
}

// byArgument and byHeader name their session by CMCD.
func byArgument(sid, more string) asker {
	return asker{query: "CMCD=" + url.QueryEscape(fmt.Sprintf("%ssid=%q", more, sid))}
}

func byHeader(sid string) asker {
	return asker{fields: map[string]string{
		"CMCD-Session": fmt.Sprintf("sf=h,sid=%q,st=l", sid), "CMCD-Request": "bl=1900,mtp=25400", "CMCD-Object": "br=4500,ot=v,tb=4500",
	}}
}

// ask reads one file, whole.
func (a asker) ask(address string) (string, error) {
	if a.query != "" {
		mark := "?"
		if strings.Contains(address, "?") {
			mark = "&"
		}
		address += mark + a.query
	}
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("User-Agent", "asker")
	for name, value := range a.fields {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", address, resp.Status, b)
	}
	return string(b), err
}

var (
	playlistNames = regexp.MustCompile(`[^\s"/]+\.m3u8`)
	newestPart    = regexp.MustCompile(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="[^"]*_(\d+)\.(\d+)\.m4s"`)
	firstSegment  = regexp.MustCompile(`#EXT-X-MEDIA-SEQUENCE:(\d+)`)
	initNames     = regexp.MustCompile(`initialization="([^"]+)"`)
	namesOfTracks = regexp.MustCompile(`<Representation id="([^"]+)"`)
)

// hls reads every playlist that the stream has once, waiting for the next part of it.
func (a asker) hls(s *server, stream string) error {
	root := s.url("/" + stream + "/")
	list, err := a.ask(root + "index.m3u8")
	if err != nil {
		return err
	}
	names := slices.Compact(slices.Sorted(slices.Values(playlistNames.FindAllString(list, -1))))
	if len(names) < 2 {
		return fmt.Errorf("index.m3u8 lists %q", names)
	}
	for _, name := range names {
		list, err := a.ask(root + name)
		if err != nil {
			return err
		}
		if next := newestPart.FindStringSubmatch(list); next != nil {
			if _, err := a.ask(fmt.Sprintf("%s%s?_HLS_msn=%s&_HLS_part=%s", root, name, next[1], next[2])); err != nil {
				return err
			}
		}
	}
	return nil
}

// dash reads the manifest and the header of each track.
func (a asker) dash(s *server, stream string) error {
	root := s.url("/" + stream + "/")
	list, err := a.ask(root + "manifest.mpd")
	if err != nil {
		return err
	}
	init, tracks := initNames.FindStringSubmatch(list), namesOfTracks.FindAllStringSubmatch(list, -1)
	if init == nil || len(tracks) < 2 {
		return fmt.Errorf("what does the manifest say?\n%s", list)
	}
	for _, track := range tracks {
		if _, err := a.ask(root + strings.ReplaceAll(init[1], "$RepresentationID$", track[1])); err != nil {
			return err
		}
	}
	return nil
}

// Viewers of every protocol are counted, each once: real players, and sessions that
// only their names tell apart. They are seen in the list of streams, among the
// sessions and in the metrics, and are gone when they stop.
func TestViewersOfEachProtocol(t *testing.T) {
	t.Parallel()
	s := start(t, "--open", "--trusted-proxy", "127.0.0.1")
	const name = "live/crowd"
	publish(t, clip(t, "long", 100), s.rtmpURL(name))
	s.waitState(t, name, "live")

	want := map[string]int{}
	var players []*process
	play := func(protocol, address string, n int) {
		for i := range n {
			flags := []string{"-hide_banner", "-loglevel", "warning"}
			if protocol == "hls" || protocol == "dash" {
				flags = append(flags, "-user_agent", fmt.Sprintf("player %d", i))
			}
			players = append(players, launch(t, "ffmpeg", append(flags, "-i", address, "-c", "copy", "-f", "null", "-")...))
			want[protocol]++
		}
	}
	play("rtmp", s.rtmpURL(name), 2)
	play("http-flv", s.flvURL(name), 2)
	play("ts", s.tsURL(name), 2)
	play("hls", s.hlsURL(name), 2)
	play("dash", s.url("/"+name+"/manifest.mpd"), 2)

	askers := map[string][]asker{
		"hls": {
			byHeader("zebra-1"), byHeader("zebra-2"), byArgument("zebra-3", "bs,"), byArgument("zebra-4", ""), byArgument("zebra-5", ""),
			{fields: map[string]string{"X-Playback-Session-Id": "zebra-6"}},
			{query: "CMCD=%zz;", fields: map[string]string{"CMCD-Session": `sid="open`, "User-Agent": "damaged"}},
			{fields: map[string]string{"X-Forwarded-For": "192.0.2.1"}},
			{fields: map[string]string{"X-Forwarded-For": "192.0.2.2"}},
		},
		"dash": {byHeader("zebra-1"), byArgument("zebra-7", "")},
	}
	stop := make(chan struct{})
	var busy sync.WaitGroup
	for protocol, list := range askers {
		for _, a := range list {
			want[protocol]++
			look := a.hls
			if protocol == "dash" {
				look = a.dash
			}
			busy.Go(func() {
				for {
					if err := look(s, name); err != nil {
						t.Errorf("%s, %+v: %v", protocol, a, err)
						return
					}
					select {
					case <-time.After(3 * time.Second):
					case <-stop:
						return
					}
				}
			})
		}
	}
	quit := sync.OnceFunc(func() { close(stop) })
	t.Cleanup(busy.Wait)
	t.Cleanup(quit)

	total := 0
	for _, n := range want {
		total += n
	}
	var got stream
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		got = s.stream(t, name)
		right := got.ViewersTotal == total
		for protocol, n := range want {
			right = right && got.Viewers[protocol] == n
		}
		if right {
			break
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("%v viewers, %d together; want %v", got.Viewers, got.ViewersTotal, want)
		}
	}
	for protocol, n := range want {
		s.waitMetric(t, fmt.Sprintf("millrace_viewers{protocol=%q}", protocol), float64(n))
	}

	b, err := os.ReadFile(filepath.Join(s.data, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(b))
	for protocol, n := range want {
		list, text := s.sessions(t, "?role=player&stream="+name+"&protocol="+protocol, token)
		if len(list) != n {
			t.Errorf("%s: %d sessions, want %d: %s", protocol, len(list), n, text)
		}
		for _, one := range list {
			if one.Stream != name || one.Broadcast == "" || one.Remote == "" || one.ID == "" {
				t.Errorf("%+v", one)
			}
		}
	}
	all, text := s.sessions(t, "?role=player&limit=1000", token)
	if len(all) != total {
		t.Errorf("%d sessions of players, want %d", len(all), total)
	}
	for _, each := range []string{
		`"cmcd":{"at":`, `"buffer":1.9,"throughput":25400000,"video_bitrate":4500000`, `"playback_session":"zebra-5"`,
		`"playback_session":"zebra-6"`, `"remote":"192.0.2.1:0"`, `"software":"damaged"`,
	} {
		if !strings.Contains(text, each) {
			t.Errorf("the sessions hold no %s:\n%s", each, text)
		}
	}
	if _, open := s.sessions(t, "?role=player&limit=1000", ""); strings.Contains(open, "zebra") || strings.Contains(open, "192.0.2") {
		t.Errorf("everyone can see who watches:\n%s", open)
	}
	if n := s.scrape(t)[`millrace_buffer_starvations_total{protocol="hls"}`]; n < 2 {
		t.Errorf("%v starvations were counted", n)
	}

	quit()
	busy.Wait()
	for _, p := range players {
		p.kill()
	}
	began := time.Now()
	wait(t, 30*time.Second, "everyone to be gone", func() bool { return s.stream(t, name).ViewersTotal == 0 })
	if gone := time.Since(began); gone < 10*time.Second {
		t.Errorf("viewers of HLS and DASH were gone after %v: what if they had paused for that long?", gone)
	}
	if list, text := s.sessions(t, "?role=player", token); len(list) != 0 {
		t.Errorf("sessions are left: %s", text)
	}
	for protocol := range want {
		s.waitMetric(t, fmt.Sprintf("millrace_viewers{protocol=%q}", protocol), 0)
	}
	if strings.Contains(s.log.String(), "zebra") {
		t.Error("the log has what players call their sessions")
	}
}

// Who waits for the next segment watches, however long its encoder lets it wait.
func TestViewerThatWaits(t *testing.T) {
	t.Parallel()
	s := start(t, "--open", "--segment-length", "8s", "--rtmps", "127.0.0.1:0")
	b, err := os.ReadFile(filepath.Join(s.data, "addresses.json"))
	if err != nil {
		t.Fatal(err)
	}
	var at struct{ RTMPS string }
	if err := json.Unmarshal(b, &at); err != nil {
		t.Fatal(err)
	}
	publisher := publish(t, clip(t, "long", 100), s.rtmpURL("live/waits"))
	s.waitState(t, "live/waits", "live")
	wait(t, 30*time.Second, "a playlist", func() bool { return s.get("/live/waits/index.m3u8").status == http.StatusOK })
	publisher.cmd.Process.Signal(syscall.SIGSTOP)
	s.waitState(t, "live/waits", "reconnecting")

	path := "/live/waits/" + playlistNames.FindString(s.get("/live/waits/index.m3u8").body)
	list := s.get(path).body
	next := strings.Count(list, "#EXTINF")
	if first := firstSegment.FindStringSubmatch(list); first != nil {
		n, _ := strconv.Atoi(first[1])
		next += n
	}
	began := time.Now()
	answered := make(chan error, 1)
	go func() {
		// By HTTP/2, as iPhones do.
		patient := http.Client{Timeout: time.Minute, Transport: &http.Transport{
			ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it is the test's own
		}}
		defer patient.CloseIdleConnections()
		req, err := http.NewRequest(http.MethodGet, fmt.Sprintf("https://%s%s?_HLS_msn=%d", at.RTMPS, path, next), nil)
		if err != nil {
			answered <- err
			return
		}
		req.Header.Set("User-Agent", "Go-http-client/1.1") // who asked before
		resp, err := patient.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode != http.StatusServiceUnavailable || resp.ProtoMajor != 2 {
				err = fmt.Errorf("the answer is %s %s", resp.Proto, resp.Status)
			}
		}
		answered <- err
	}()
	for waiting := true; waiting; time.Sleep(time.Second) {
		select {
		case err := <-answered:
			if err != nil {
				t.Error(err)
			}
			waiting = false
		default:
			// After a second: the hub is told once in a second.
			if n := s.stream(t, "live/waits").Viewers["hls"]; n != 1 && time.Since(began) > 2*time.Second {
				t.Fatalf("after %v of waiting there are %d viewers", time.Since(began), n)
			}
		}
	}
	if waited := time.Since(began); waited < 22*time.Second {
		t.Errorf("the answer came after %v: nobody could have been taken for gone", waited)
	}
}

// The page's players tell about themselves, whichever of the two with segments plays,
// and are one viewer each.
func TestPageTellsOfItself(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	publish(t, clip(t, "long", 100), s.rtmpURL("live/tells"))
	s.waitState(t, "live/tells", "live")
	b, err := os.ReadFile(filepath.Join(s.data, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/tells")))
	plays(t, page, 15*time.Second)
	for _, way := range ways {
		if way.name == "flv" {
			continue
		}
		by(t, page, way.label, way.file)
		var list []session
		var text string
		wait(t, 20*time.Second, "the player to tell of itself by "+way.label, func() bool {
			list, text = s.sessions(t, "?protocol="+way.name, strings.TrimSpace(string(b)))
			return strings.Contains(text, `"buffer"`)
		})
		if len(list) != 1 || !regexp.MustCompile(`"playback_session":"[0-9a-f-]{36}"`).MatchString(text) {
			t.Errorf("%s: %d viewers: %s", way.label, len(list), text)
		}
	}
}

// What players tell about themselves changes no answer, so that a cache may keep one
// for all of them; and players on pages of another origin may send it.
func TestCMCDSpoilsNoCache(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	publisher := publish(t, clip(t, "plain", 10), s.rtmpURL("live/cached"))
	s.waitState(t, "live/cached", "live")
	wait(t, 20*time.Second, "playlists", func() bool { return s.get("/live/cached/index.m3u8").status == http.StatusOK })
	names := playlistNames.FindAllString(s.get("/live/cached/index.m3u8").body, -1)
	publisher.kill() // so that what follows stays as it is
	s.waitState(t, "live/cached", "reconnecting")

	files := []string{"index.m3u8", "manifest.mpd", names[0], names[len(names)-1]}
	for _, file := range files {
		path := "/live/cached/" + file
		plain := s.get(path)
		for _, query := range []string{"CMCD=" + url.QueryEscape(`bl=100,sid="zebra"`), "CMCD=%zz%", "CMCD=;;;", "CMCD=" + strings.Repeat("x", 10_000)} {
			told := s.get(path + "?" + query)
			if told.status != http.StatusOK || told.body != plain.body || told.header.Get("ETag") != plain.header.Get("ETag") {
				t.Errorf("%s?%.40s: status %d, another answer than without that:\n%s", path, query, told.status, told.body)
			}
			for _, field := range told.header.Values("Vary") {
				if strings.Contains(strings.ToLower(field), "cmcd") || field == "*" {
					t.Errorf("%s: Vary: %s", path, field)
				}
			}
		}

		req, err := http.NewRequest(http.MethodOptions, s.url(path), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://elsewhere.example")
		req.Header.Set("Access-Control-Request-Method", "GET")
		req.Header.Set("Access-Control-Request-Headers", "cmcd-object,cmcd-request,cmcd-session,cmcd-status")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if allowed := resp.Header.Get("Access-Control-Allow-Headers"); resp.StatusCode/100 != 2 || allowed != "*, Authorization" || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: the preflight is answered with %s, %v", path, resp.Status, resp.Header)
		}
	}
	// What is not CMCD is refused as ever.
	if a := s.get("/live/cached/" + names[0] + "?CMCD=x&_HLS_msn=x"); a.status != http.StatusBadRequest || !json.Valid([]byte(a.body)) {
		t.Errorf("a damaged directive behind CMCD: status %d: %s", a.status, a.body)
	}
}
