package deliver

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Text is a document that is written once for all who ask, and compressed once.
type Text struct {
	plain            []byte
	tag, tagOfZipped string // as they stand in ETag
	level            int
	zipped           func() []byte
}

// NewText returns a Text of bytes, which it keeps. They are compressed at a level of
// compress/gzip's when somebody first asks for that.
func NewText(plain []byte, tag string, level int) *Text {
	return &Text{
		// Other bytes need another tag (RFC 9110 §8.8.3).
		plain: plain, tag: quote(tag), tagOfZipped: quote(tag + "-gz"), level: level,
		zipped: sync.OnceValue(func() []byte { return compress(plain, level) }),
	}
}

// rewritten is what change makes of the text, for one answer. Its tag can stay: the
// address is another as well.
func (t *Text) rewritten(change func([]byte) []byte) *Text {
	plain := change(t.plain)
	return &Text{
		plain: plain, tag: t.tag, tagOfZipped: t.tagOfZipped, level: t.level,
		zipped: func() []byte { return compress(plain, t.level) },
	}
}

// String is the document.
func (t *Text) String() string { return string(t.plain) }

// Serve answers with the text. It returns how many bytes of body it sent.
func (t *Text) Serve(w http.ResponseWriter, r *http.Request) int {
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if takesGzip(r.Header["Accept-Encoding"]) {
		h.Set("Content-Encoding", "gzip")
		return send(w, r, t.tagOfZipped, t.zipped())
	}
	return send(w, r, t.tag, t.plain)
}

// takesGzip reads Accept-Encoding (RFC 9110 §12.5.3) for gzip, by name.
func takesGzip(values []string) bool {
	for _, list := range values {
		for coding := range strings.SplitSeq(list, ",") {
			coding, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
			if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				continue
			}
			_, q, weighted := strings.Cut(weight, "=")
			if !weighted {
				return true
			}
			v, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			return err == nil && v > 0
		}
	}
	return false
}

// compressors are the ones that compress fast, at work some times a second: each has
// tables of a megabyte.
var compressors = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for levels out of range only
	return z
}}

func compress(plain []byte, level int) []byte {
	var b bytes.Buffer
	b.Grow(len(plain)/8 + 64)
	if level != gzip.BestSpeed {
		z, _ := gzip.NewWriterLevel(&b, level)
		z.Write(plain) //nolint:errcheck // a bytes.Buffer takes everything
		z.Close()
		return b.Bytes()
	}
	z := compressors.Get().(*gzip.Writer)
	z.Reset(&b)
	z.Write(plain) //nolint:errcheck // as above
	z.Close()
	compressors.Put(z)
	return b.Bytes()
}
