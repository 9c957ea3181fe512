package cmaftest

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"
)

func full(kind string, version byte, flags uint32, values ...any) []byte {
	return boxOf(kind, append([]any{uint32(version)<<24 | flags}, values...)...)
}

func boxOf(kind string, values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		switch v := v.(type) {
		case string:
			b.WriteString(v)
		case int:
			binary.Write(&b, binary.BigEndian, uint32(v))
		default:
			binary.Write(&b, binary.BigEndian, v)
		}
	}
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+b.Len())), kind...), b.Bytes()...)
}

var track = Track{ID: 1, Timescale: 1000}

// chunk has two samples of 40 ms, of three bytes and of two.
func chunk(sequence int, start uint64, change func(tfhd, tfdt, trun, mdat *[]byte)) []byte {
	tfhd := full("tfhd", 0, tfMoof|tfFlags|tfDuration, 1, 40, 0x1010000)
	tfdt := full("tfdt", 1, 0, start)
	trun := full("trun", 1, trData|trFirst|trSize, 2, 100, 0x2000000, 3, 2)
	mdat := boxOf("mdat", "abcde")
	if change != nil {
		change(&tfhd, &tfdt, &trun, &mdat)
	}
	moof := boxOf("moof", full("mfhd", 0, 0, sequence), boxOf("traf", tfhd, tfdt, trun))
	if i := bytes.Index(moof, []byte("\x00\x00\x00\x02\x00\x00\x00d")); i > 0 {
		binary.BigEndian.PutUint32(moof[i+4:], uint32(len(moof)+8))
	}
	return append(moof, mdat...)
}

func prft(at uint64) []byte {
	return full("prft", 1, 24, 1, uint32(2208988800+1e9), uint32(1<<31), at)
}

func join(pieces ...[]byte) []byte { return bytes.Join(pieces, nil) }

func TestCheckMedia(t *testing.T) {
	good := join(boxOf("styp", "msdh", 0, "msdh", "cmfs"), prft(7), chunk(1, 7, nil), chunk(2, 87, nil))
	m, err := CheckMedia(track, good)
	if err != nil || m.Start != 7 || m.Duration != 160 || m.Chunks != 2 || m.Samples != 4 || !m.Sync || m.End() != 167 ||
		!m.Wall.Equal(time.Unix(1e9, 5e8)) {
		t.Errorf("%+v, %v", m, err)
	}
	for name, c := range map[string]struct {
		file   []byte
		clause string
	}{
		"nothing":              {nil, "no chunk"},
		"stray bytes":          {append(chunk(1, 0, nil), 1), "ISO §4.2"},
		"cut short":            {good[:len(good)-1], "ISO §4.2"},
		"no mdat":              {boxOf("moof"), "CMAF §7.3.2.3"},
		"a box between":        {join(boxOf("free"), chunk(1, 0, nil)), "CMAF §7.3.2.3"},
		"styp behind prft":     {join(prft(0), boxOf("styp", "msdh", 0), chunk(1, 0, nil)), "CMAF §7.3.2.3"},
		"strange brands":       {join(boxOf("styp", "abcd", 0), chunk(1, 0, nil)), "CMAF §7.2"},
		"prft of another time": {join(prft(1), chunk(1, 0, nil)), "ISO §8.16.5"},
		"old emsg":             {join(full("emsg", 0, 0), chunk(1, 0, nil)), "CMAF §7.4.5"},
		"the same number":      {join(chunk(1, 0, nil), chunk(1, 80, nil)), "ISO §8.8.5"},
		"a hole":               {join(chunk(1, 0, nil), chunk(2, 81, nil)), "CMAF §7.3.2.3"},
		"another track":        {chunk(1, 0, func(h, _, _, _ *[]byte) { *h = full("tfhd", 0, tfMoof, 2) }), "ISO §8.8.7"},
		"absolute offsets":     {chunk(1, 0, func(h, _, _, _ *[]byte) { *h = full("tfhd", 0, tfBaseOffset, 1, uint64(0)) }), "CMAF §7.5.15"},
		"no tfdt":              {chunk(1, 0, func(_, d, _, _ *[]byte) { *d = boxOf("free") }), "RFC §3.1.2"},
		"no data offset":       {chunk(1, 0, func(_, _, r, _ *[]byte) { *r = full("trun", 0, trSize, 1, 5) }), "CMAF §7.5.16"},
		"a wrong data offset":  {chunk(1, 0, func(_, _, r, _ *[]byte) { *r = full("trun", 0, trData|trSize, 1, 3, 5) }), "ISO §8.8.8"},
		"flags twice":          {chunk(1, 0, func(_, _, r, _ *[]byte) { *r = full("trun", 0, trData|trFirst|trFlags, 2, 100) }), "ISO §8.8.8.1"},
		"too few samples":      {chunk(1, 0, func(_, _, r, _ *[]byte) { *r = full("trun", 0, trData|trSize, 2, 100, 5) }), "ISO §8.8.8"},
		"no samples":           {chunk(1, 0, func(_, _, r, m *[]byte) { *r, *m = full("trun", 0, trData|trSize, 0, 104), boxOf("mdat") }), "ISO §8.8.7"},
		"no duration":          {chunk(1, 0, func(h, _, _, _ *[]byte) { *h = full("tfhd", 0, tfMoof|tfFlags, 1, 0) }), "0 ticks"},
		"more data":            {chunk(1, 0, func(_, _, _, m *[]byte) { *m = boxOf("mdat", "abcdef") }), "CMAF §7.3.2.3"},
		"a key that depends":   {chunk(1, 0, func(h, _, _, _ *[]byte) { *h = full("tfhd", 0, tfMoof|tfFlags|tfDuration, 1, 40, 1<<24) }), "ISO §8.6.4.3"},
	} {
		if _, err := CheckMedia(track, c.file); err == nil || !strings.Contains(err.Error(), c.clause) {
			t.Errorf("%s: %v, want %s", name, err, c.clause)
		}
	}
	sound := track
	sound.Audio = true
	if _, err := CheckMedia(sound, good); err == nil {
		t.Error("sound that depends on other sound is taken")
	}
	one, two := chunk(1, 0, nil), chunk(2, 80, nil)
	if of, err := CheckParts(track, join(one, two), [][]byte{one, two}); err != nil || len(of) != 2 || of[1].Start != 80 {
		t.Errorf("%+v, %v", of, err)
	}
	for name, parts := range map[string][][]byte{
		"one missing": {one}, "not at a chunk": {join(one, two)[:200], join(one, two)[200:]}, "other bytes": {one, chunk(2, 81, nil)},
	} {
		if _, err := CheckParts(track, join(one, two), parts); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func header(change func(s string) string) []byte {
	matrix := strings.Repeat("\x00", 60)
	tables := join(full("stts", 0, 0, 0), full("stsc", 0, 0, 0), full("stsz", 0, 0, 0, 0), full("stco", 0, 0, 0))
	mdia := boxOf("mdia", full("mdhd", 0, 0, 0, 0, 1000, 0, 0), full("hdlr", 0, 0, 0, "soun", matrix[:12]),
		boxOf("minf", boxOf("stbl", tables)))
	file := string(join(boxOf("ftyp", "iso6", 0, "iso6", "cmfc"), boxOf("moov", full("mvhd", 0, 0, 0, 0, 1000, 0, matrix),
		boxOf("trak", full("tkhd", 0, 3, 0, 0, 1, 0, 0, matrix), mdia), boxOf("mvex", full("trex", 0, 0, 1, 1, 0, 0, 0)))))
	if change != nil {
		file = change(file)
	}
	return []byte(file)
}

func TestCheckHeader(t *testing.T) {
	if got, err := CheckHeader(header(nil)); err != nil || got != (Track{1, 1000, true}) {
		t.Fatalf("%+v, %v", got, err)
	}
	swap := func(old, with string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				t.Fatalf("no %q", old)
			}
			return strings.Replace(s, old, with, 1)
		}
	}
	for name, c := range map[string]struct {
		change func(string) string
		clause string
	}{
		"no movie":      {swap("moov", "free"), "RFC §3.1.2"},
		"old brands":    {swap("iso6\x00\x00\x00\x00iso6", "isom\x00\x00\x00\x00isom"), "RFC §3.1.2"},
		"not CMAF":      {swap("cmfc", "mp41"), "CMAF §7.2"},
		"no fragments":  {swap("mvex", "free"), "ISO §6.2.3"},
		"no track":      {swap("trak", "free"), "ISO §6.2.3"},
		"samples":       {swap("stts\x00\x00\x00\x00\x00\x00\x00\x00", "stts\x00\x00\x00\x00\x00\x00\x00\x01"), "CMAF §7.3.2.1"},
		"a duration":    {swap("\x00\x00\x03\xe8\x00\x00\x00\x00", "\x00\x00\x03\xe8\x00\x00\x00\x01"), "RFC §3.1.2"},
		"another track": {swap("trex\x00\x00\x00\x00\x00\x00\x00\x01", "trex\x00\x00\x00\x00\x00\x00\x00\x02"), "ISO §8.8.3"},
	} {
		if _, err := CheckHeader(header(c.change)); err == nil || !strings.Contains(err.Error(), c.clause) {
			t.Errorf("%s: %v, want %s", name, err, c.clause)
		}
	}
}

// The checks take whatever a server may send.
func FuzzCheck(f *testing.F) {
	f.Add(header(nil))
	f.Add(join(prft(7), chunk(1, 7, nil), chunk(2, 87, nil)))
	f.Fuzz(func(t *testing.T, file []byte) {
		CheckHeader(file)
		if m, err := CheckMedia(track, file); err == nil && (m.Chunks < 1 || m.Samples < m.Chunks || m.Duration < int64(m.Samples)) {
			t.Errorf("%+v", m)
		}
	})
}
