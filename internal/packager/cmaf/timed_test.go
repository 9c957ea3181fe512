package cmaf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

func message0(t testing.TB, values ...amf.Value) []byte {
	t.Helper()
	b, err := amf.Append(nil, values...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// eventOf is an emsg as a player reads it.
type eventOf struct {
	at   time.Duration
	id   uint32
	text string // description, a colon, value
}

func events(t testing.TB, s *Segment) []eventOf {
	t.Helper()
	var found []eventOf
	moof := false
	for _, b := range walk(t, s.Bytes, 0) {
		moof = moof || b.kind == "moof"
		if b.kind != "emsg" {
			continue
		}
		if moof {
			t.Error("an event behind the moof of its chunk")
		}
		timescale, at := u32(b.body, 1), binary.BigEndian.Uint64(b.body[8:])
		if b.body[0] != 1 || timescale != s.Header.Timescale || u32(b.body, 4) != 0xffffffff {
			t.Errorf("event %x", b.body[:24])
		}
		scheme, rest, _ := bytes.Cut(b.body[24:], []byte{0})
		value, tag, _ := bytes.Cut(rest, []byte{0})
		if string(scheme) != "https://aomedia.org/emsg/ID3" || len(value) > 0 {
			t.Errorf("scheme %q, value %q", scheme, value)
		}
		found = append(found, eventOf{
			at: time.Duration(nanoseconds(int64(at), timescale)), id: u32(b.body, 5), text: readTXXX(t, tag),
		})
	}
	return found
}

func readTXXX(t testing.TB, tag []byte) string {
	t.Helper()
	size := func(b []byte) int { return int(b[0])<<21 | int(b[1])<<14 | int(b[2])<<7 | int(b[3]) }
	if len(tag) < 21 || string(tag[:6]) != "ID3\x04\x00\x00" || size(tag[6:]) != len(tag)-10 ||
		string(tag[10:14]) != "TXXX" || size(tag[14:]) != len(tag)-20 || tag[18]|tag[19] != 0 || tag[20] != 3 {
		t.Fatalf("ID3 tag %q", tag)
	}
	return strings.Replace(string(tag[21:]), "\x00", ":", 1)
}

func TestDataBecomesID3(t *testing.T) {
	l := newLive(t)
	ladder := *l.tracks.Default(media.Video)
	ladder.ID = 1
	l.tracks = l.tracks.With(&ladder)
	l.run(0, 6*time.Second, true, true)
	var frames []*media.Frame
	for _, f := range l.frames {
		frames = append(frames, f)
		if f.Kind == media.Video {
			other := *f
			other.Track = 1
			frames = append(frames, &other)
		}
		if f.Kind == media.Video && f.DTS%int64(time.Second) == 0 {
			for class, payload := range map[media.Class][]byte{
				media.Inter: message0(t, "onCuePoint", amf.NewObject("name", "goal", "time", float64(f.DTS)/1e9)),
				media.Key:   message0(t, "onMetaData", amf.NewECMAArray()),
			} {
				frames = append(frames, &media.Frame{
					Kind: media.Data, Class: class, DTS: f.DTS, PTS: f.DTS, Tracks: f.Tracks, Arrival: f.Arrival, Payload: payload,
				})
			}
		}
	}
	got := make(map[uint8][]string)
	for _, s := range pack(frames) {
		begin := time.Duration(nanoseconds(s.Start, s.Header.Timescale))
		for _, e := range events(t, s) {
			if s.Kind != media.Video || e.at < begin || e.at >= begin+s.Length() {
				t.Errorf("an event at %v in the %v segment at %v", e.at, s.Kind, begin)
			}
			got[s.Header.Track.ID] = append(got[s.Header.Track.ID], fmt.Sprint(e.at, " ", e.id, " ", e.text))
		}
	}
	for id := range uint8(2) {
		if len(got[id]) != 6 || got[id][5] != `5s 6 onCuePoint:{"name":"goal","time":5}` {
			t.Errorf("track %d has %q", id, got[id])
		}
	}
}

// Sound alone carries them as well, and what comes before the first segment is
// not lost.
func TestDataOfSoundAlone(t *testing.T) {
	l := newLive(t)
	l.tracks = (*media.TrackSet)(nil).With(l.tracks.Default(media.Audio))
	l.run(0, 5*time.Second, false, true)
	early := &media.Frame{Kind: media.Data, DTS: 0, PTS: 0, Payload: message0(t, "onTextData", "hi")}
	segments := pack(append([]*media.Frame{early}, l.frames...))
	if got := events(t, segments[0]); len(got) != 1 || got[0].text != `onTextData:"hi"` {
		t.Errorf("events %+v", got)
	}
}

func TestTimedTag(t *testing.T) {
	loop := amf.NewObject("a", 1.0)
	loop.Set("me", loop)
	loopInAMF3, err := amf.Append(nil, "loop", amf.AMF3{Value: loop})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		payload []byte
		want    string // "" for none
	}{
		"no argument":     {message0(t, "onFI"), "onFI:null"},
		"several":         {message0(t, "x", 1.0, true, nil), "x:[1,true,null]"},
		"nested":          {message0(t, "x", amf.NewObject("a", amf.NewArray("b", 2.5))), `x:{"a":["b",2.5]}`},
		"text":            {message0(t, "x", "a\"\n<\xff"), "x:\"a\\\"\\n\\u003c\\ufffd\""},
		"not a number":    {message0(t, "x", amf.Undefined{}), "x:null"},
		"AMF3":            {message0(t, "x", amf.AMF3{Value: amf.NewArray(7, []byte{1, 2})}), `x:[7,"AQI="]`},
		"date":            {message0(t, "x", amf.DateOf(clipBegin)), `x:"2026-01-02T03:04:05Z"`},
		"NUL in name":     {message0(t, "x\x00y", 1.0), "xy:1"},
		"metadata":        {message0(t, "onMetaData", 1.0), ""},
		"Flash's own":     {message0(t, "|RtmpSampleAccess", true, true), ""},
		"no name":         {message0(t, 1.0), ""},
		"empty name":      {message0(t, "", 1.0), ""},
		"nothing":         {nil, ""},
		"cut":             {message0(t, "x", "abc")[:6], ""},
		"too long":        {message0(t, "x", strings.Repeat("a", longestMessage)), ""},
		"leads to itself": {loopInAMF3, ""},
	} {
		tag := timedTag(c.payload)
		got := ""
		if tag != nil {
			got = readTXXX(t, tag)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMessagesAreBounded(t *testing.T) {
	l := newLive(t)
	l.run(0, 3*time.Second, true, true)
	note := &media.Frame{Kind: media.Data, PTS: int64(time.Second), Payload: message0(t, "x", 1.0)}
	var all int
	p := NewPackager(0, func(s *Segment) { all += len(events(t, s)) })
	for range 10 * mostMessages {
		p.Write(note)
	}
	for _, f := range l.frames {
		p.Write(f)
		p.Write(note)
	}
	p.End()
	if all == 0 || all > 3*mostMessages {
		t.Errorf("%d messages came out", all)
	}
}

func FuzzTimedTag(f *testing.F) {
	f.Add(message0(f, "onCuePoint", amf.NewObject("name", "goal", "list", amf.NewArray(1.0, "a"))))
	f.Add(message0(f, "x", amf.AMF3{Value: amf.NewArray(7, []byte{1, 2})}, amf.NewECMAArray("a", 1.0)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if tag := timedTag(payload); tag != nil {
			readTXXX(t, tag)
		}
	})
}
