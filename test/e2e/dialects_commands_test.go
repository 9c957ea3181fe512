package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// `millrace publish` and `millrace play` speak every dialect, and what comes out
// is the file. They trust who they are told to.
func TestCommandsInEveryDialect(t *testing.T) {
	t.Parallel()
	f := fortified(t, "--open")
	file := clip(t, "film", 4)
	in := probe(t, file).packets(t, 20*time.Second)
	dir := t.TempDir()
	ports := []string{"rtmp", "rtmps", "http"}
	at := func(i int, port string) string { return f.at(schemes[i], port, "live/by-"+schemes[i]) }
	var players, publishers []*process
	for i, scheme := range schemes {
		players = append(players, launch(t, program, "play", "--ca", f.signer.file, "-o", filepath.Join(dir, scheme+".flv"), at(i, ports[i%3])))
	}
	for _, scheme := range schemes {
		f.waitState(t, "live/by-"+scheme, "waiting")
	}
	for i := range schemes {
		publishers = append(publishers, launch(t, program, "publish", "--ca", f.signer.file, file, at(i, ports[(i+1)%3])))
	}
	for i, scheme := range schemes {
		if code := publishers[i].wait(t, time.Minute); code != 0 {
			t.Errorf("%s: publish ended with status %d", scheme, code)
		}
		if code := players[i].wait(t, 30*time.Second); code != 0 {
			t.Errorf("%s: play ended with status %d", scheme, code)
		}
		got := probe(t, filepath.Join(dir, scheme+".flv")).packets(t, 20*time.Second)
		equal(t, scheme, in, got, 0)
		if len(got) != len(in) {
			t.Errorf("%s: %d of %d packets came out", scheme, len(got), len(in))
		}
	}
	for _, i := range []int{1, 4} {
		p := launch(t, program, "publish", file, at(i, "rtmps"))
		if code := p.wait(t, 20*time.Second); code == 0 || !strings.Contains(p.out.String(), "--ca") {
			t.Errorf("%s: with an authority that is not known, publish ended with status %d:\n%s", schemes[i], code, p.out)
		}
	}
}

// FFmpeg as the server gets and gives every packet. It listens for one client,
// and in plain RTMP alone.
func TestCommandsAgainstFFmpeg(t *testing.T) {
	t.Parallel()
	file := clip(t, "film", 4)
	in := probe(t, file).packets(t, 20*time.Second)
	for name, serve := range map[string]func(url, out string) (server, client []string, status int){
		"publish": func(url, out string) (server, client []string, status int) {
			return []string{"-listen", "1", "-i", url, "-c", "copy", out}, []string{"publish", file, url}, 0
		},
		"play": func(url, out string) (server, client []string, status int) {
			// It does not say that the stream is over, but goes: that is a broken connection.
			return []string{"-re", "-i", file, "-c", "copy", "-listen", "1", "-f", "flv", url}, []string{"play", "-o", out, url}, 5
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := listen(t)
			url := "rtmp://" + l.Addr().String() + "/live/served"
			l.Close()
			out := filepath.Join(t.TempDir(), "out.flv")
			serverArgs, clientArgs, status := serve(url, out)
			server := ffmpeg7Run(t, serverArgs)
			var client *process
			// Whoever comes before it listens is refused.
			wait(t, 30*time.Second, "FFmpeg to be there", func() bool {
				client = launch(t, program, clientArgs...)
				return client.wait(t, time.Minute) != 4
			})
			if code := client.cmd.ProcessState.ExitCode(); code != status {
				t.Errorf("%s ended with status %d, want %d", name, code, status)
			}
			server.wait(t, 30*time.Second)
			got := probe(t, out).packets(t, 20*time.Second)
			equal(t, name, in, got, 0)
			if len(got) != len(in) {
				t.Errorf("%d of %d packets came out", len(got), len(in))
			}
		})
	}
}
