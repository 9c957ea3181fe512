package poster

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/media"
)

// TestMain also is the ffmpeg of the tests: it is told what to do by what it
// reads, which is all that a child is given.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-nostdin") {
		os.Exit(pretend())
	}
	os.Exit(m.Run())
}

// order is the beginning of what the pretended ffmpeg is told; a semicolon ends
// it.
const order = "do this: "

func pretend() int {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	_, what, _ := strings.Cut(string(input), order)
	what, _, _ = strings.Cut(what, ";")
	what, where, _ := strings.Cut(what, " ")
	switch what {
	case "paint":
		os.Stdout.Write(drawn(64, 36))
	case "wide":
		os.Stdout.Write(drawn(maxWidth+2, 36))
	case "most":
		b := drawn(64, 36)
		os.Stdout.Write(b[:len(b)-2])
	case "nothing":
	case "garble":
		os.Stdout.WriteString("no picture at all")
	case "fail":
		fmt.Fprintf(os.Stderr, "pipe:0: the decoder\x80 gave up\nsecond line\n%s", strings.Repeat("x", 1<<20))
		return 3
	case "flood":
		for {
			// It goes on though nobody listens.
			os.Stdout.Write(make([]byte, 1<<16))
		}
	case "hang":
		select {}
	case "spawn":
		// A child of its own, which holds the pipes.
		c := exec.Command(os.Args[0], "-nostdin")
		c.Stdin, c.Stdout, c.Stderr = strings.NewReader(order+"call "+where+";"), os.Stdout, os.Stderr
		c.Run()
	case "call":
		c, err := net.Dial("tcp", where)
		if err != nil {
			return 1
		}
		io.Copy(io.Discard, c)
	case "write":
		if err := os.WriteFile(where, []byte("something"), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	case "reserve":
		if err := reserve(1 << 30); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	case "environment":
		fmt.Print(strings.Join(os.Environ(), "\n"))
	case "priority":
		fmt.Print(priority())
	}
	return 0
}

// drawn is a JPEG of that size.
func drawn(width, height int) []byte {
	m := image.NewGray(image.Rect(0, 0, width, height))
	m.SetGray(width/2, height/2, color.Gray{255})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// told is a key frame that tells the pretended ffmpeg what to do.
func told(what string) *media.Frame {
	tracks := &media.TrackSet{Tracks: []*media.Track{{Kind: media.Video, Codec: media.H263}}}
	return &media.Frame{
		Kind: media.Video, Class: media.Key, Header: 1, Tracks: tracks,
		Payload: []byte("\x12" + order + what + ";"),
	}
}
