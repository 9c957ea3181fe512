package flv

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// A body by the letter of "Enhanced RTMP v2", what it means, and how it leaves.
// No encoder sends most of these yet.
type vector struct {
	clause string
	kind   media.Kind
	// first is a body that precedes the one in question, such as the sequence
	// start that makes it readable.
	first, body string
	// want is the frames: track, class, PTS - DTS, and the payload behind its
	// header.
	want []string
	// full and old are what readers get of it who accept AcceptAll and nothing.
	full, old []string
	// fails says that a part of the body is an error.
	fails bool
}

const (
	opusHeader = "4f70757348656164 01 02 3801 80bb0000 0000 00"
	av1Record  = "81000c00 0a0b000000043cfeccdaf90040"
	vpRecord   = "01000000 000b82 020202 0000"
	mp3Frame   = "fffb9064"
)

var vectors = []vector{
	{
		"ExVideoTagHeader: CodedFrames of avc1 begin with a composition offset", media.Video,
		"90 61766331" + avcC, "91 61766331 000021 00000002 6588",
		[]string{"video 0 key +33ms 000000026588"},
		[]string{"1701000021 000000026588"},
		[]string{"1701000021 000000026588"},
		false,
	},
	{
		"ExVideoTagBody: CodedFramesX have an offset of zero", media.Video,
		"90 61766331" + avcC, "a3 61766331 00000002 4188",
		[]string{"video 0 inter +0s 000000024188"},
		[]string{"2701000000 000000024188"},
		[]string{"2701000000 000000024188"},
		false,
	},
	{
		"ExVideoTagBody: av01 has no offset", media.Video,
		"90 61763031" + av1Record, "b1 61763031 12003201aa",
		[]string{"video 0 disposable +0s 12003201aa"},
		[]string{"b161763031 12003201aa"},
		[]string{"b161763031 12003201aa"},
		false,
	},
	{
		"ExVideoTagHeader: a frame type of 5 is followed by a VideoCommand, and no FourCC", media.Video,
		"90 61766331" + avcC, "d1 00",
		[]string{"video 0 command +0s 00"},
		[]string{"d100"},
		[]string{"57 00"},
		false,
	},
	{
		"ExVideoTagBody: SequenceEnd", media.Video,
		"90 61763031" + av1Record, "92 61763031",
		[]string{"video 0 command +0s "},
		nil, nil, false,
	},
	{
		"ExVideoTagHeader: TimestampOffsetNano is added to the presentation time", media.Video,
		"90 61766331" + avcC, "97 02 03d090 01 61766331 000021 00000002 6588",
		[]string{"video 0 key +33.25ms 000000026588"},
		[]string{"970203d09001 61766331000021 000000026588"},
		[]string{"1701000021 000000026588"},
		false,
	},
	{
		"ExVideoTagHeader: modifiers repeat while the packet type is ModEx, unknown ones are passed over", media.Video,
		"90 61763031" + av1Record, "a7 00 ff f7 02 000001 01 61763031 12003201aa",
		[]string{"video 0 inter +1ns 12003201aa"},
		[]string{"a70200000101 61763031 12003201aa"},
		[]string{"a161763031 12003201aa"},
		false,
	},
	{
		"ExVideoTagHeader: a modifier's size of 256 means 16 bits follow", media.Video,
		"90 61763031" + av1Record, "a7 ff 00ff" + strings.Repeat("00", 256) + "11 61763031 12003201aa",
		[]string{"video 0 inter +0s 12003201aa"},
		[]string{"a161763031 12003201aa"},
		[]string{"a161763031 12003201aa"},
		false,
	},
	{
		"ExVideoTagHeader: OneTrack", media.Video,
		"96 00 61766331 03" + avcC, "96 03 61766331 03 00000002 6588",
		[]string{"video 3 key +0s 000000026588"},
		[]string{"96036176633103 000000026588"},
		[]string{"1701000000 000000026588"},
		false,
	},
	{
		"ExVideoTagBody: ManyTracks, each behind its size", media.Video,
		"96 10 61763031" + sized(0, av1Record) + sized(1, av1Record),
		"96 11 61763031 00 000005 12003201aa 01 000005 12003201bb",
		[]string{"video 0 key +0s 12003201aa", "video 1 key +0s 12003201bb"},
		[]string{"9161763031 12003201aa", "96016176303101 12003201bb"},
		[]string{"9161763031 12003201aa"},
		false,
	},
	{
		"ExVideoTagBody: ManyTracksManyCodecs, each with its FourCC", media.Video,
		"96 20 61766331" + sized(0, avcC) + "76703039" + sized(1, vpRecord),
		"96 21 61766331 00 000009 000021 00000002 6588 76703039 01 000001 aa",
		[]string{"video 0 key +33ms 000000026588", "video 1 key +0s aa"},
		[]string{"1701000021 000000026588", "96017670303901 aa"},
		[]string{"1701000021 000000026588"},
		false,
	},
	{
		"ExVideoTagBody: a FourCC that nobody knows", media.Video,
		"96 20 61616161 00 000001 07" + "62626262 01 000001 08", "96 21 61616161 00 000001 aa 62626262 01 000001 bb",
		[]string{"video 0 key +0s aa", "video 1 key +0s bb"},
		[]string{"9161616161 aa", "96016262626201 bb"},
		[]string{"9161616161 aa"},
		false,
	},
	{
		"VideoPacketType: 8 to 15 are reserved", media.Video,
		"90 61766331" + avcC, "98 61766331 aa",
		[]string{"video 0 command +0s aa"},
		[]string{"9861766331 aa"},
		nil, false,
	},
	{
		"ExAudioTagBody: CodedFrames of Opus", media.Audio,
		"90 4f707573" + opusHeader, "91 4f707573 fcaa",
		[]string{"audio 0 key +0s fcaa"},
		[]string{"914f707573 fcaa"},
		[]string{"914f707573 fcaa"},
		false,
	},
	{
		"ExAudioTagBody: CodedFrames of mp4a are raw", media.Audio,
		"90 6d703461 1210", "91 6d703461 de02",
		[]string{"audio 0 key +0s de02"},
		[]string{"af01 de02"},
		[]string{"af01 de02"},
		false,
	},
	{
		"ExAudioTagBody: .mp3 has no sequence start", media.Audio,
		"", "91 2e6d7033" + mp3Frame,
		[]string{"audio 0 key +0s " + mp3Frame},
		[]string{"2f " + mp3Frame},
		[]string{"2f " + mp3Frame},
		false,
	},
	{
		"ExAudioTagHeader: TimestampOffsetNano", media.Audio,
		"af 00 1210", "97 02 03d090 01 6d703461 de02",
		[]string{"audio 0 key +250µs de02"},
		[]string{"970203d09001 6d703461 de02"},
		[]string{"af01 de02"},
		false,
	},
	{
		"ExAudioTagBody: ManyTracks", media.Audio,
		"95 10 6d703461 00 000002 1210 02 000002 1190", "95 11 6d703461 00 000001 aa 02 000002 bbcc",
		[]string{"audio 0 key +0s aa", "audio 2 key +0s bbcc"},
		[]string{"af01 aa", "95016d70346102 bbcc"},
		[]string{"af01 aa"},
		false,
	},
	{
		"AudioPacketType: 3 is reserved", media.Audio,
		"90 4f707573" + opusHeader, "93 4f707573 aa",
		[]string{"audio 0 command +0s aa"},
		[]string{"934f707573 aa"},
		[]string(nil), false,
	},
	{
		"ExVideoTagHeader: a multitrack type that is not defined", media.Video,
		"90 61766331" + avcC, "96 31 61766331 00 aa", nil, nil, nil, true,
	},
	{
		"ExVideoTagBody: a track that is cut leaves those before it", media.Video,
		"90 61763031" + av1Record, "96 11 61763031 00 000005 12003201aa 01 000006 12003201bb",
		[]string{"video 0 key +0s 12003201aa"},
		[]string{"9161763031 12003201aa"},
		[]string{"9161763031 12003201aa"},
		true,
	},
}

// sized writes a track of a body of many: its identifier, its size and itself.
func sized(track int, body string) string {
	body = strings.ReplaceAll(body, " ", "")
	return fmt.Sprintf("%02x%06x%s", track, len(body)/2, body)
}

var classNames = map[media.Class]string{
	media.Key: "key", media.Inter: "inter", media.Disposable: "disposable",
	media.Generated: "generated", media.Command: "command",
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.clause, func(t *testing.T) {
			var d Demuxer
			full, old := Muxer{Accept: AcceptAll}, Muxer{}
			if first, err := d.Demux(tagType(v.kind), 0, unhex(t, v.first)); err != nil || len(first) > 0 {
				t.Fatalf("the body before: %v, %v", first, err)
			}
			frames, err := d.Demux(tagType(v.kind), 0, unhex(t, v.body))
			if (err != nil) != v.fails {
				t.Fatalf("error %v", err)
			}
			var got, toFull, toOld []string
			for _, f := range frames {
				checkFrame(t, f)
				got = append(got, fmt.Sprintf("%v %d %s +%v %x", f.Kind, f.Track, classNames[f.Class],
					time.Duration(f.PTS-f.DTS), f.Payload[f.Header:]))
				toFull = append(toFull, alone(&full, f)...)
				toOld = append(toOld, alone(&old, f)...)
			}
			if !slices.Equal(got, v.want) {
				t.Errorf("frames %q\nwant   %q", got, v.want)
			}
			if want := spaceless(v.full); !slices.Equal(toFull, want) {
				t.Errorf("who accepts all gets %q\nwant                 %q", toFull, want)
			}
			if want := spaceless(v.old); !slices.Equal(toOld, want) {
				t.Errorf("who says nothing gets %q\nwant                  %q", toOld, want)
			}
		})
	}
}

// alone returns the tags of a frame whose tracks the reader knows already.
func alone(m *Muxer, f *media.Frame) []string {
	m.Mux(nil, f)
	var all []string
	for _, t := range m.Mux(nil, f) {
		all = append(all, fmt.Sprintf("%x%x", t.Head(), t.Payload))
	}
	return all
}

func spaceless(all []string) []string {
	var out []string
	for _, s := range all {
		out = append(out, strings.ReplaceAll(s, " ", ""))
	}
	return out
}
