package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// schemes are the dialects of RTMP over TCP.
var schemes = []string{"rtmp", "rtmps", "rtmpe", "rtmpt", "rtmpts", "rtmpte"}

// trust has FFmpeg verify the server by this authority alone, where it can: in
// rtmpts it has no way to hand that on.
func (s *signer) trust(scheme string) []string {
	if scheme != "rtmps" {
		return nil
	}
	return []string{"-tls_verify", "1", "-ca_file", s.file}
}

// FFmpeg 7.0 publishes and plays every dialect on every port, and each packet
// that it sends comes out as it went in.
func TestFFmpegInEveryDialect(t *testing.T) {
	t.Parallel()
	f := fortified(t, "--open")
	file := clip(t, "film", 4)
	in := probe(t, file).packets(t, 20*time.Second)
	for _, port := range []string{"rtmp", "rtmps", "http"} {
		t.Run(port, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var players, publishers []*process
			for _, scheme := range schemes {
				url := f.at(scheme, port, "live/"+scheme+"-"+port)
				players = append(players, ffmpeg7Run(t, f.signer.trust(scheme), "-i", url, "-c", "copy", filepath.Join(dir, scheme+".flv")))
			}
			for _, scheme := range schemes {
				f.waitState(t, "live/"+scheme+"-"+port, "waiting")
			}
			for _, scheme := range schemes {
				url := f.at(scheme, port, "live/"+scheme+"-"+port)
				args := slices.Concat([]string{"-re", "-i", file, "-c", "copy"}, f.signer.trust(scheme))
				publishers = append(publishers, ffmpeg7Run(t, args, "-f", "flv", url))
			}
			for i, scheme := range schemes {
				if code := publishers[i].wait(t, time.Minute); code != 0 {
					t.Errorf("%s: the publisher ended with status %d:\n%s", scheme, code, publishers[i].out)
				}
				if code := players[i].wait(t, time.Minute); code != 0 {
					t.Errorf("%s: the player ended with status %d:\n%s", scheme, code, players[i].out)
				}
				got := probe(t, filepath.Join(dir, scheme+".flv")).packets(t, 30*time.Second)
				missing := 0
				if strings.HasPrefix(scheme, "rtmpt") {
					// It collects ten for each request, and at the end does not send what it has.
					missing = 10
				}
				equalBut(t, scheme, in, got, 0, missing)
				if len(got) < len(in)-missing {
					t.Errorf("%s: %d of %d packets came out", scheme, len(got), len(in))
				}
				f.logged(t, "publish started", fmt.Sprintf(`"protocol":%q`, scheme), `"stream":"live/`+scheme+"-"+port)
				f.logged(t, "play started", fmt.Sprintf(`"protocol":%q`, scheme), `"stream":"live/`+scheme+"-"+port)
			}
		})
	}
}

func ffmpeg7Run(t *testing.T, args []string, more ...string) *process {
	t.Helper()
	return launch(t, ffmpeg7(t), slices.Concat([]string{"-hide_banner", "-loglevel", "warning", "-y"}, args, more)...)
}

// FFmpeg that trusts another authority does not publish, and the log says why
// and what to do.
func TestFFmpegDistrusts(t *testing.T) {
	t.Parallel()
	f := fortified(t, "--open")
	other := newSigner(t, "Somebody Else's Authority")
	args := slices.Concat([]string{"-i", clip(t, "film", 4), "-c", "copy"}, other.trust("rtmps"))
	p := ffmpeg7Run(t, args, "-f", "flv", f.at("rtmps", "rtmps", "live/distrusted"))
	if code := p.wait(t, 20*time.Second); code == 0 || !strings.Contains(p.out.String(), "certificate verify failed") {
		t.Errorf("it ended with status %d:\n%s", code, p.out)
	}
	f.logged(t, "connection refused", "the client refused our certificate", "The House's Authority")
}

// With --plain refuse, FFmpeg is told the address to use, and gets in there.
func TestPlainRefused(t *testing.T) {
	t.Parallel()
	f := fortified(t, "--open", "--plain", "refuse")
	want := "set the server to " + f.at("rtmps", "rtmps", "live") + " and leave the stream key as it is"
	for _, scheme := range []string{"rtmp", "rtmpe", "rtmpt", "rtmpte"} {
		stream := "live/refused-" + scheme
		p := ffmpeg7Run(t, []string{"-re", "-i", clip(t, "film", 4), "-c", "copy"}, "-f", "flv", f.at(scheme, "rtmp", stream))
		if code := p.wait(t, 30*time.Second); code == 0 || !strings.Contains(p.out.String(), want) {
			t.Errorf("%s: FFmpeg ended with status %d and was not told %q:\n%s", scheme, code, want, p.out)
		}
		f.logged(t, "publish refused", stream, fmt.Sprintf(`"protocol":%q`, scheme), want)
	}
	for _, scheme := range []string{"rtmps", "rtmpts"} {
		args := slices.Concat([]string{"-re", "-i", clip(t, "film", 4), "-c", "copy"}, f.signer.trust(scheme))
		p := ffmpeg7Run(t, args, "-f", "flv", f.at(scheme, "rtmp", "live/let-in"))
		f.waitState(t, "live/let-in", "live")
		f.waitSent(t, "live/let-in")
		p.interrupt(t)
		f.waitState(t, "live/let-in", "")
	}
}
