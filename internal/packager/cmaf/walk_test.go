package cmaf

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// This reader of fragments shares nothing with the writer: it knows the
// layouts of ISO/IEC 14496-12 §8.8 and every optional field of them.

type fragmentSample struct {
	decode, present int64
	duration        uint32
	flags           uint32
	payload         []byte
}

type fragment struct {
	sequence uint32
	decode   int64
	samples  []fragmentSample
}

type box struct {
	kind string
	at   int // offset in its file
	body []byte
}

func walk(t testing.TB, file []byte, at int) []box {
	t.Helper()
	var boxes []box
	for i := 0; i < len(file); {
		if len(file)-i < 8 {
			t.Fatalf("%d stray bytes at %d", len(file)-i, at+i)
		}
		size := int(binary.BigEndian.Uint32(file[i:]))
		if size < 8 || size > len(file)-i {
			t.Fatalf("box %q at %d states %d bytes of %d", file[i+4:i+8], at+i, size, len(file)-i)
		}
		boxes = append(boxes, box{string(file[i+4 : i+8]), at + i, file[i+8 : i+size]})
		i += size
	}
	return boxes
}

func one(t testing.TB, kind string, boxes []box) box {
	t.Helper()
	var found []box
	for _, b := range boxes {
		if b.kind == kind {
			found = append(found, b)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d boxes %q, want one", len(found), kind)
	}
	return found[0]
}

func u32(b []byte, i int) uint32 { return binary.BigEndian.Uint32(b[4*i:]) }

// readSegment reads moof and mdat pairs.
func readSegment(t testing.TB, file []byte) []fragment {
	t.Helper()
	top := walk(t, file, 0)
	for len(top) > 0 && top[0].kind == "emsg" {
		top = top[1:]
	}
	if len(top) == 0 || len(top)%2 != 0 {
		t.Fatalf("%d boxes in a segment", len(top))
	}
	var fragments []fragment
	for i := 0; i < len(top); i += 2 {
		if top[i].kind != "moof" || top[i+1].kind != "mdat" {
			t.Fatalf("boxes %s and %s, want moof and mdat", top[i].kind, top[i+1].kind)
		}
		fragments = append(fragments, readFragment(t, file, top[i], top[i+1]))
	}
	return fragments
}

func readFragment(t testing.TB, file []byte, moof, mdat box) fragment {
	t.Helper()
	boxes := walk(t, moof.body, moof.at+8)
	f := fragment{sequence: u32(one(t, "mfhd", boxes).body, 1)}
	traf := one(t, "traf", boxes)
	boxes = walk(t, traf.body, traf.at+8)

	tfhd := one(t, "tfhd", boxes).body
	tf := u32(tfhd, 0) & 0xffffff
	if tf&0x020000 == 0 || tf&1 != 0 {
		t.Fatalf("tfhd flags %#x: offsets are not from the moof", tf)
	}
	if id := u32(tfhd, 1); id != 1 {
		t.Fatalf("track %d", id)
	}
	next := 2
	field := func(bit uint32) (v uint32) {
		if tf&bit != 0 {
			v = u32(tfhd, next)
			next++
		}
		return v
	}
	field(0x2)
	duration, size, flags := field(0x8), field(0x10), field(0x20)

	tfdt := one(t, "tfdt", boxes).body
	if tfdt[0] != 1 {
		t.Fatalf("tfdt has version %d", tfdt[0])
	}
	f.decode = int64(binary.BigEndian.Uint64(tfdt[4:]))

	trun := one(t, "trun", boxes).body
	tr := u32(trun, 0) & 0xffffff
	count := int(u32(trun, 1))
	next = 2
	if tr&1 == 0 {
		t.Fatal("trun without a data offset")
	}
	at := moof.at + int(int32(u32(trun, next)))
	next++
	if at != mdat.at+8 {
		t.Fatalf("samples at %d, mdat's content at %d", at, mdat.at+8)
	}
	decode := f.decode
	for range count {
		s := fragmentSample{decode: decode, duration: duration, flags: flags}
		n := size
		for _, v := range []struct {
			bit uint32
			to  *uint32
		}{{0x100, &s.duration}, {0x200, &n}, {0x400, &s.flags}} {
			if tr&v.bit != 0 {
				*v.to = u32(trun, next)
				next++
			}
		}
		s.present = decode
		if tr&0x800 != 0 {
			s.present += int64(int32(u32(trun, next)))
			next++
		}
		s.payload = file[at : at+int(n)]
		at += int(n)
		decode += int64(s.duration)
		f.samples = append(f.samples, s)
	}
	if 4*next != len(trun) {
		t.Fatalf("trun has %d bytes, its fields %d", len(trun), 4*next)
	}
	if at != mdat.at+8+len(mdat.body) {
		t.Fatal("mdat holds more than the samples")
	}
	return f
}

// tree prints the boxes of a header, with the fields that have no children.
func tree(t testing.TB, file []byte, depth int) string {
	t.Helper()
	containers := map[string]int{
		"moov": 0, "trak": 0, "mdia": 0, "minf": 0, "dinf": 0, "stbl": 0, "mvex": 0, "dref": 8, "stsd": 8,
	}
	for _, entry := range []string{"avc1", "hvc1", "vvc1", "av01", "vp08", "vp09"} {
		containers[entry] = 78
	}
	for _, entry := range []string{"mp4a", "Opus", "fLaC", "ac-3", "ec-3"} {
		containers[entry] = 28
	}
	var s string
	for _, b := range walk(t, file, 0) {
		skip, contains := containers[b.kind]
		if !contains {
			skip = len(b.body)
		}
		s += fmt.Sprintf("%*s%s %x\n", 2*depth, "", b.kind, b.body[:skip])
		if contains {
			s += tree(t, b.body[skip:], depth+1)
		}
	}
	return s
}
