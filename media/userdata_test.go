package media

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// message is user data of a UUID that is all a, and of the text.
func message(text string) string { return strings.Repeat("a", 16) + text }

// unit puts the length of a NAL unit in front of it, in that many bytes.
func unit(length int, nal string) string {
	return strings.Repeat("\x00", length-1) + string([]byte{byte(len(nal))}) + nal
}

func TestUserData(t *testing.T) {
	avc, hevc, av1 := &AVCConfig{LengthSize: 4}, &HEVCConfig{LengthSize: 2}, &AV1Config{}
	for _, c := range []struct {
		name   string
		format Format
		frame  string
		want   []string
	}{
		{
			"among others, before and behind", avc, unit(4, "\x06\x05\x12"+message("xy")+"\x80") + unit(4, "\x65\x88") +
				unit(4, "\x06\x01\x03123\x05\x12"+message("zz")+"\x80"), []string{"xy", "zz"},
		},
		{"several in a unit", avc, unit(4, "\x06\x05\x11"+message("1")+"\x05\x11"+message("2")+"\x80"), []string{"1", "2"}},
		{"emulation prevention", avc, unit(4, "\x06\x05\x13"+message("\x00\x00\x03\x01")+"\x80"), []string{"\x00\x00\x01"}},
		{"shorter than a UUID", avc, unit(4, "\x06\x05\x02ab\x80"), nil},
		{"longer than its unit", avc, unit(4, "\x06\x05\xff\xffb\x80"), nil},
		{
			"HEVC", hevc, unit(2, "\x4e\x01\x05\x11"+message("p")+"\x80") + unit(2, "\x50\x01\x05\x11"+message("s")+"\x80"),
			[]string{"p", "s"},
		},
		{"AV1", av1, "\x2a\x12\x06" + message("m") + "\x2a\x12\x04" + message("n") + "\x32\x01\x06", []string{"m"}},
		{"nothing known", nil, unit(4, "\x06\x05\x12"+message("xy")+"\x80"), nil},
	} {
		var got []string
		track := &Track{Kind: Video, Format: c.format}
		for id, b := range track.UserData([]byte(c.frame)) {
			if string(id[:]) != message("") {
				t.Errorf("%s: UUID %x", c.name, id)
			}
			got = append(got, string(b))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		for range track.UserData([]byte(c.frame)) {
			break
		}
	}
}

func FuzzUserData(f *testing.F) {
	f.Add(uint8(0), []byte(unit(4, "\x06\x05\x11"+message("1")+"\x80")))
	f.Add(uint8(1), []byte(unit(4, "\x4e\x01\x05\x11"+message("p")+"\x80")))
	f.Add(uint8(2), []byte("\x2a\x12\x06"+message("m")))
	formats := []Format{&AVCConfig{LengthSize: 4}, &HEVCConfig{LengthSize: 4}, &AV1Config{}}
	f.Fuzz(func(t *testing.T, format uint8, frame []byte) {
		track := &Track{Kind: Video, Format: formats[int(format)%len(formats)]}
		total := 0
		for _, b := range track.UserData(frame) {
			total += len(b)
		}
		if total > len(frame) {
			t.Error(fmt.Sprint(total, " bytes out of ", len(frame)))
		}
	})
}
