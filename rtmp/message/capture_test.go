package message_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/internal/chunk"
	"github.com/millrace-live/millrace/rtmp/message"
)

// handshakeSize is what each side sends before its first chunk.
const handshakeSize = 1 + 2*1536

// captured gives the messages of one direction of a captured session, up to
// where the file was cut.
func captured(t testing.TB, file string) []message.Message {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "internal", "chunk", "testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	r := chunk.NewReader()
	r.SetLimits(1<<20, 1<<20)
	var all []message.Message
	err = r.Feed(b[handshakeSize:], func(m *message.Message) error {
		all = append(all, *m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func captures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "internal", "chunk", "testdata", "*.bin"))
	if err != nil || len(files) < 20 {
		t.Fatalf("captured sessions: %v, %d files", err, len(files))
	}
	for i, f := range files {
		files[i] = filepath.Base(f)
	}
	return files
}

func TestCapturedCommandsEncodeToTheirBytes(t *testing.T) {
	calls, data := 0, 0
	for _, file := range captures(t) {
		for _, m := range captured(t, file) {
			switch m.Type {
			case message.Command:
				c, err := message.ParseCall(&m)
				if err != nil {
					t.Errorf("%s: %v", file, err)
					continue
				}
				again, err := c.Message(m.StreamID)
				if err != nil {
					t.Errorf("%s: %s: %v", file, c.Name, err)
					continue
				}
				if !bytes.Equal(again.Payload, m.Payload) {
					t.Errorf("%s: %s\n got %x\nwant %x", file, c.Name, again.Payload, m.Payload)
				}
				calls++
			case message.Data:
				values, err := m.Values()
				if err != nil {
					t.Errorf("%s: %v", file, err)
					continue
				}
				again, err := message.NewMessage(message.Data, m.StreamID, values...)
				if err != nil || !bytes.Equal(again.Payload, m.Payload) {
					t.Errorf("%s: %v\n got %x\nwant %x", file, err, again.Payload, m.Payload)
				}
				data++
			}
		}
	}
	if calls < 100 || data < 10 {
		t.Fatalf("only %d commands and %d data messages in the captures", calls, data)
	}
}

func TestCapturedControlEncodesToItsBytes(t *testing.T) {
	for _, file := range captures(t) {
		for _, m := range captured(t, file) {
			if m.Type != message.UserControl {
				continue
			}
			e, err := message.ParseUserEvent(&m)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if again := e.Message(); !bytes.Equal(again.Payload, m.Payload) {
				t.Errorf("%s: got %x, want %x", file, again.Payload, m.Payload)
			}
		}
	}
}

// TestCapturedSessions replays what real clients sent into the server's engine,
// and tells what it understood.
func TestCapturedSessions(t *testing.T) {
	tests := map[string]string{
		"ffmpeg-publish.c2s.bin":             "connect live; publish s1 live; media; closed",
		"gst-rtmp2sink-publish.c2s.bin":      "connect live; publish s2 live; media; closed",
		"auth-librtmp-publish.conn0.c2s.bin": "connect live; publish k live; media",
		"ffmpeg-play.c2s.bin":                "connect live; play p -2 -1 true; buffer 3000; closed",
		"rtmpdump-play.c2s.bin":              "connect live; play p -1 2000 true; buffer 36000000; closed",
		"gst-rtmp2src-play.c2s.bin":          "connect live; play p -2 -1 true; buffer 30000",
		"cmd-rd-full.c2s.bin":                "connect app/inst/mp4:dir; play mp4:f?x=1 5000 4000 true; buffer 36000000; closed",
		"cmd-bw-rtmpdump.c2s.bin":            "connect live; play k -1 -1 true; buffer 36000000; closed",
		"cmd-ff-subscribe.c2s.bin":           "connect live; play k -1 -1 true; buffer 3000",
	}
	for file, want := range tests {
		t.Run(strings.TrimSuffix(file, ".c2s.bin"), func(t *testing.T) {
			s := message.NewServer(func(*message.Message) {})
			var story []string
			for _, m := range captured(t, file) {
				e, err := s.Handle(&m)
				if err != nil {
					t.Fatal(err)
				}
				line := describe(e)
				switch e := e.(type) {
				case *message.Connect:
					s.AcceptConnect(nil, nil)
				case message.Publish:
					s.Accept(e.StreamID)
				case message.Play:
					s.Accept(e.StreamID)
				}
				if line != "" && (len(story) == 0 || story[len(story)-1] != line) {
					story = append(story, line)
				}
			}
			if got := strings.Join(story, "; "); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestClientOfACapturedServer gives the client's engine what nginx-rtmp said to
// real clients. The transactions are the same, so that the answers fit.
func TestClientOfACapturedServer(t *testing.T) {
	publish := func(c *message.Client) *message.Request { return c.Publish("s1", "live") }
	play := func(c *message.Client) *message.Request {
		return c.Play(message.Play{Name: "p", Start: message.StartAny, Duration: -1, Reset: true})
	}
	tests := []struct {
		file string
		ask  func(*message.Client) *message.Request
		want string
	}{
		{"ffmpeg-publish.s2c.bin", publish, "message.Connected; message.Opened; message.Ended"},
		{"ffmpeg-play.s2c.bin", play, "message.Connected; message.Opened; media; message.Ended"},
		{"gst-rtmp2src-play.s2c.bin", play, "message.Connected; message.Opened; media"},
		{"ffmpeg-play-vod.s2c.bin", play, "message.Connected; message.Opened; media; message.Ended"},
	}
	for _, tt := range tests {
		t.Run(strings.TrimSuffix(tt.file, ".s2c.bin"), func(t *testing.T) {
			c := message.NewClient(func(*message.Message) {})
			if err := c.Connect(amf.NewObject("app", "live")); err != nil {
				t.Fatal(err)
			}
			var story []string
			for _, m := range captured(t, tt.file) {
				e, err := c.Handle(&m)
				if err != nil {
					t.Fatal(err)
				}
				if _, ok := e.(message.Connected); ok {
					tt.ask(c)
				}
				if line := describe(e); line != "" && (len(story) == 0 || story[len(story)-1] != line) {
					story = append(story, line)
				}
			}
			if got := strings.Join(story, "; "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
