package poster

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// patient is a studio for a machine that has better to do.
func patient(program string) *studio {
	s := newStudio(program)
	s.limit, s.memory = long, plenty
	return s
}

func TestStudio(t *testing.T) {
	s := patient(os.Args[0])
	for _, c := range []struct{ what, want string }{
		{"paint", ""},
		{"wide", "what it made is too large: 1282x36"},
		{"most", "what it made has no end"},
		{"nothing", "it made no picture"},
		{"garble", "what it made is no JPEG"},
		{"fail", "ffmpeg failed: exit status 3"},
	} {
		b, err := s.paint(t.Context(), told(c.what))
		switch {
		case c.want == "" && (err != nil || string(b) != string(drawn(64, 36))):
			t.Errorf("%s: %d bytes, %v", c.what, len(b), err)
		case c.want != "" && (err == nil || b != nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: %d bytes, %v, want %s", c.what, len(b), err, c.want)
		}
	}
	if len(s.turns) != 0 {
		t.Errorf("%d turns were not given back", len(s.turns))
	}
}

// No more pictures are made at once than there are turns, and who waits for one
// does not wait for ever.
func TestStudioIsCrowded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(os.Args[0])
		for range makers {
			if err := s.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if err := s.wait(t.Context()); !errors.Is(err, errCrowded) || time.Since(began) != queueTime {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("whose picture is not wanted any more: %v", err)
		}
		time.AfterFunc(time.Second, func() { <-s.turns })
		if err := s.wait(t.Context()); err != nil {
			t.Errorf("whose turn comes: %v", err)
		}
	})
}

func TestStudioWithoutProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := newStudio("").paint(t.Context(), told("paint")); !errors.Is(err, errMissing) {
		t.Errorf("the error is %v", err)
	}
}
