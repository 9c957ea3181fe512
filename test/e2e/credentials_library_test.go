package e2e

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// bouncer is a server of the library that asks for a user and a password.
type bouncer struct {
	addr string
	mu   sync.Mutex
	told map[string]string // what happened to a stream name: who published it, and how many messages came
}

func (b *bouncer) ServeRTMP(s *rtmp.Stream) error {
	if err := s.Accept(); err != nil {
		return err
	}
	if !s.Publishing() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told[s.Name()] = "played by " + s.Session().User()
		return nil
	}
	media := 0
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if media > 10 {
			app, _, _ := strings.Cut(s.Session().ConnectInfo().App, "?auth=")
			b.told[s.Name()] = s.Session().User() + " to " + s.Path() + " in " + app
		}
	}()
	return s.Each(func(m *message.Message) error { media++; return nil })
}

// published waits until a publication is over and says whose it was.
func (b *bouncer) published(t *testing.T, name string) (who string) {
	t.Helper()
	wait(t, 10*time.Second, name+" to be over", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		who = b.told[name]
		return who != ""
	})
	return who
}

func newBouncer(t *testing.T) *bouncer {
	t.Helper()
	bob, err := rtmp.NewVerifier("bob", "s3cret-word")
	if err != nil {
		t.Fatal(err)
	}
	b := &bouncer{told: make(map[string]string)}
	srv := &rtmp.Server{
		Handler: b,
		Challenge: &rtmp.Challenge{
			Verifier: func(user string) (rtmp.Verifier, bool) { return bob, user == "bob" },
			Demand:   func(s *rtmp.Session) bool { return s.ConnectInfo().Kind == "nonprivate" },
		},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = l.Addr().String()
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { srv.Close() })
	return b
}

// Encoders that know a user and a password answer both challenges, and are told when they are wrong.
func TestCredentialsOfTheLibrary(t *testing.T) {
	t.Parallel()
	b := newBouncer(t)
	file := clip(t, "plain", 1)
	ffmpeg := func(t *testing.T, user, app, name string) *process {
		return launch(t, "ffmpeg", "-hide_banner", "-loglevel", "info", "-i", file, "-c", "copy", "-f", "flv",
			"rtmp://"+user+b.addr+"/"+app+"/"+name)
	}
	gst := func(t *testing.T, sink ...string) *process {
		return launch(t, "gst-launch-1.0", append([]string{
			"-e", "filesrc", "location=" + file, "!", "flvdemux", "name=d", "!",
			"h264parse", "!", "flvmux", "name=m", "streamable=true", "!",
		}, sink...)...)
	}
	right := []struct {
		name  string
		start func(t *testing.T, name string) *process
	}{
		{"ffmpeg-adobe", func(t *testing.T, name string) *process { return ffmpeg(t, "bob:s3cret-word@", "live", name) }},
		{"ffmpeg-llnw", func(t *testing.T, name string) *process { return ffmpeg(t, "bob:s3cret-word@", "live?auth=llnw", name) }},
		{"ffmpeg-asks", func(t *testing.T, name string) *process {
			return ffmpeg(t, "bob:s3cret-word@", "live?auth=adobe", name)
		}},
		{"gst-adobe", func(t *testing.T, name string) *process {
			return gst(t, "rtmp2sink", "location=rtmp://"+b.addr+"/live/"+name, "username=bob", "password=s3cret-word")
		}},
		{"librtmp-llnw", func(t *testing.T, name string) *process {
			return gst(t, "rtmpsink", "location=rtmp://"+b.addr+"/live?auth=llnw/"+name+" pubUser=bob pubPasswd=s3cret-word")
		}},
	}
	for _, r := range right {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			p := r.start(t, r.name)
			if code := p.wait(t, 20*time.Second); code != 0 {
				t.Errorf("it ended with status %d", code)
			}
			if got, want := b.published(t, r.name), "bob to live/"+r.name+" in live"; got != want {
				t.Errorf("the server saw %q, want %q", got, want)
			}
		})
	}
	wrong := []struct {
		name, says string
		start      func(t *testing.T, name string) *process
	}{
		{"ffmpeg-wrong", "Incorrect username/password", func(t *testing.T, name string) *process {
			return ffmpeg(t, "bob:wrong@", "live", name)
		}},
		{"ffmpeg-wrong-llnw", "Incorrect username/password", func(t *testing.T, name string) *process {
			return ffmpeg(t, "bob:wrong@", "live?auth=llnw", name)
		}},
		{"ffmpeg-nobody", "Incorrect username/password", func(t *testing.T, name string) *process {
			return ffmpeg(t, "alice:s3cret-word@", "live", name)
		}},
		{"ffmpeg-unasked", "No credentials set", func(t *testing.T, name string) *process { return ffmpeg(t, "", "live", name) }},
		{"gst-wrong", "uthentication failed", func(t *testing.T, name string) *process {
			return gst(t, "rtmp2sink", "location=rtmp://"+b.addr+"/live/"+name, "username=bob", "password=wrong")
		}},
		{"librtmp-wrong", "Could not connect", func(t *testing.T, name string) *process {
			return gst(t, "rtmpsink", "location=rtmp://"+b.addr+"/live?auth=llnw/"+name+" pubUser=bob pubPasswd=wrong")
		}},
	}
	for _, w := range wrong {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			p := w.start(t, w.name)
			if code := p.wait(t, 20*time.Second); code == 0 || !strings.Contains(p.out.String(), w.says) {
				t.Errorf("it ended with status %d, and does not say %q", code, w.says)
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			if who := b.told[w.name]; who != "" {
				t.Errorf("%s published", who)
			}
		})
	}
	// Players do not look like encoders, and are not asked.
	for name, start := range map[string]func(t *testing.T, url string) *process{
		"ffmpeg-plays": func(t *testing.T, url string) *process { return launch(t, "ffmpeg", "-i", url, "-f", "null", "-") },
		"gst-plays": func(t *testing.T, url string) *process {
			return launch(t, "gst-launch-1.0", "rtmp2src", "location="+url, "!", "fakesink")
		},
		"rtmpdump-plays": func(t *testing.T, url string) *process {
			return launch(t, "rtmpdump", "-v", "-r", url, "-o", "/dev/null")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start(t, "rtmp://"+b.addr+"/live/"+name)
			if got := b.published(t, name); got != "played by " {
				t.Errorf("the server saw %q", got)
			}
		})
	}
}
