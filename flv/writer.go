package flv

import (
	"fmt"
	"io"
)

// Writer writes a file, or an endless stream of tags.
type Writer struct {
	w       io.Writer
	scratch []byte
	err     error
}

// NewWriter returns a Writer whose file header says that there is sound or
// picture. It writes nothing before the first tag.
func NewWriter(w io.Writer, hasAudio, hasVideo bool) *Writer {
	return &Writer{w: w, scratch: AppendFileHeader(nil, hasAudio, hasVideo)}
}

// WriteTag writes t in one call of the underlying writer's Write, the file
// header along with the first one. After a failed write it gives the same
// error again.
func (w *Writer) WriteTag(t *Tag) error {
	if w.err != nil {
		return w.err
	}
	size := t.Size()
	if size > MaxTagSize {
		return fmt.Errorf("flv: write a tag: its %d bytes are above %d", size, MaxTagSize)
	}
	b := AppendTagHeader(w.scratch, t.Type, t.Timestamp, size)
	b = append(b, t.Head()...)
	b = append(b, t.Payload...)
	b = AppendPreviousTagSize(b, size)
	if _, err := w.w.Write(b); err != nil {
		w.err = fmt.Errorf("flv: write a tag: %w", err)
	}
	w.scratch = b[:0]
	return w.err
}
