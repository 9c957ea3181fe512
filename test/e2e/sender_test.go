package e2e

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// sender publishes with our own library what no real encoder can be made to
// send: files with times of our choice, one behind another on one connection.
type sender struct {
	stream *rtmp.Stream
	began  time.Time
	media  time.Duration // sent so far, as the clock runs
}

func dialSender(t *testing.T, url string) *sender {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream, err := rtmp.Publish(ctx, url)
	if err != nil {
		t.Fatalf("publish %s: %v", url, err)
	}
	t.Cleanup(func() { stream.Close() })
	return &sender{stream: stream, began: time.Now()}
}

// send publishes the file in real time with its timestamps moved by offset
// milliseconds, modulo 2^32.
func (s *sender) send(t *testing.T, file string, offset uint32) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	last := time.Duration(0)
	for tags := flv.NewReader(f); ; {
		kind, ms, body, err := tags.Next()
		if errors.Is(err, io.EOF) {
			s.media += last
			return
		} else if err != nil {
			t.Fatalf("read %s: %v", file, err)
		}
		last = time.Duration(ms) * time.Millisecond
		// Sending in real time is what this is about.
		time.Sleep(time.Until(s.began.Add(s.media + last)))
		if err := s.stream.WriteMessage(&message.Message{Type: message.Type(kind), Timestamp: ms + offset, Payload: body}); err != nil {
			t.Fatalf("send a message: %v", err)
		}
	}
}
