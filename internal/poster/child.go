package poster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const (
	maxWidth  = 1280
	maxHeight = 2560
	// maxPixels is more than 8K has: no header can make the decoder reserve
	// memory for more.
	maxPixels = 8192 * 4352
	// maxBlock bounds one allocation of ffmpeg's, on every system.
	maxBlock = 256 << 20
	// maxMemory is what ffmpeg may reserve: several pictures of 8K, not many.
	maxMemory = 768 << 20
	// maxOutput bounds a picture.
	maxOutput = 2 << 20
	// maxWords bounds what is kept of what ffmpeg says.
	maxWords = 300
)

// fit makes square samples of what may be anamorphic, no wider than maxWidth, in
// the colours that JPEG means (JFIF: BT.601, full range). The way leads through
// RGB: from BT.709 at once, FFmpeg 7.0 leaves the matrix as it was.
var fit = fmt.Sprintf("scale=w='max(2,2*round(min(%d,iw*sar)/2))':h='clip(2*round(min(%d,iw*sar)/dar/2),2,%d)',setsar=1"+
	",format=rgb24,scale=out_color_matrix=bt601:out_range=full,format=yuvj420p", maxWidth, maxWidth, maxHeight)

// arguments are ffmpeg's. It is told everything, and may open nothing but its
// standard input and output.
func arguments(format string) []string {
	return []string{
		"-nostdin", "-hide_banner", "-loglevel", "error", "-max_alloc", strconv.Itoa(maxBlock),
		"-protocol_whitelist", "pipe", "-max_pixels", strconv.Itoa(maxPixels), "-threads", "1",
		"-f", format, "-i", "pipe:0",
		"-map", "0:v:0", "-frames:v", "1", "-filter_threads", "1", "-vf", fit,
		"-threads", "1", "-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe", "-protocol_whitelist", "pipe", "pipe:1",
	}
}

// child is a program that turns its standard input into its standard output.
type child struct {
	path   string
	args   []string
	limit  time.Duration
	memory uint64 // bytes that it may reserve, where the system allows to say so
}

// run runs the program once. It is ended, with all that it started, when its
// time is over, it has made more than it may, or ctx is done.
func (c *child) run(ctx context.Context, input []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.limit, errTooSlow)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	out, words := &output{full: func() { stop(errTooLarge) }}, &saying{}
	in := &held{until: make(chan struct{}), r: bytes.NewReader(input)}

	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Env = environment()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, words
	// What holds the pipes although it is dead or has left the group.
	cmd.WaitDelay = time.Second
	isolate(cmd)
	if err := cmd.Start(); err != nil {
		close(in.until)
		return nil, fmt.Errorf("start ffmpeg: %w", err)
	}
	// Before it gets the first byte from a stranger.
	restrain(cmd.Process.Pid, c.memory)
	close(in.until)
	err := cmd.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, fmt.Errorf("ffmpeg failed: %w%s", err, words)
	}
	return out.b.Bytes(), nil
}

// environment is what a program needs to be found and run: nothing that the
// server keeps to itself, and nothing that would have ffmpeg write reports.
func environment() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range []string{"PATH", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "TEMP", "SYSTEMROOT"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// held gives nothing until it is let go.
type held struct {
	until chan struct{}
	r     io.Reader
}

func (h *held) Read(p []byte) (int, error) {
	<-h.until
	return h.r.Read(p)
}

// output is what the program makes, up to maxOutput.
type output struct {
	b    bytes.Buffer
	full func()
}

func (o *output) Write(p []byte) (int, error) {
	if o.b.Len()+len(p) > maxOutput {
		o.full()
		return 0, errors.New("too much")
	}
	return o.b.Write(p)
}

// saying is the beginning of what the program says.
type saying struct{ b []byte }

func (s *saying) Write(p []byte) (int, error) {
	s.b = append(s.b, p[:min(len(p), maxWords-len(s.b))]...)
	return len(p), nil
}

// String is the first line of it, after a colon.
func (s *saying) String() string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(s.b)), "\n")
	if line == "" {
		return ""
	}
	return ": " + strings.ToValidUTF8(strings.TrimSpace(line), "?")
}
