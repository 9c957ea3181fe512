package dash

import (
	"bytes"
	"compress/gzip"
	"sync"
)

// text is a manifest, rendered and compressed once for all who ask.
type text struct {
	plain  []byte
	once   sync.Once
	zipped []byte
}

// zip returns the text as gzip has it.
func (t *text) zip() []byte {
	t.once.Do(func() {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(t.plain) //nolint:errcheck // a bytes.Buffer takes everything
		z.Close()
		t.zipped = b.Bytes()
	})
	return t.zipped
}
