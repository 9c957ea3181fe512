package poster

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image/jpeg"
	"time"
)

// picture is a JPEG. It is immutable.
type picture struct {
	jpeg []byte
	tag  string // for ETag
	// taken is when the key frame arrived, zero for the placeholder.
	taken time.Time
}

func newPicture(b []byte, taken time.Time) *picture {
	sum := sha256.Sum256(b)
	return &picture{jpeg: b, tag: hex.EncodeToString(sum[:12]), taken: taken}
}

// checkJPEG reports what is wrong with a picture from outside.
func checkJPEG(b []byte) error {
	if len(b) == 0 {
		return errors.New("it made no picture")
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(b))
	switch {
	case err != nil:
		return fmt.Errorf("what it made is no JPEG: %w", err)
	case !bytes.HasSuffix(b, []byte{0xff, 0xd9}): // EOI
		return errors.New("what it made has no end")
	case size.Width > maxWidth || size.Height > maxHeight:
		return fmt.Errorf("what it made is too large: %dx%d", size.Width, size.Height)
	}
	return nil
}
