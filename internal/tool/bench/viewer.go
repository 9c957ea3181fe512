package bench

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/millrace-live/millrace/rtmp"
)

const playlistEnding = ".m3u8"

// isHLS reports whether an address is one of a playlist.
func isHLS(raw string) bool {
	scheme, _, _ := strings.Cut(raw, "://")
	path, _, _ := strings.Cut(raw, "?")
	return strings.HasPrefix(strings.ToLower(scheme), "http") && strings.HasSuffix(path, playlistEnding)
}

// viewer plays HLS as a browser does: from the multivariant playlist the first
// variant and its sound, each by a playlist whose reload is held until there is
// more, and by requests for what it names. It keeps nothing of the media.
//
// Each of the two has a goroutine, and over HTTP/1.1 a connection for its
// playlists and one for its media: while that loads, the reload waits.
type viewer struct {
	p      *player
	dial   func() exchange
	tracks []*viewerTrack

	since   time.Time // there was enough to begin with; before that nothing counts
	mu      sync.Mutex
	begun   time.Time // the playback, moved on by its stalls
	stalled time.Time // when the last of them was over
}

// viewerTrack is the picture or the sound of a viewer.
type viewerTrack struct {
	v               *viewer
	playlist, media exchange
	base            *url.URL // of what its playlist names,
	path, folder    string   // the address's without and with the playlist's name
	list            playlist
	header          string        // that was loaded
	at              place         // what is loaded next
	loaded          time.Duration // since the playback began, guarded by v.mu
	early           string        // the hinted part that came before it was listed,
	earlyAt         time.Time     // and when
}

func (p *player) playHLS(ctx context.Context, d *rtmp.Dialer) error {
	base, err := url.Parse(p.address.Raw())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // which closes all connections
	v := &viewer{p: p}
	session := rand.Text()
	v.dial = func() exchange { return newPlainExchange(d.NetDial, base, session) }
	if strings.EqualFold(base.Scheme, "https") {
		transport := &http.Transport{
			DialContext: d.NetDial, TLSClientConfig: d.TLSConfig.Clone(), DisableCompression: true, ForceAttemptHTTP2: true,
		}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		v.dial = func() exchange { return newSharedExchange(client, base, session) }
	}
	p.began(time.Now())
	if err := v.join(ctx, base); err != nil {
		return err
	}
	v.since = time.Now()
	v.begun = v.since
	p.meter.join(v.since)
	ends := make(chan error)
	for _, t := range v.tracks {
		go func() { ends <- t.play(ctx) }()
	}
	err = <-ends
	v.over()
	cancel()
	for range v.tracks[1:] {
		err = cmp.Or(err, <-ends) // the others end because one has
	}
	return err
}

// join loads what there is before something can be seen.
func (v *viewer) join(ctx context.Context, base *url.URL) error {
	x, first := v.dial(), bytes.Buffer{}
	start := time.Now()
	status, err := v.get(ctx, x, base.RequestURI(), &first)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return unexpected(status)
	}
	v.p.meter.totals.connect.add(time.Since(start))
	v.p.on.Store(true)
	lists := []string{base.RequestURI()}
	if picture, sound, ok := variant(first.Bytes()); ok {
		lists = []string{picture}
		if sound != "" && sound != picture {
			lists = append(lists, sound)
		}
	}
	for i, uri := range lists {
		t := &viewerTrack{v: v, playlist: x, media: v.dial()}
		if i > 0 {
			t.playlist = v.dial()
		}
		if t.base, err = base.Parse(uri); err != nil {
			return err
		}
		t.path, t.folder = t.base.RequestURI(), t.base.EscapedPath()
		t.folder = t.folder[:strings.LastIndexByte(t.folder, '/')+1]
		if err := t.begin(ctx); err != nil {
			return err
		}
		v.tracks = append(v.tracks, t)
	}
	return nil
}

// begin loads the playlist for the first time, and what a player wants to have
// before it plays.
func (t *viewerTrack) begin(ctx context.Context) error {
	var text bytes.Buffer
	status, err := t.v.get(ctx, t.playlist, t.path, &text)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return unexpected(status)
	}
	t.list.scan(text.Bytes(), place{})
	t.list.join()
	return t.load(ctx)
}

// get is a request whose answer is awaited.
func (v *viewer) get(ctx context.Context, x exchange, path string, into *bytes.Buffer) (int, error) {
	if err := x.send(ctx, path); err != nil {
		return 0, err
	}
	return v.receive(ctx, x, into)
}

func (v *viewer) receive(ctx context.Context, x exchange, into *bytes.Buffer) (int, error) {
	status, err := x.receive(ctx, into)
	if err == nil {
		v.p.meter.totals.requests.Add(1)
		if status != http.StatusOK {
			v.p.meter.totals.failures.Add(1)
		}
	}
	return status, err
}

// texts are the buffers that playlists are read into: they are scanned at once,
// so that few are needed.
var texts = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const (
	// retryAfter is how long a viewer waits after a refusal, mostRefusals after
	// how many in a row it gives up.
	retryAfter   = time.Second
	mostRefusals = 5
)

var errNoTarget = errors.New("the playlist names no target duration")

// play loads what its playlist names until ctx is done, which is an error, too.
func (t *viewerTrack) play(ctx context.Context) error {
	changed, refused := true, 0
	for {
		if t.list.blocks {
			if err := t.playlist.send(ctx, t.reload()); err != nil {
				return err
			}
		}
		if err := t.load(ctx); err != nil {
			return err
		}
		if t.list.ended {
			return errEnded
		}
		if t.v.p.hinted {
			if err := t.preload(ctx); err != nil {
				return err
			}
		}
		if !t.list.blocks {
			if err := t.poll(ctx, changed); err != nil {
				return err
			}
		}
		text := texts.Get().(*bytes.Buffer)
		text.Reset()
		status, err := t.v.receive(ctx, t.playlist, text)
		switch {
		case err != nil:
		case status == http.StatusOK:
			before := t.list.end
			t.list.scan(text.Bytes(), t.at)
			changed, refused = t.list.end != before, 0
		default:
			t.list.items = t.list.items[:0]
			if refused++; refused == mostRefusals {
				return unexpected(status)
			}
			err = pause(ctx, retryAfter)
		}
		texts.Put(text)
		if err != nil {
			return err
		}
	}
}

// reload is the address of the next state of the playlist (§6.2.5).
func (t *viewerTrack) reload() string {
	b := make([]byte, 0, 128)
	b = append(b, t.path...)
	separator := byte('?')
	if strings.IndexByte(t.path, '?') >= 0 {
		separator = '&'
	}
	b = strconv.AppendUint(append(append(b, separator), "_HLS_msn="...), t.list.end.segment, 10)
	if t.list.partTarget > 0 {
		b = strconv.AppendInt(append(b, "&_HLS_part="...), int64(t.list.end.part), 10)
	}
	if t.list.skips {
		b = append(b, "&_HLS_skip=YES"...)
	}
	return string(b)
}

// poll asks for the playlist where the server holds no requests: after a target
// duration, or half of one if nothing was new (§6.3.4).
func (t *viewerTrack) poll(ctx context.Context, changed bool) error {
	wait := t.list.target
	if wait == 0 {
		return errNoTarget
	}
	if !changed {
		wait /= 2
	}
	if err := pause(ctx, wait); err != nil {
		return err
	}
	return t.playlist.send(ctx, t.path)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// load loads what the playlist has that is new.
func (t *viewerTrack) load(ctx context.Context) error {
	if t.list.header != t.header {
		t.header = t.list.header
		if _, err := t.fetch(ctx, t.header); err != nil {
			return err
		}
	}
	for i := range t.list.items {
		it := &t.list.items[i]
		t.at = it.next
		if it.uri == t.early {
			t.early = ""
			t.arrived(it, t.earlyAt)
			continue
		}
		ok, err := t.fetch(ctx, it.uri)
		if err != nil {
			return err
		}
		if ok {
			t.arrived(it, time.Now())
		}
	}
	t.list.items = t.list.items[:0]
	return nil
}

// preload asks for the part that the playlist hints at, and waits for it. How
// long it is, and when it was complete, the next playlist tells.
func (t *viewerTrack) preload(ctx context.Context) error {
	if t.list.hint == "" || t.list.hint == t.early {
		return nil
	}
	ok, err := t.fetch(ctx, t.list.hint)
	if ok {
		t.early, t.earlyAt = t.list.hint, time.Now()
	}
	return err
}

// fetch loads a file, and reports whether there is one.
func (t *viewerTrack) fetch(ctx context.Context, uri string) (bool, error) {
	path := t.folder + uri
	if strings.HasPrefix(uri, "/") || strings.Contains(uri, "://") {
		u, err := t.base.Parse(uri)
		if err != nil {
			return false, err
		}
		if u.Host != t.base.Host {
			return false, errors.New("the playlist names files on another host")
		}
		path = u.RequestURI()
	}
	status, err := t.v.get(ctx, t.media, path, nil)
	return status == http.StatusOK, err
}

// arrived takes note of media that came whole.
func (t *viewerTrack) arrived(it *item, now time.Time) {
	if since := t.v.since; !since.IsZero() && it.made.After(since) {
		t.v.p.meter.totals.delivery.add(now.Sub(it.made))
	}
	t.v.mu.Lock()
	defer t.v.mu.Unlock()
	t.v.dry(t, now)
	t.loaded += it.length
}

// dry counts a stall if all that was loaded of a track had been played before
// now. Playback waits, and goes on with what came. What follows within a second
// is the same stall: the other track's, or the rest of what was late.
func (v *viewer) dry(t *viewerTrack, now time.Time) {
	if v.begun.IsZero() {
		return
	}
	late := now.Sub(v.begun.Add(t.loaded))
	if late <= 0 {
		return
	}
	const same = time.Second
	if v.stalled.IsZero() || now.Sub(v.stalled) > same {
		v.p.meter.stalls++
	}
	v.begun, v.stalled = v.begun.Add(late), now
}

// over ends the accounts: a server that has stopped has made all stall.
func (v *viewer) over() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, t := range v.tracks {
		v.dry(t, time.Now())
	}
}
