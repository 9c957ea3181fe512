package event

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/problem"
)

// writeTime is how long somebody who follows may take none of what is sent.
const writeTime = 10 * time.Second

// ServeSSE sends events as they come, as server-sent events, whose id is the
// place in the queue. The query may narrow them down by type (more than one, or
// with commas; "stream.*"), app and stream. It begins with what comes next, or
// after the place in the header Last-Event-ID or in the query's "after", so that
// nothing is missed that the database still has.
//
// allowed says what the client may see, and whether it may still follow; it is
// asked again at each heartbeat. Nil allows everything.
func (f *Feed) ServeSSE(w http.ResponseWriter, r *http.Request, allowed func() (Filter, bool)) {
	if allowed == nil {
		allowed = func() (Filter, bool) { return Filter{}, true }
	}
	scope, ok := allowed()
	if !ok {
		problem.Write(w, http.StatusForbidden, "this token may not follow the events")
		return
	}
	want, after, err := question(r)
	if err != nil {
		problem.Write(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	newest, err := f.tail.join(r.Context())
	switch {
	case errors.Is(err, ErrFollowers):
		w.Header().Set("Retry-After", "30")
		problem.Write(w, http.StatusServiceUnavailable, err.Error())
		return
	case err != nil:
		w.Header().Set("Retry-After", "5")
		problem.Write(w, http.StatusServiceUnavailable, "the database is away, and the events with it")
		return
	}
	defer f.tail.leave()
	if after < 0 || after > newest {
		after = newest
	}
	f.tail.wake()

	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would wait for more
	s := sender{w: w, rc: http.NewResponseController(w)}
	// Browsers tell their page that the feed is open when the first bytes come.
	if s.send([]byte("retry: 3000\n\n")) != nil {
		return
	}
	beat := time.NewTicker(f.hold.heartbeat)
	defer beat.Stop()
	for asked := time.Now(); ; {
		if time.Since(asked) >= f.hold.heartbeat {
			if scope, ok = allowed(); !ok {
				return
			}
			asked = time.Now()
		}
		events, more, err := f.tail.next(r.Context(), after)
		if err == nil && len(events) > 0 {
			after = events[len(events)-1].Sequence
			if s.sendEvents(events, want, scope) != nil {
				return
			}
			continue
		}
		if more == nil {
			return // the server ends: the client comes back with its Last-Event-ID
		}
		if err != nil {
			more = retry(r.Context(), f.hold.look)
		}
		select {
		case <-more:
		case <-beat.C:
			if s.send([]byte(": still here\n\n")) != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// retry is a channel that is closed a while later.
func retry(ctx context.Context, after time.Duration) <-chan struct{} {
	later := make(chan struct{})
	go func() {
		sleep(ctx, after)
		close(later)
	}()
	return later
}

// question reads what a client asks for. The sequence is negative if it has seen
// none.
func question(r *http.Request) (Filter, int64, error) {
	q := r.URL.Query()
	f := Filter{Stream: q.Get("stream")}
	for _, types := range q["type"] {
		for t := range strings.SplitSeq(types, ",") {
			if err := CheckPattern(t); err != nil {
				return f, 0, err
			}
			f.Types = append(f.Types, t)
		}
	}
	for _, apps := range q["app"] {
		f.Apps = append(f.Apps, strings.Split(apps, ",")...)
	}
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = q.Get("after")
	}
	if last == "" {
		return f, -1, nil
	}
	after, err := strconv.ParseInt(last, 10, 64)
	if err != nil || after < 0 {
		return f, 0, errors.New("Last-Event-ID and after are numbers: the id of an event of this feed")
	}
	return f, after, nil
}

type sender struct {
	w   http.ResponseWriter
	rc  *http.ResponseController
	buf bytes.Buffer
}

func (s *sender) sendEvents(events []database.Event, want, scope Filter) error {
	s.buf.Reset()
	for i := range events {
		e := &events[i]
		if t := Type(e.Type); want.Match(t, e.Subject) && scope.Match(t, e.Subject) {
			s.buf.WriteString("id: " + strconv.FormatInt(e.Sequence, 10) + "\nevent: " + e.Type + "\ndata: ")
			s.buf.Write(e.Body) // of one line, as encoding/json writes it
			s.buf.WriteString("\n\n")
		}
	}
	if s.buf.Len() == 0 {
		return nil
	}
	return s.send(s.buf.Bytes())
}

func (s *sender) send(b []byte) error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(writeTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write(b); err != nil {
		return err
	}
	return s.rc.Flush()
}
