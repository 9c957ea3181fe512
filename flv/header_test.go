package flv

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// unhex reads bytes written with blanks for the eye.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseVideoHeader(t *testing.T) {
	const ms = time.Millisecond
	cases := []struct {
		name, body string
		want       header
	}{
		{"AVC configuration", "17 00 000000 01", header{sequenceHeader, media.H264, media.Key, 0, true, 5, 0}},
		{"AVC configuration in an inter frame", "27 00 000000 01", header{sequenceHeader, media.H264, media.Inter, 0, true, 5, 0}},
		{"AVC key", "17 01 000000 00", header{coded, media.H264, media.Key, 0, true, 5, 0}},
		{"AVC inter, offset 33 ms", "27 01 000021 00", header{coded, media.H264, media.Inter, 0, true, 5, 33 * ms}},
		{"AVC disposable, offset -40 ms", "37 01 ffffd8 00", header{coded, media.H264, media.Disposable, 0, true, 5, -40 * ms}},
		{"AVC generated", "47 01 000000 00", header{coded, media.H264, media.Generated, 0, true, 5, 0}},
		{"AVC end of sequence", "17 02 000000", header{other, media.H264, media.Command, 0, false, 5, 0}},
		{"AVC end of sequence, cut short", "17 02", header{other, media.H264, media.Command, 0, false, 2, 0}},
		{"AVC packet type 9", "17 09 000000 00", header{other, media.H264, media.Command, 0, false, 5, 0}},
		{"a reserved frame type", "07 01 000000 00", header{coded, media.H264, media.Inter, 0, true, 5, 0}},
		{"seek start", "57 00", header{other, media.H264, media.Command, 0, false, 1, 0}},
		{"Sorenson key", "12 00", header{coded, media.H263, media.Key, 0, false, 1, 0}},
		{"VP6 inter", "24 00", header{coded, media.VP6, media.Inter, 0, false, 1, 0}},
		{"a codec that nobody has", "1f 00", header{coded, media.Unknown, media.Key, 0, false, 1, 0}},
		{"HEVC by custom, configuration", "1c 00 000000 01", header{sequenceHeader, media.HEVC, media.Key, 0, false, 5, 0}},
		{"HEVC by custom", "2c 01 000021 00", header{coded, media.HEVC, media.Inter, 0, false, 5, 33 * ms}},
		{"AV1 by a custom of its own", "1d 0a 0b", header{coded, media.AV1, media.Key, 0, false, 1, 0}},

		{"HEVC key, offset 33 ms", "91 68766331 000021 00", header{coded, media.HEVC, media.Key, 0, false, 8, 33 * ms}},
		{"HEVC key without offset", "93 68766331 00", header{coded, media.HEVC, media.Key, 0, false, 5, 0}},
		{"HEVC configuration", "90 68766331 01", header{sequenceHeader, media.HEVC, media.Key, 0, false, 5, 0}},
		{"HEVC end of sequence", "92 68766331", header{other, media.HEVC, media.Command, 0, false, 5, 0}},
		{"AV1 inter", "a1 61763031 00", header{coded, media.AV1, media.Inter, 0, false, 5, 0}},
		{"AV1 descriptor", "95 61763031 00", header{sequenceHeader, media.AV1, media.Key, 0, false, 5, 0}},
		{"VP9 disposable", "b1 76703039 00", header{coded, media.VP9, media.Disposable, 0, false, 5, 0}},
		{"VP8", "91 76703038 00", header{coded, media.VP8, media.Key, 0, false, 5, 0}},
		{"VVC, offset -1 ms", "a1 76766331 ffffff 00", header{coded, media.VVC, media.Inter, 0, false, 8, -ms}},
		{"avc1", "a1 61766331 000000 00", header{coded, media.H264, media.Inter, 0, false, 8, 0}},
		{"colorInfo", "d4 68766331 02", header{other, media.HEVC, media.Command, 0, false, 5, 0}},
		{"a reserved packet type", "98 68766331 00", header{other, media.HEVC, media.Command, 0, false, 5, 0}},
		{"a FourCC that nobody has", "91 41414141 00", header{coded, media.Unknown, media.Key, 0, false, 5, 0}},
		{"seek end", "d1 01", header{other, media.Unknown, media.Command, 0, false, 1, 0}},
		{"one track", "96 03 68766331 01 00", header{coded, media.HEVC, media.Key, 1, false, 7, 0}},
		{"one track, with offset", "a6 01 61766331 02 000021 00", header{coded, media.H264, media.Inter, 2, false, 10, 33 * ms}},
		{"one track, configuration", "96 00 61766331 01 01", header{sequenceHeader, media.H264, media.Key, 1, false, 7, 0}},
		{"many tracks", "96 11 61766331 00 000001 aa 01 000001 bb", header{coded, media.H264, media.Key, 0, false, 6, 0}},
		{"many tracks from 3 on", "96 11 61766331 03 000001 aa", header{coded, media.H264, media.Key, 3, false, 6, 0}},
		{
			"many codecs", "96 21 61766331 00 000001 aa 68766331 01 000001 bb",
			header{coded, media.H264, media.Key, 0, false, 2, 0},
		},
		{"multitrack within multitrack", "96 06 61766331 00 00", header{other, media.H264, media.Command, 0, false, 7, 0}},
		{
			"250 us", "97 02 03d090 01 68766331 000000 00",
			header{coded, media.HEVC, media.Key, 0, false, 13, 250 * time.Microsecond},
		},
		{
			"250 us and 33 ms", "97 02 03d090 01 68766331 000021 00",
			header{coded, media.HEVC, media.Key, 0, false, 13, 33*ms + 250*time.Microsecond},
		},
		{
			"two modifiers, one unknown", "97 00 ff 17 02 03d090 03 68766331 00",
			header{coded, media.HEVC, media.Key, 0, false, 13, 250 * time.Microsecond},
		},
		{
			"a modifier of 256 bytes", "97 ff 00ff " + strings.Repeat("00", 256) + "11 68766331 000000 00",
			header{coded, media.HEVC, media.Key, 0, false, 268, 0},
		},
		{"a modified track", "97 02 000001 06 03 68766331 01 00", header{coded, media.HEVC, media.Key, 1, false, 12, 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseHeader(media.Video, unhex(t, c.body))
			if err != nil || got != c.want {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func TestParseAudioHeader(t *testing.T) {
	cases := []struct {
		name, body string
		want       header
	}{
		{"AAC configuration", "af 00 12 10 56 e5 00", header{sequenceHeader, media.AAC, media.Key, 0, true, 2, 0}},
		{"AAC", "af 01 de", header{coded, media.AAC, media.Key, 0, true, 2, 0}},
		{"AAC packet type 5", "af 05 de", header{other, media.AAC, media.Command, 0, false, 2, 0}},
		{"MP3", "2f ff", header{coded, media.MP3, media.Key, 0, false, 1, 0}},
		{"MP3 of 8 kHz", "ee ff", header{coded, media.MP3, media.Key, 0, false, 1, 0}},
		{"Speex", "b6 00", header{coded, media.Speex, media.Key, 0, false, 1, 0}},
		{"Nellymoser", "5a 00", header{coded, media.Nellymoser, media.Key, 0, false, 1, 0}},
		{"A-law", "70 00", header{coded, media.G711A, media.Key, 0, false, 1, 0}},
		{"mu-law", "80 00", header{coded, media.G711U, media.Key, 0, false, 1, 0}},
		{"PCM", "30 00", header{coded, media.PCM, media.Key, 0, false, 1, 0}},
		{"a device's own", "ff 00", header{coded, media.Unknown, media.Key, 0, false, 1, 0}},

		{"Opus", "91 4f707573 00", header{coded, media.Opus, media.Key, 0, false, 5, 0}},
		{"AAC configuration, enhanced", "90 6d703461 1210", header{sequenceHeader, media.AAC, media.Key, 0, false, 5, 0}},
		{"channels of Opus", "94 4f707573 01 06 0000003f", header{other, media.Opus, media.Command, 0, false, 5, 0}},
		{"end of FLAC", "92 664c6143", header{other, media.FLAC, media.Command, 0, false, 5, 0}},
		{"packet type 3", "93 61632d33 00", header{other, media.AC3, media.Command, 0, false, 5, 0}},
		{"E-AC-3", "91 65632d33 00", header{coded, media.EAC3, media.Key, 0, false, 5, 0}},
		{"MP3, enhanced", "91 2e6d7033 00", header{coded, media.MP3, media.Key, 0, false, 5, 0}},
		{"a FourCC of a picture", "91 68766331 00", header{coded, media.Unknown, media.Key, 0, false, 5, 0}},
		{"one track", "95 01 6d703461 02 00", header{coded, media.AAC, media.Key, 2, false, 7, 0}},
		{"many tracks", "95 11 6d703461 01 000001 aa 02 000001 bb", header{coded, media.AAC, media.Key, 1, false, 6, 0}},
		{"250 us", "97 02 03d090 01 4f707573 00", header{coded, media.Opus, media.Key, 0, false, 10, 250 * time.Microsecond}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseHeader(media.Audio, unhex(t, c.body))
			if err != nil || got != c.want {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

// Every header that is cut anywhere is an error, and none is a panic.
func TestParseHeaderTruncated(t *testing.T) {
	cases := []struct {
		kind media.Kind
		body string
	}{
		{media.Video, "17 01 000000"},
		{media.Video, "1c 01 000000"},
		{media.Video, "91 68766331 000000"},
		{media.Video, "96 01 68766331 01 000000"},
		{media.Video, "96 11 68766331 01"},
		{media.Video, "96 21 68766331 01"},
		{media.Video, "97 02 03d090 01 68766331 000000"},
		{media.Video, "97 ff 0000 00 01 68766331 000000"},
		{media.Audio, "af 00"},
		{media.Audio, "91 4f707573"},
		{media.Audio, "95 01 6d703461 02"},
	}
	for _, c := range cases {
		body := unhex(t, c.body)
		if h, err := parseHeader(c.kind, body); err != nil {
			t.Errorf("%s: %+v, %v", c.body, h, err)
		}
		for n := 1; n < len(body); n++ {
			if c.body[:2] == "1c" && n == 1 {
				continue // the codec's number alone: a frame of an older custom
			}
			if h, err := parseHeader(c.kind, body[:n]); !errors.Is(err, ErrTruncated) {
				t.Errorf("%x: %+v, %v", body[:n], h, err)
			}
		}
	}
}
