package rtmp

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/millrace-live/millrace/rtmp/message"
)

// TestReplay feeds what real clients sent into a server, whole and byte by
// byte, and compares what its handler sees.
func TestReplay(t *testing.T) {
	tests := []struct {
		file string
		want string
	}{
		{"ffmpeg-publish.c2s.bin", `publish live/s1 app "live" name "s1" type live: 122 messages`},
		{"gst-rtmp2sink-publish.c2s.bin", `publish live/s2 app "live" name "s2" type live: 142 messages`},
		{"auth-librtmp-publish.conn0.c2s.bin", `publish live/k app "live" name "k" type live: 3 messages`},
		{"ffmpeg-play.c2s.bin", `play live/p app "live" name "p" start -2 duration -1`},
		{"rtmpdump-play.c2s.bin", `play live/p app "live" name "p" start -1 duration 2000`},
		{"gst-rtmp2src-play.c2s.bin", `play live/p app "live" name "p" start -2 duration -1`},
		{"cmd-rd-full.c2s.bin", `play app/inst/mp4:dir/f app "app/inst/mp4:dir" name "mp4:f" start 5000 duration 4000`},
		{"cmd-ff-subscribe.c2s.bin", `play live/k app "live" name "k" start -1 duration -1`},
	}
	for _, tt := range tests {
		b, err := os.ReadFile(filepath.Join("internal", "chunk", "testdata", tt.file))
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{len(b), 1} {
			t.Run(fmt.Sprintf("%s/%d", tt.file, size), func(t *testing.T) {
				if got := replay(t, b, size); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		}
	}
}

func replay(t *testing.T, b []byte, size int) string {
	var story string
	srv := &Server{Handler: HandlerFunc(func(s *Stream) error {
		line := fmt.Sprintf("%s app %q name %q", s.Path(), s.App(), s.Name())
		if !s.Publishing() {
			r := s.PlayRequest()
			story = fmt.Sprintf("play %s start %d duration %d", line, r.Start, r.Duration)
			return s.Accept()
		}
		if err := s.Accept(); err != nil {
			return err
		}
		n := 0
		err := s.Each(func(*message.Message) error { n++; return nil })
		story = fmt.Sprintf("publish %s type %s: %d messages", line, s.PublishType(), n)
		return err
	})}
	client, server := net.Pipe()
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.ServeConn(context.Background(), server, nil) })
	wg.Go(func() { _, _ = io.Copy(io.Discard, client) })
	for len(b) > 0 {
		n := min(size, len(b))
		if _, err := client.Write(b[:n]); err != nil {
			break // the server ends first where the client does
		}
		b = b[n:]
	}
	client.Close()
	wg.Wait()
	return story
}
