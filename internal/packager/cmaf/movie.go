package cmaf

import (
	"strings"

	"github.com/millrace-live/millrace/media"
)

// trackID is the only track's in every file: CMAF has one track a file.
const trackID = 1

// movieTimescale counts nothing that matters: the movie has no duration of its own.
const movieTimescale = 1000

// fileType appends ftyp. It claims the structural brand cmfc (ISO/IEC 23000-19
// §7.2) and not cmf2, which forbids the offsets that we keep (videoTimeline).
func (w *boxes) fileType(brand string) {
	at := w.open("ftyp")
	w.text("iso6")
	w.u32(0)
	w.text("iso6cmfcmp41")
	w.text(brand)
	w.close(at)
}

// movie appends a moov without samples (ISO/IEC 14496-12 §8.2.1) and returns
// the sample entry in it. Durations are 0 and every sample table is there but
// empty: so a live movie in fragments is written.
func (w *boxes) movie(t *media.Track, timescale uint32, c coding) (entry []byte) {
	moov := w.open("moov")

	mvhd := w.openFull("mvhd", 0, 0)
	w.zeros(8) // creation and modification time
	w.u32(movieTimescale)
	w.u32(0)          // duration
	w.u32(0x00010000) // rate
	w.u16(0x0100)     // volume
	w.zeros(10)
	w.matrix()
	w.zeros(24)
	w.u32(trackID + 1) // next_track_ID
	w.close(mvhd)

	trak := w.open("trak")
	w.trackHeader(t)
	mdia := w.open("mdia")
	w.mediaHeader(t, timescale)
	minf := w.open("minf")
	w.mediaInformation(t)
	stbl := w.open("stbl")
	stsd := w.openFull("stsd", 0, 0)
	w.u32(1)
	begin := len(w.b)
	c.write(w, t)
	end := len(w.b)
	w.close(stsd)
	for _, kind := range []string{"stts", "stsc", "stco"} {
		at := w.openFull(kind, 0, 0)
		w.u32(0)
		w.close(at)
	}
	stsz := w.openFull("stsz", 0, 0)
	w.zeros(8)
	w.close(stsz)
	w.close(stbl)
	w.close(minf)
	w.close(mdia)
	w.close(trak)

	mvex := w.open("mvex")
	trex := w.openFull("trex", 0, 0)
	w.u32(trackID)
	w.u32(1)    // default_sample_description_index
	w.zeros(12) // no other defaults: each chunk brings its own
	w.close(trex)
	w.close(mvex)

	w.close(moov)
	return w.b[begin:end:end]
}

func (w *boxes) trackHeader(t *media.Track) {
	const enabledInMovie = 3
	at := w.openFull("tkhd", 0, enabledInMovie)
	w.zeros(8) // creation and modification time
	w.u32(trackID)
	w.zeros(4)
	w.u32(0) // duration
	w.zeros(8)
	w.u16(0) // layer
	var width, height uint32
	if t.Kind == media.Video {
		w.u16(0) // alternate_group
		w.u16(0) // volume
		width, height = displaySize(t.Picture())
	} else {
		w.u16(1)
		w.u16(0x0100)
	}
	w.u16(0)
	w.matrix()
	w.u32(width << 16)
	w.u32(height << 16)
	w.close(at)
}

func (w *boxes) mediaHeader(t *media.Track, timescale uint32) {
	mdhd := w.openFull("mdhd", 0, 0)
	w.zeros(8)
	w.u32(timescale)
	w.u32(0) // duration
	w.u16(packedLanguage(t.Language))
	w.u16(0)
	w.close(mdhd)

	handler, name := "vide", "Video"
	if t.Kind == media.Audio {
		handler, name = "soun", "Sound"
	}
	if t.Name != "" {
		name = strings.ReplaceAll(t.Name, "\x00", "")
	}
	hdlr := w.openFull("hdlr", 0, 0)
	w.u32(0)
	w.text(handler)
	w.zeros(12)
	w.text(name + "\x00")
	w.close(hdlr)

	if t.Language != "" {
		elng := w.openFull("elng", 0, 0)
		w.text(strings.ReplaceAll(t.Language, "\x00", "") + "\x00")
		w.close(elng)
	}
}

// packedLanguage is three letters of five bits (ISO/IEC 14496-12 §8.4.2). Of a
// language whose tag begins with two letters the box elng alone tells.
func packedLanguage(tag string) uint16 {
	code, _, _ := strings.Cut(strings.ToLower(tag), "-")
	packed := uint16(0)
	for _, r := range code {
		if len(code) != 3 || r < 'a' || r > 'z' {
			return packedLanguage("und")
		}
		packed = packed<<5 | uint16(r-'a'+1)
	}
	if packed == 0 {
		return packedLanguage("und")
	}
	return packed
}

func (w *boxes) mediaInformation(t *media.Track) {
	if t.Kind == media.Video {
		at := w.openFull("vmhd", 0, 1)
		w.zeros(8)
		w.close(at)
	} else {
		at := w.openFull("smhd", 0, 0)
		w.zeros(4)
		w.close(at)
	}
	const selfContained = 1
	dinf := w.open("dinf")
	dref := w.openFull("dref", 0, 0)
	w.u32(1)
	url := w.openFull("url ", 0, selfContained)
	w.close(url)
	w.close(dref)
	w.close(dinf)
}

// matrix appends the unity matrix.
func (w *boxes) matrix() {
	for _, v := range [9]uint32{0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000} {
		w.u32(v)
	}
}
