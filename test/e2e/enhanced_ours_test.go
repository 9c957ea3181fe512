package e2e

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// ourReader is our own client, which asks for every track. It keeps what the
// tracks were at each change.
type ourReader struct {
	done    chan struct{}
	packets []packet
	sets    []*media.TrackSet
	err     error
}

// weRead plays over RTMP.
func weRead(t *testing.T, url string) *ourReader {
	t.Helper()
	r := &ourReader{done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		<-r.done
	})
	go func() {
		defer close(r.done)
		stream, err := rtmp.Play(ctx, url)
		if err != nil {
			r.err = err
			return
		}
		defer stream.Close()
		defer context.AfterFunc(ctx, func() { stream.Close() })()
		r.all(stream.ReadFrame)
	}()
	return r
}

// weReadFLV reads HTTP-FLV or a file's bytes as a server gives them.
func weReadFLV(t *testing.T, url string) *ourReader {
	t.Helper()
	r := &ourReader{done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		<-r.done
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %v, %+v", url, err, resp)
	}
	go func() {
		defer close(r.done)
		defer resp.Body.Close()
		r.all(flv.NewFrameReader(bufio.NewReader(resp.Body)).Next)
	}()
	return r
}

func (r *ourReader) all(next func() (*media.Frame, error)) {
	for {
		f, err := next()
		if err != nil {
			r.err = err
			return
		}
		if f.Kind != media.Video && f.Kind != media.Audio {
			continue
		}
		if len(r.sets) == 0 || r.sets[len(r.sets)-1] != f.Tracks {
			r.sets = append(r.sets, f.Tracks)
		}
		if f.Class == media.Command {
			continue
		}
		sum := md5.Sum(f.Payload)
		r.packets = append(r.packets, packet{
			kind: trackName(f.Kind.String(), int(f.Track)),
			pts:  time.Duration(f.PTS).Seconds(), dts: time.Duration(f.DTS).Seconds(),
			hash: hex.EncodeToString(sum[:]), key: f.Class == media.Key,
		})
	}
}

func (r *ourReader) read(t *testing.T, limit time.Duration) ([]elementary, []packet) {
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(limit):
		t.Fatalf("our client did not end within %v", limit)
	}
	if !errors.Is(r.err, io.EOF) && !errors.Is(r.err, rtmp.ErrStreamClosed) {
		t.Errorf("our client ended with: %v", r.err)
	}
	var streams []elementary
	if n := len(r.sets); n > 0 {
		// The fullest set: at the end the tracks go one by one.
		for i, tr := range slices.MaxFunc(r.sets, func(a, b *media.TrackSet) int { return len(a.Tracks) - len(b.Tracks) }).Tracks {
			e := elementary{Index: i, Kind: tr.Kind.String(), Codec: tr.Codec.String()}
			if p := tr.Picture(); p != nil {
				e.Width, e.Height = p.Width, p.Height
			}
			streams = append(streams, e)
		}
	}
	return streams, r.packets
}
