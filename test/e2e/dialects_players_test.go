package e2e

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// rtmpdump plays every dialect on one port, and each packet comes out as it went
// in.
func TestRtmpdumpInEveryDialect(t *testing.T) {
	t.Parallel()
	f := fortified(t, "--open")
	file := clip(t, "film", 4)
	in := probe(t, file).packets(t, 20*time.Second)
	dir := t.TempDir()
	players := make([]*process, len(schemes))
	for i, scheme := range schemes {
		players[i] = launch(t, "rtmpdump", "-v", "-r", f.at(scheme, "rtmp", "live/dumped"), "-o", filepath.Join(dir, scheme+".flv"))
	}
	wait(t, 30*time.Second, "all players to be connected", func() bool {
		return !slices.ContainsFunc(players, func(p *process) bool { return !strings.Contains(p.out.String(), "Connected") })
	})
	publish(t, file, f.rtmpURL("live/dumped")).wait(t, time.Minute)
	for i, scheme := range schemes {
		if code := players[i].wait(t, 30*time.Second); code != 0 {
			t.Errorf("%s: rtmpdump ended with status %d", scheme, code)
		}
		got := probe(t, filepath.Join(dir, scheme+".flv")).packets(t, 20*time.Second)
		equal(t, scheme, in, got, 0)
		if len(of("video", got)) < 50 {
			t.Errorf("%s: only %d pictures came out", scheme, len(of("video", got)))
		}
	}
}

// rtmpdump asks for type 6 of RTMPE and takes 8 and 9 for an answer, too.
func TestRtmpdumpAnsweredByType(t *testing.T) {
	t.Parallel()
	file := clip(t, "film", 4)
	in := probe(t, file).packets(t, 20*time.Second)
	for typ, name := range map[uint8]string{6: "6", 8: "8", 9: "9"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := listen(t)
			server := &rtmp.Server{EncryptionType: typ, Handler: filePlayer(file)}
			go server.Serve(l)
			t.Cleanup(func() { server.Shutdown(context.WithoutCancel(t.Context())) })
			dumped := filepath.Join(t.TempDir(), "dumped.flv")
			p := launch(t, "rtmpdump", "-V", "-r", "rtmpe://"+l.Addr().(*net.TCPAddr).String()+"/live/film", "-o", dumped)
			if code := p.wait(t, 30*time.Second); code != 0 {
				t.Errorf("rtmpdump ended with status %d", code)
			}
			if want := "Type Answer   : 0" + name; !strings.Contains(p.out.String(), want) {
				t.Errorf("rtmpdump did not print %q", want)
			}
			equal(t, "type "+name, in, probe(t, dumped).packets(t, 20*time.Second), 0)
		})
	}
}

// filePlayer sends the media of an FLV file to everybody who plays. Its length
// stays here: rtmpdump would look for each millisecond of it.
type filePlayer string

func (name filePlayer) ServeRTMP(st *rtmp.Stream) error {
	f, err := os.Open(string(name))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := st.Accept(); err != nil {
		return err
	}
	for tags := flv.NewReader(f); ; {
		kind, ms, body, err := tags.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case message.Type(kind) == message.Data:
			continue
		}
		if err := st.WriteMessage(&message.Message{Type: message.Type(kind), Timestamp: ms, Payload: body}); err != nil {
			return err
		}
	}
}
