package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asticode/go-astits"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// A demuxer that has nothing to do with ours finds in MPEG-TS what was published:
// tables that list every track with its language, each access unit with its times,
// and clock references between them.
func TestTSDemuxedByAstits(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	for _, c := range []struct {
		name      string
		file      func(*testing.T) string
		publish   func(*testing.T, string, string) *process
		types     []astits.StreamType
		languages []string
	}{
		{
			"h264-aac", func(t *testing.T) string { return clip(t, "ts-h264-aac", 10, "-ar", "44100") },
			func(t *testing.T, file, url string) *process { return publish(t, file, url) },
			[]astits.StreamType{astits.StreamTypeH264Video, astits.StreamTypeAACAudio},
			nil,
		},
		{
			"mp3", func(t *testing.T) string { return clip(t, "ts-mp3", 10, "-vn", "-c:a", "libmp3lame") },
			func(t *testing.T, file, url string) *process { return publish(t, file, url) },
			[]astits.StreamType{astits.StreamTypeMPEG1Audio},
			nil,
		},
		{
			"hevc-ac3", func(t *testing.T) string {
				return enhancedClip(t, "ts-hevc-ac3", 12, libavWrites, withHEVC, withAC3)
			},
			libavPublishes,
			[]astits.StreamType{astits.StreamTypeH265Video, astits.StreamTypeAC3Audio},
			nil,
		},
		{
			"h264-opus", func(t *testing.T) string {
				return enhancedClip(t, "ts-h264-opus", 12, libavWrites, withAVC, withOpus)
			},
			libavPublishes,
			[]astits.StreamType{astits.StreamTypeH264Video, astits.StreamTypePrivateData},
			nil,
		},
		{
			"hevc-eac3", func(t *testing.T) string {
				return enhancedClip(t, "ts-hevc-eac3", 12, libavWrites, withHEVC, withEAC3)
			},
			libavPublishes,
			[]astits.StreamType{astits.StreamTypeH265Video, astits.StreamTypeEAC3Audio},
			nil,
		},
		{
			"multitrack", func(t *testing.T) string {
				return multitrackClip(t, "ts-multitrack", 12, withAVC, []string{"-c:a:0", "aac", "-c:a:1", "libopus", "-ac", "2"})
			},
			// It tells the languages of a file.
			func(t *testing.T, file, url string) *process {
				return launch(t, program, "publish", strings.TrimSuffix(file, "flv")+"mp4", url)
			},
			[]astits.StreamType{astits.StreamTypeH264Video, astits.StreamTypeAACAudio, astits.StreamTypePrivateData},
			[]string{"eng", "deu"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file, stream := c.file(t), "live/astits-"+c.name
			publisher := c.publish(t, file, s.rtmpURL(stream))
			s.waitState(t, stream, "live")
			resp, err := http.Get(s.tsURL(stream))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			all, err := io.ReadAll(resp.Body)
			if err != nil || len(all)%188 != 0 {
				t.Fatalf("%d bytes: %v", len(all), err)
			}
			if code := publisher.wait(t, 30*time.Second); code != 0 {
				t.Fatalf("the publisher ended with status %d", code)
			}
			d := demux(t, all)
			var types []astits.StreamType
			var languages []string
			for _, e := range d.program.ElementaryStreams {
				types = append(types, e.StreamType)
				for _, descriptor := range e.ElementaryStreamDescriptors {
					if l := descriptor.ISO639LanguageAndAudioType; l != nil {
						languages = append(languages, string(l.Language))
					}
				}
			}
			if clock := d.program.ElementaryStreams[0].ElementaryPID; !slices.Equal(types, c.types) ||
				!slices.Equal(languages, c.languages) || d.program.PCRPID != clock {
				t.Errorf("types %v, languages %v, clock in %#x", types, languages, d.program.PCRPID)
			}
			d.compare(t, file)
		})
	}
}

// demuxed is what go-astits found.
type demuxed struct {
	program *astits.PMTData
	units   map[uint16][]*astits.DemuxerData
}

func demux(t *testing.T, all []byte) demuxed {
	t.Helper()
	d := demuxed{units: make(map[uint16][]*astits.DemuxerData)}
	var clock *astits.ClockReference
	var tabled int64 // when the PAT came last
	counters := make(map[uint16]uint8)
	for packets := astits.NewDemuxer(context.Background(), bytes.NewReader(all)); ; {
		p, err := packets.NextPacket()
		if errors.Is(err, astits.ErrNoMorePackets) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		h := p.Header
		if last, known := counters[h.PID]; known && h.HasPayload && h.ContinuityCounter != (last+1)&0xf {
			t.Errorf("PID %#x has counter %d after %d", h.PID, h.ContinuityCounter, last)
		}
		counters[h.PID] = h.ContinuityCounter
		if h.PID == astits.PIDPAT && clock != nil {
			tabled = clock.Base
		}
		if p.AdaptationField == nil || !p.AdaptationField.HasPCR {
			continue
		}
		if tabled == 0 {
			tabled = p.AdaptationField.PCR.Base
		}
		if since := p.AdaptationField.PCR.Base - tabled; since > 90000*6/10 {
			t.Errorf("there are no tables for %d ticks", since)
		}
		if next := p.AdaptationField.PCR; clock != nil && (next.Base <= clock.Base || next.Base-clock.Base > 9000) {
			t.Errorf("the clock is %d after %d", next.Base, clock.Base)
		}
		clock = p.AdaptationField.PCR
	}
	for data := astits.NewDemuxer(context.Background(), bytes.NewReader(all)); ; {
		u, err := data.NextData()
		if errors.Is(err, astits.ErrNoMorePackets) {
			return d
		} else if err != nil {
			t.Fatal(err)
		}
		switch {
		case u.PMT != nil:
			d.program = u.PMT
		case u.PES != nil:
			d.units[u.PID] = append(d.units[u.PID], u)
		}
	}
}

// compare holds the units against the frames of a file: they must be its last ones.
func (d *demuxed) compare(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	frames := make(map[uint16][]*media.Frame)
	for r := flv.NewFrameReader(bytes.NewReader(b)); ; {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch {
		case f.Class == media.Command:
		case f.Kind == media.Video && f.Track == 0:
			frames[0x100] = append(frames[0x100], f)
		case f.Kind == media.Audio:
			frames[0x101+uint16(f.Track)] = append(frames[0x101+uint16(f.Track)], f)
		}
	}
	var offset time.Duration // one for all
	for _, e := range d.program.ElementaryStreams {
		in, out := frames[e.ElementaryPID], d.units[e.ElementaryPID]
		if len(out) <= len(in)/2 || len(out) > len(in) {
			t.Errorf("PID %#x: %d access units came out of %d", e.ElementaryPID, len(out), len(in))
			continue
		}
		in = in[len(in)-len(out):]
		for i, f := range in {
			header := out[i].PES.Header.OptionalHeader
			pts := at(header.PTS)
			dts := pts
			if header.DTS != nil {
				dts = at(header.DTS)
			}
			if offset == 0 {
				offset = pts - time.Duration(f.PTS)
			}
			late, shown := dts-time.Duration(f.DTS)-offset, pts-time.Duration(f.PTS)-offset
			// The server's hub may begin anywhere, and sound is counted in samples.
			if !inside(out[i].PES.Data, f) || late.Abs() > 2*time.Millisecond || shown.Abs() > 2*time.Millisecond {
				t.Errorf("PID %#x: access unit %d of %d differs, or is %v and %v late", e.ElementaryPID, i, len(in), late, shown)
				break
			}
			if field := out[i].FirstPacket.AdaptationField; f.IsKey() && (field == nil || !field.RandomAccessIndicator) {
				t.Errorf("key frame %d is not marked", i)
			}
		}
	}
}

func at(c *astits.ClockReference) time.Duration { return time.Duration(c.Base) * time.Second / 90000 }

// inside reports whether a PES packet's data has the frame: at its end, or each of
// its NAL units behind a start code.
func inside(data []byte, f *media.Frame) bool {
	if f.Kind == media.Audio {
		return bytes.HasSuffix(data, f.Payload)
	}
	for nal := range media.NALUnits(f.Payload, 4) {
		i := bytes.Index(data, slices.Concat([]byte{0, 0, 0, 1}, nal))
		if i < 0 {
			return false
		}
		data = data[i+4+len(nal):]
	}
	return true
}
