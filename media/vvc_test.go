package media

import "testing"

// vvcRecord is a vvcC by the standard's syntax: no encoder at hand makes one.
func vvcRecord() *bitWriter {
	w := (&bitWriter{}).write(0x1f, 5).write(3, 2).write(1, 1)
	w.write(0, 9).write(2, 3).write(0, 2).write(1, 2).write(2, 3).write(0x1f, 5)
	w.write(0, 2).write(1, 6).write(1, 7).write(0, 1).write(51, 8).write(0x80, 8) // one byte of constraints
	w.write(1, 1).write(0, 7).write(48, 8)                                        // the level of a sub-layer
	w.write(1, 8).write(0, 32)                                                    // a sub-profile
	w.write(1920, 16).write(1080, 16).write(50*256, 16)
	w.write(2, 8)
	w.write(0x80|15, 8).write(1, 16).write(3, 16).write(0x007b11, 24) // an SPS
	return w.write(13, 8).write(2, 16).write(0x006b, 16)              // a DCI, which has no count
}

func TestParseVVCConfig(t *testing.T) {
	record := vvcRecord().b
	for name, b := range map[string][]byte{"record": record, "box": append(make([]byte, 4), record...)} {
		c, err := ParseVVCConfig(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.CodecString() != "vvc1.1.L51.CQA" || c.Width != 1920 || c.Height != 1080 || c.BitDepth != 10 || c.FrameRate != 50 ||
			c.LengthSize != 4 || c.ProfileName() != "Main 10" || c.LevelName() != "3.1" {
			t.Errorf("%s: %s %+v", name, c.CodecString(), c)
		}
	}
	for n := range len(record) - 1 {
		if c, err := ParseVVCConfig(record[:n]); err == nil {
			t.Errorf("%d bytes are enough: %+v", n, c)
		}
	}
	if c, err := ParseVVCConfig([]byte{0xfe, 0}); err != nil || c.Width != 0 || c.LengthSize != 4 || c.LevelName() != "" {
		t.Errorf("without a profile: %+v, %v", c, err)
	}
}
