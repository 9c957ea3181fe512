package handshake

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// engine is what Server and Client have in common.
type engine interface {
	Feed(p []byte) (out []byte, n int, done bool, err error)
	Peer() Peer
}

// seeded is a source of bytes that are the same in every run.
func seeded(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

// feed gives e all of in, in pieces of at most size bytes, and returns what it
// sent and what it left to the caller.
func feed(t testing.TB, e engine, in []byte, size int) (out, rest []byte, done bool) {
	t.Helper()
	for first := true; first || len(in) > 0 && !done; first = false {
		piece := in[:min(size, len(in))]
		sent, n, d, err := e.Feed(piece)
		if err != nil {
			t.Fatal(err)
		}
		if n < 0 || n > len(piece) || n < len(piece) && !d {
			t.Fatalf("used %d of %d bytes, done %v", n, len(piece), d)
		}
		out, in, done = append(out, sent...), in[n:], d
	}
	return out, in, done
}

func TestClientMeetsServer(t *testing.T) {
	for _, form := range []Form{DigestFirst, KeyFirst, Simple} {
		for _, size := range []int{1, 7, 1536, 1 << 20} {
			client := NewClient(Config{Rand: seeded(1), Form: form})
			server := NewServer(Config{Rand: seeded(2)})

			c0c1, _, _ := feed(t, client, nil, size)
			s0s1s2, _, done := feed(t, server, c0c1, size)
			if done {
				t.Fatalf("%v: server done before C2", form)
			}
			if len(s0s1s2) != 1+2*blockSize {
				t.Fatalf("%v: server sent %d bytes", form, len(s0s1s2))
			}
			c2, rest, done := feed(t, client, append(s0s1s2, "chunks"...), size)
			if !done || string(rest) != "chunks" {
				t.Fatalf("%v: client done %v, left %q", form, done, rest)
			}
			_, rest, done = feed(t, server, append(c2, "connect"...), size)
			if !done || string(rest) != "connect" {
				t.Fatalf("%v: server done %v, left %q", form, done, rest)
			}

			want := Peer{Version: 3, Form: form, Reply: Signed}
			if form == Simple {
				want.Reply = Echo
			} else {
				want.Release = clientRelease
			}
			if got := server.Peer(); got != want {
				t.Errorf("server saw %+v, want %+v", got, want)
			}
			if form != Simple {
				want.Release = serverRelease
			}
			if got := client.Peer(); got != want {
				t.Errorf("client saw %+v, want %+v", got, want)
			}
		}
	}
}

func TestServerMeetsRealClients(t *testing.T) {
	// What was captured answers another server's S1, so C2 is Other whenever
	// the server looks at it: such a session must work.
	tests := []struct {
		file string
		want Peer
	}{
		{captures + "ffmpeg-publish.c2s.bin", Peer{3, [4]byte{9, 0, 124, 2}, DigestFirst, Other}},
		{captures + "rtmpdump-play.c2s.bin", Peer{3, [4]byte{}, Simple, Other}},
		{captures + "gst-rtmp2sink-publish.c2s.bin", Peer{3, [4]byte{}, Simple, Other}},
		{"testdata/swfv-t3.c2s.bin", Peer{3, [4]byte{10, 0, 45, 2}, DigestFirst, Other}},
	}
	for _, test := range tests {
		in := handshakeBytes(t, test.file)
		for _, size := range []int{1, 1000, 1537, 1 << 20} {
			server := NewServer(Config{Rand: seeded(3)})
			out, _, done := feed(t, server, in, size)
			if !done || server.Peer() != test.want {
				t.Errorf("%s: done %v, saw %+v, want %+v", test.file, done, server.Peer(), test.want)
			}
			s1, s2 := out[1:1+blockSize], out[1+blockSize:]
			_, digest := clientSigner.find(in[1 : 1+blockSize])
			want := Signed
			if test.want.Form == Simple {
				want = Echo
			}
			if got := serverSigner.judge(s2, in[1:1+blockSize], digest, 0); got != want {
				t.Errorf("%s: S2 is %v, want %v", test.file, got, want)
			}
			if form, _ := serverSigner.find(s1); form != test.want.Form {
				t.Errorf("%s: S1 is %v, want %v", test.file, form, test.want.Form)
			}
		}
	}
}

func TestServerFallsBackToSimple(t *testing.T) {
	// A release without a digest that fits: hardware encoders copy the one and
	// leave out the other.
	c0c1 := handshakeBytes(t, captures+"ffmpeg-publish.c2s.bin")[:1+blockSize]
	c0c1 = bytes.Clone(c0c1)
	c0c1[1+700] ^= 1
	server := NewServer(Config{Rand: seeded(4)})
	out, _, _ := feed(t, server, c0c1, 1<<20)
	if !bytes.Equal(out[1+blockSize:], c0c1[1:]) {
		t.Error("S2 is not the copy of C1")
	}
	if release := [4]byte(out[5:9]); release != [4]byte{} {
		t.Errorf("S1 has the release %v", release)
	}
	if server.Peer().Form != Simple {
		t.Errorf("form is %v", server.Peer().Form)
	}
}

func TestClientMeetsSimpleServer(t *testing.T) {
	client := NewClient(Config{Rand: seeded(5)})
	c0c1, _, _ := feed(t, client, nil, 1)
	s1 := bytes.Repeat([]byte{0x5a}, blockSize)
	for name, s2 := range map[string][]byte{"echo": c0c1[1:], "other": bytes.Repeat([]byte{1}, blockSize)} {
		client := NewClient(Config{Rand: seeded(5)})
		c2, _, done := feed(t, client, bytes.Join([][]byte{{3}, s1, s2}, nil), 100)
		if !done || !bytes.Equal(c2[1+blockSize:], s1) {
			t.Errorf("%s: done %v, C2 an echo: %v", name, done, bytes.Equal(c2[1+blockSize:], s1))
		}
		if got := client.Peer(); got.Form != Simple || got.Reply.String() != name {
			t.Errorf("%s: saw %+v", name, got)
		}
	}
}

func TestClientSignsWhenServerHasDigest(t *testing.T) {
	// The server's answer was made for another C1, so its signature is wrong,
	// and yet S1 has a digest to be signed.
	in := handshakeBytes(t, captures+"ffmpeg-play.s2c.bin")
	client := NewClient(Config{Rand: seeded(6)})
	out, _, done := feed(t, client, in, 500)
	s1 := in[1 : 1+blockSize]
	_, digest := serverSigner.find(s1)
	if got := clientSigner.judge(out[1+blockSize:], s1, digest, 0); !done || got != Signed {
		t.Errorf("done %v, C2 is %v, want it signed", done, got)
	}
	if want := (Peer{3, [4]byte{13, 14, 10, 13}, DigestFirst, Other}); client.Peer() != want {
		t.Errorf("saw %+v, want %+v", client.Peer(), want)
	}
}

func TestVersions(t *testing.T) {
	for v := range 256 {
		in := make([]byte, 1+2*blockSize)
		in[0] = byte(v)
		for name, e := range map[string]engine{
			"server": NewServer(Config{Rand: seeded(7)}),
			"client": NewClient(Config{Rand: seeded(7)}),
		} {
			out, n, done, err := e.Feed(in)
			var reserved *VersionError
			switch {
			case v == 6 || v == 8 || v == 9:
				want, used := ErrUnasked, 0
				if name == "server" {
					want, used = ErrDigest, 1+blockSize
				}
				if !errors.Is(err, want) || n != used {
					t.Errorf("%s, version %d: %d bytes used, error %v", name, v, n, err)
				}
			case v < 32:
				if err != nil || !done || out[0] != 3 {
					t.Errorf("%s, version %d: done %v, error %v", name, v, done, err)
				}
				if got := e.Peer().Version; got != byte(v) {
					t.Errorf("%s, version %d: reported as %d", name, v, got)
				}
			case !errors.As(err, &reserved) || reserved.Version != byte(v) || n != 0 || len(out) != 0:
				t.Errorf("%s, version %d: %d bytes used, %d sent, error %v", name, v, n, len(out), err)
			}
			if err != nil {
				if _, _, _, again := e.Feed(in); again != err {
					t.Errorf("%s, version %d: second error %v", name, v, again)
				}
			}
		}
	}
}

func TestRandomnessFails(t *testing.T) {
	in := handshakeBytes(t, captures+"ffmpeg-play.c2s.bin")
	for _, room := range []int64{0, blockSize - bodyStart} {
		server := NewServer(Config{Rand: io.LimitReader(seeded(8), room)})
		if _, _, done, err := server.Feed(in); done || !errors.Is(err, io.EOF) {
			t.Errorf("server with %d random bytes: done %v, error %v", room, done, err)
		}
	}
	client := NewClient(Config{Rand: io.LimitReader(seeded(8), 0)})
	if _, _, _, err := client.Feed(nil); !errors.Is(err, io.EOF) {
		t.Errorf("client: error %v", err)
	}
}

func TestDefaultRandomnessDiffers(t *testing.T) {
	one, _, _ := feed(t, NewClient(Config{}), nil, 1)
	two, _, _ := feed(t, NewClient(Config{}), nil, 1)
	if bytes.Equal(one, two) {
		t.Error("two clients sent the same C1")
	}
}

func FuzzServer(f *testing.F) {
	for _, name := range []string{"ffmpeg-play", "rtmpdump-play"} {
		f.Add(handshakeBytes(f, captures+name+".c2s.bin"), 1000)
	}
	f.Add([]byte("GET / HTTP/1.1\r\n"), 3)
	open := func() engine { return NewServer(Config{Rand: seeded(9)}) }
	f.Fuzz(func(t *testing.T, in []byte, size int) { fuzz(t, open, in, size) })
}

func FuzzClient(f *testing.F) {
	for _, name := range []string{"ffmpeg-play", "rtmpdump-play"} {
		f.Add(handshakeBytes(f, captures+name+".s2c.bin"), 1000)
	}
	open := func() engine { return NewClient(Config{Rand: seeded(9)}) }
	f.Fuzz(func(t *testing.T, in []byte, size int) { fuzz(t, open, in, size) })
}

// fuzz holds that where the input is cut changes nothing.
func fuzz(t *testing.T, open func() engine, in []byte, size int) {
	if size < 1 {
		size = 1
	}
	type result struct {
		out  string
		used int
		done bool
		peer Peer
		err  error
	}
	run := func(size int) (r result) {
		e := open()
		for first := true; first || r.used < len(in) && !r.done && r.err == nil; first = false {
			out, n, done, err := e.Feed(in[r.used:min(r.used+size, len(in))])
			r.out, r.used, r.done, r.err = r.out+string(out), r.used+n, done, err
		}
		r.peer = e.Peer()
		return r
	}
	whole, cut := run(len(in)+1), run(size)
	if whole.err != nil {
		if cut.err == nil || cut.err.Error() != whole.err.Error() {
			t.Fatalf("errors differ: %v, %v", whole.err, cut.err)
		}
		return
	}
	if whole != cut {
		t.Fatalf("whole input: used %d, done %v, peer %+v\ncut by %d: used %d, done %v, peer %+v, output the same: %v",
			whole.used, whole.done, whole.peer, size, cut.used, cut.done, cut.peer, whole.out == cut.out)
	}
}
