package callback

import (
	"context"
	"crypto/sha256"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

const posterProtocol = "poster"

const (
	// watching is how long a viewer of files is let go on before the back end is
	// asked about them again; an answer that holds longer holds longer.
	watching = 30 * time.Second
	// turnedAway is how long one who was refused is refused without asking.
	turnedAway = 2 * time.Second
	// maxViewers bounds each of the two generations of the viewers remembered.
	maxViewers = 50_000
)

// viewers remembers who watches files. Each of their requests comes here, most of
// them without the arguments that the first one had.
type viewers struct {
	mu         sync.Mutex
	young, old map[digest]*watch
}

// watch is a viewer of one stream's files. It is asked about by one request at a
// time, the others wait.
type watch struct {
	mu    sync.Mutex
	q     *question // with which they came
	err   error
	until time.Time
}

// find returns the entry of that name, which may be new.
func (v *viewers) find(d digest) *watch {
	v.mu.Lock()
	defer v.mu.Unlock()
	w := v.young[d]
	if w == nil {
		if w = v.old[d]; w == nil {
			w = new(watch)
		}
		if v.young == nil || len(v.young) >= maxViewers {
			v.old, v.young = v.young, make(map[digest]*watch)
		}
		v.young[d] = w
	}
	return w
}

// Watch asks on behalf of a viewer of files: playlists, manifests, segments, posters.
// Every request for one may come here; the back end is asked once in 30 seconds for
// each viewer. Next is not asked.
//
// A viewer is an address with a player's name and what it shows in Authorization. One who was let in with arguments in
// the address goes on without them, since players do not repeat them in the
// addresses of segments.
func (g *Gate) Watch(ctx context.Context, req *hub.PlayRequest) error {
	s := g.serviceOf(req.Stream)
	if s == nil || !req.Remote.IsValid() || !s.tells(OnPlay) && !s.tells(OnConnect) {
		return nil
	}
	bare, wishes := viewerDigest(ctx, req, ""), wish(req.Query)
	d, came := bare, wishes != ""
	if came {
		d = viewerDigest(ctx, req, wishes)
	}
	w := g.watched.find(d)
	err := g.look(ctx, s, w, req)
	if err == nil && came {
		w.mu.Lock()
		q, until := w.q, w.until
		w.mu.Unlock()
		b := g.watched.find(bare)
		b.mu.Lock()
		b.q, b.err, b.until = q, nil, until
		b.mu.Unlock()
	}
	return err
}

func (g *Gate) look(ctx context.Context, s *service, w *watch, req *hub.PlayRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if now.Before(w.until) {
		return w.err
	}
	q := w.q
	if q == nil {
		q = playQuestion(ctx, req)
	}
	v, in, err := g.decide(ctx, s, q, true)
	if err == nil {
		in.leave()
		if v.stream(q) != req.Stream {
			err = &hub.Refusal{Code: hub.Forbidden, Reason: "the service that decides about this stream " +
				"gives it another name, by which only RTMP, HTTP-FLV and MPEG-TS can watch it"}
		}
	}
	if ctx.Err() != nil {
		return err // it says nothing of the viewer
	}
	w.err, w.until = err, now.Add(turnedAway)
	if err == nil {
		w.q, w.until = q, now.Add(max(watching, v.cache))
	}
	return err
}

// wish is a query without what players of HLS add by themselves (RFC 8216bis, 6.2.5)
// and what chooses a part of the past.
func wish(query url.Values) string {
	if len(query) == 0 {
		return ""
	}
	rest := make(url.Values, len(query))
	for name, values := range query {
		if !strings.HasPrefix(name, "_HLS_") && name != "start" && name != "end" {
			rest[name] = values
		}
	}
	return rest.Encode()
}

func viewerDigest(ctx context.Context, req *hub.PlayRequest, query string) (d digest) {
	h := sha256.New()
	c, _ := clientOf(ctx)
	for _, part := range []string{req.Stream, req.Remote.Addr().String(), req.Software, req.Bearer, c.Bearer, c.User, c.Password, query} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Sum(d[:0])
	return d
}
