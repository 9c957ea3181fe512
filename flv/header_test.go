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
		{"AVC configuration", "17 00 000000 01", header{part: sequenceHeader, codec: media.H264, class: media.Key, size: 5}},
		{"AVC configuration in an inter frame", "27 00 000000 01", header{part: sequenceHeader, codec: media.H264, class: media.Inter, size: 5}},
		{"AVC key", "17 01 000000 00", header{codec: media.H264, class: media.Key, size: 5}},
		{"AVC inter, offset 33 ms", "27 01 000021 00", header{codec: media.H264, class: media.Inter, size: 5, offset: 33 * ms}},
		{"AVC disposable, offset -40 ms", "37 01 ffffd8 00", header{codec: media.H264, class: media.Disposable, size: 5, offset: -40 * ms}},
		{"AVC generated", "47 01 000000 00", header{codec: media.H264, class: media.Generated, size: 5}},
		{"AVC end of sequence", "17 02 000000", header{part: sequenceEnd, codec: media.H264, class: media.Command, size: 5}},
		{"AVC end of sequence, cut short", "17 02", header{part: sequenceEnd, codec: media.H264, class: media.Command, size: 2}},
		{"AVC packet type 9", "17 09 000000 00", header{part: other, codec: media.H264, class: media.Command, size: 5}},
		{"a reserved frame type", "07 01 000000 00", header{codec: media.H264, class: media.Inter, size: 5}},
		{"seek start", "57 00", header{part: other, codec: media.H264, class: media.Command, size: 1}},
		{"Sorenson key", "12 00", header{codec: media.H263, class: media.Key, size: 1}},
		{"VP6 inter", "24 00", header{codec: media.VP6, class: media.Inter, size: 1}},
		{"a codec that nobody has", "1f 00", header{codec: media.Unknown, class: media.Key, size: 1}},
		{"HEVC by custom, configuration", "1c 00 000000 01", header{part: sequenceHeader, codec: media.HEVC, class: media.Key, size: 5}},
		{"HEVC by custom", "2c 01 000021 00", header{codec: media.HEVC, class: media.Inter, size: 5, offset: 33 * ms}},
		{"AV1 by a custom of its own", "1d 0a 0b", header{codec: media.AV1, class: media.Key, size: 1}},

		{"HEVC key, offset 33 ms", "91 68766331 000021 00", header{codec: media.HEVC, class: media.Key, size: 8, offset: 33 * ms}},
		{"HEVC key without offset", "93 68766331 00", header{codec: media.HEVC, class: media.Key, size: 5}},
		{"HEVC configuration", "90 68766331 01", header{part: sequenceHeader, codec: media.HEVC, class: media.Key, size: 5}},
		{"HEVC end of sequence", "92 68766331", header{part: sequenceEnd, codec: media.HEVC, class: media.Command, size: 5}},
		{"AV1 inter", "a1 61763031 00", header{codec: media.AV1, class: media.Inter, size: 5}},
		{"AV1 descriptor", "95 61763031 00", header{part: sequenceHeader, codec: media.AV1, class: media.Key, size: 5}},
		{"VP9 disposable", "b1 76703039 00", header{codec: media.VP9, class: media.Disposable, size: 5}},
		{"VP8", "91 76703038 00", header{codec: media.VP8, class: media.Key, size: 5}},
		{"VVC, offset -1 ms", "a1 76766331 ffffff 00", header{codec: media.VVC, class: media.Inter, size: 8, offset: -ms}},
		{"avc1", "a1 61766331 000000 00", header{codec: media.H264, class: media.Inter, size: 8}},
		{"colorInfo", "d4 68766331 02", header{part: metadata, codec: media.HEVC, class: media.Command, size: 5}},
		{"a reserved packet type", "98 68766331 00", header{part: other, codec: media.HEVC, class: media.Command, size: 5}},
		{"a FourCC that nobody has", "91 41414141 00", header{codec: media.Unknown, class: media.Key, size: 5}},
		{"seek end", "d1 01", header{part: other, codec: media.Unknown, class: media.Command, size: 1}},
		{"one track", "96 03 68766331 01 00", header{codec: media.HEVC, class: media.Key, track: 1, size: 7}},
		{"one track, with offset", "a6 01 61766331 02 000021 00", header{codec: media.H264, class: media.Inter, track: 2, size: 10, offset: 33 * ms}},
		{"one track, configuration", "96 00 61766331 01 01", header{part: sequenceHeader, codec: media.H264, class: media.Key, track: 1, size: 7}},
		{"many tracks", "96 11 61766331 00 000001 aa 01 000001 bb", header{codec: media.H264, class: media.Key, tracks: manyTracks, size: 6}},
		{"many tracks from 3 on", "96 11 61766331 03 000001 aa", header{codec: media.H264, class: media.Key, tracks: manyTracks, size: 6}},
		{
			"many codecs", "96 21 61766331 00 000001 aa 68766331 01 000001 bb",
			header{class: media.Key, tracks: manyTracksManyCodecs, size: 2},
		},
		{
			"250 us", "97 02 03d090 01 68766331 000000 00",
			header{codec: media.HEVC, class: media.Key, size: 13, offset: 250 * time.Microsecond},
		},
		{
			"250 us and 33 ms", "97 02 03d090 01 68766331 000021 00",
			header{codec: media.HEVC, class: media.Key, size: 13, offset: 33*ms + 250*time.Microsecond},
		},
		{
			"two modifiers, one unknown", "97 00 ff 17 02 03d090 03 68766331 00",
			header{codec: media.HEVC, class: media.Key, size: 13, offset: 250 * time.Microsecond},
		},
		{
			"a modifier of 256 bytes", "97 ff 00ff " + strings.Repeat("00", 256) + "11 68766331 000000 00",
			header{codec: media.HEVC, class: media.Key, size: 268},
		},
		{"a modified track", "97 02 000001 06 03 68766331 01 00", header{codec: media.HEVC, class: media.Key, track: 1, size: 12, offset: 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseHeader(media.Video, unhex(t, c.body))
			got.enhanced, got.frame, got.packet, got.fourCC = false, 0, 0, [fourCCSize]byte{}
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
		{"AAC configuration", "af 00 12 10 56 e5 00", header{part: sequenceHeader, codec: media.AAC, class: media.Key, size: 2}},
		{"AAC", "af 01 de", header{codec: media.AAC, class: media.Key, size: 2}},
		{"AAC packet type 5", "af 05 de", header{part: other, codec: media.AAC, class: media.Command, size: 2}},
		{"MP3", "2f ff", header{codec: media.MP3, class: media.Key, size: 1}},
		{"MP3 of 8 kHz", "ee ff", header{codec: media.MP3, class: media.Key, size: 1}},
		{"Speex", "b6 00", header{codec: media.Speex, class: media.Key, size: 1}},
		{"Nellymoser", "5a 00", header{codec: media.Nellymoser, class: media.Key, size: 1}},
		{"A-law", "70 00", header{codec: media.G711A, class: media.Key, size: 1}},
		{"mu-law", "80 00", header{codec: media.G711U, class: media.Key, size: 1}},
		{"PCM", "30 00", header{codec: media.PCM, class: media.Key, size: 1}},
		{"a device's own", "ff 00", header{codec: media.Unknown, class: media.Key, size: 1}},

		{"Opus", "91 4f707573 00", header{codec: media.Opus, class: media.Key, size: 5}},
		{"AAC configuration, enhanced", "90 6d703461 1210", header{part: sequenceHeader, codec: media.AAC, class: media.Key, size: 5}},
		{"channels of Opus", "94 4f707573 01 06 0000003f", header{part: channels, codec: media.Opus, class: media.Command, size: 5}},
		{"end of FLAC", "92 664c6143", header{part: sequenceEnd, codec: media.FLAC, class: media.Command, size: 5}},
		{"packet type 3", "93 61632d33 00", header{part: other, codec: media.AC3, class: media.Command, size: 5}},
		{"E-AC-3", "91 65632d33 00", header{codec: media.EAC3, class: media.Key, size: 5}},
		{"MP3, enhanced", "91 2e6d7033 00", header{codec: media.MP3, class: media.Key, size: 5}},
		{"a FourCC of a picture", "91 68766331 00", header{codec: media.Unknown, class: media.Key, size: 5}},
		{"one track", "95 01 6d703461 02 00", header{codec: media.AAC, class: media.Key, track: 2, size: 7}},
		{"many tracks", "95 11 6d703461 01 000001 aa 02 000001 bb", header{codec: media.AAC, class: media.Key, tracks: manyTracks, size: 6}},
		{"250 us", "97 02 03d090 01 4f707573 00", header{codec: media.Opus, class: media.Key, size: 10, offset: 250 * time.Microsecond}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseHeader(media.Audio, unhex(t, c.body))
			got.enhanced, got.frame, got.packet, got.fourCC = false, 0, 0, [fourCCSize]byte{}
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
		{media.Video, "96 11 68766331"},
		{media.Video, "96 21"},
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

func TestListsOfTracksAreFlat(t *testing.T) {
	for name, body := range map[string]string{
		"a list in a list":     "96 06 61766331 00 00",
		"a modifier in a list": "96 17 61766331 00 000001 aa",
		"a layout of no name":  "96 31 61766331 00 00",
	} {
		if h, err := parseHeader(media.Video, unhex(t, body)); !errors.Is(err, errLayout) {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}
