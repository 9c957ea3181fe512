package probe

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// shape describes a stream to be made; base makes one that troubles nobody.
type shape struct {
	length             time.Duration
	fps                float64
	group              int // frames from key to key
	bFrames            int
	open               bool
	videoRate, keySize int // bytes a frame, bytes a key
	audioSize          int
	video, audio       *media.Track
	metadata           []amf.Value
	edit               func(f *media.Frame) bool // changes or drops a frame
	offset             time.Duration             // of the sound's times, at its place in the stream
}

func base() *shape {
	return &shape{
		length: 10 * time.Second, fps: 30, group: 60, bFrames: 2, videoRate: 14_000, keySize: 60_000, audioSize: 420,
		video: &media.Track{Kind: media.Video, Codec: media.H264, Config: []byte{1}, Format: &media.AVCConfig{
			Profile: 100, Level: 40, LengthSize: 4, Picture: media.Picture{
				Width: 1920, Height: 1080, FrameRate: 30, ChromaFormat: 1, BitDepth: 8, ChromaBitDepth: 8,
			},
		}},
		audio: &media.Track{Kind: media.Audio, Codec: media.AAC, Config: []byte{2}, Format: &media.AACConfig{ObjectType: 2, Sound: media.Sound{SampleRate: 48000, OutputSampleRate: 48000, Channels: 2, FrameLength: 1024}}},
		metadata: []amf.Value{
			"width", 1920.0, "height", 1080.0, "framerate", 30.0, "videocodecid", 7.0, "videodatarate", 3500.0,
			"audiocodecid", 10.0, "audiosamplerate", 48000.0, "audiochannels", 2.0, "stereo", true, "audiodatarate", 160.0,
			"encoder", "obs-output module (libobs version 31.0.0)",
		},
	}
}

// nals puts NAL units of these headers into keys and the other frames.
func (s *shape) nals(key, other byte) {
	s.edit = func(f *media.Frame) bool {
		if f.Kind == media.Video {
			f.Payload[4] = other
			if f.Class == media.Key {
				f.Payload[4] = key
			}
		}
		return true
	}
}

// ms rounds to milliseconds, as the wire does.
func ms(d time.Duration) int64 { return int64(d.Truncate(time.Millisecond)) }

func (s *shape) analyze(t *testing.T) *Report {
	t.Helper()
	set := &media.TrackSet{}
	var frames []*media.Frame
	begin := time.Unix(1000, 0)
	place := map[*media.Frame]time.Duration{}
	add := func(f *media.Frame, at time.Duration) {
		f.Arrival, f.Tracks = begin.Add(at), set
		place[f] = at
		frames = append(frames, f)
	}
	if s.video != nil {
		set.Tracks = append(set.Tracks, s.video)
		period := time.Duration(float64(time.Second) / s.fps)
		for i := range int(s.length / period) {
			at := time.Duration(i) * period
			f := &media.Frame{Kind: media.Video, DTS: ms(at), Payload: make([]byte, s.videoRate)}
			shown := at + period
			switch in := i % s.group % (s.bFrames + 1); {
			case i%s.group == 0:
				f.Class, f.Payload = media.Key, make([]byte, s.keySize)
			case in == 1: // the frame that the B-frames behind it lead up to
				shown += time.Duration(s.bFrames) * period
			default:
				shown -= period
			}
			f.PTS = ms(shown)
			nal := byte(media.NALSlice)
			if f.Class == media.Key && !s.open {
				nal = media.NALIDR
			}
			if s.video.Format != nil {
				n := len(f.Payload) - 4
				copy(f.Payload, []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), nal})
			} else {
				f.Header = 1
			}
			add(f, at)
		}
	}
	if s.audio != nil {
		set.Tracks = append(set.Tracks, s.audio)
		period := 1024 * time.Second / 48000
		if s.audio.Format != nil {
			period = 1024 * time.Second / time.Duration(s.audio.Sound().SampleRate)
		}
		for i := range int(s.length / period) {
			at := time.Duration(i) * period
			f := &media.Frame{Kind: media.Audio, Class: media.Key, Payload: make([]byte, s.audioSize)}
			f.DTS = ms(at + s.offset)
			f.PTS = f.DTS
			if s.audio.Format == nil {
				f.Header = 1
			}
			add(f, at)
		}
	}
	slices.SortStableFunc(frames, func(a, b *media.Frame) int { return int(place[a] - place[b]) })
	var a Analyzer
	if s.metadata != nil {
		payload, err := amf.Append(nil, "onMetaData", amf.NewECMAArray(s.metadata...))
		if err != nil {
			t.Fatal(err)
		}
		a.Add(&media.Frame{Kind: media.Data, Class: media.Key, Payload: payload})
	}
	for _, f := range frames {
		if s.edit == nil || s.edit(f) {
			a.Add(f)
		}
	}
	return a.Report()
}

// Each advice is given where it should be, and no other with it.
func TestAdvice(t *testing.T) {
	track := func(k media.Kind, c media.Codec) *media.Track {
		return &media.Track{Kind: k, Codec: c, Config: []byte{3}}
	}
	coded := func(s *shape, c media.Codec, f media.Format) *media.Track {
		t := &media.Track{Kind: media.Video, Codec: c, Config: []byte{4}, Format: f}
		if p := t.Picture(); p.BitDepth == 0 {
			p.ChromaFormat, p.BitDepth, p.ChromaBitDepth = 1, 8, 8
		}
		s.metadata = []amf.Value{"framerate", 30.0}
		return t
	}
	avc := func(s *shape, change func(*media.AVCConfig)) { change(s.video.Format.(*media.AVCConfig)) }
	at := func(f *media.Frame, from, to float64) bool {
		return f.DTS >= int64(from*1e9) && f.DTS < int64(to*1e9)
	}
	for _, c := range []struct {
		name   string
		change func(*shape)
		want   string // id:severity …
	}{
		{"good", func(*shape) {}, ""},
		{"good, 60 fps", func(s *shape) {
			s.fps, s.group, s.videoRate = 60, 120, 9000
			s.metadata = []amf.Value{"framerate", 60.0}
		}, ""},
		{"good, 29.97 fps", func(s *shape) { s.fps = 30000.0 / 1001 }, ""},
		{"good, clock far on", func(s *shape) {
			s.edit = func(f *media.Frame) bool { f.DTS += 1e16; f.PTS += 1e16; return true }
		}, ""},
		{"no picture", func(s *shape) { s.video = nil; s.metadata = []amf.Value{"audiocodecid", 10.0} }, "no-video:warning"},
		{"no sound", func(s *shape) { s.audio = nil; s.metadata = []amf.Value{"videocodecid", 7.0} }, "no-audio:warning"},
		{
			"HEVC", func(s *shape) {
				s.video = coded(s, media.HEVC, &media.HEVCConfig{HEVCProfile: media.HEVCProfile{Profile: 1, Level: 120}, LengthSize: 4})
				s.metadata = []amf.Value{"videocodecid", 1752589105.0}
				s.nals(2*media.HEVCNALIDR, 2)
			},
			"codec:warning",
		},
		{
			"HEVC in open groups, ten bits, HLG", func(s *shape) {
				s.video = coded(s, media.HEVC, &media.HEVCConfig{
					HEVCProfile: media.HEVCProfile{Profile: 2, Level: 120}, LengthSize: 4,
					Picture: media.Picture{ChromaFormat: 1, BitDepth: 10, ChromaBitDepth: 10, Color: media.Color{Transfer: 18}},
				})
				s.nals(2*media.HEVCNALCRA, 2)
			},
			"codec:warning high-dynamic-range:note open-gop:warning",
		},
		{
			"HEVC without a sequence header", func(s *shape) {
				s.video = track(media.Video, media.HEVC)
				s.metadata = []amf.Value{"framerate", 30.0}
			},
			"codec:warning no-sequence-header:problem",
		},
		{"AV1", func(s *shape) { s.video = coded(s, media.AV1, &media.AV1Config{Level: 8}) }, "codec:warning"},
		{
			"AV1 of twelve bits", func(s *shape) {
				s.video = coded(s, media.AV1, &media.AV1Config{Profile: 2, Picture: media.Picture{ChromaFormat: 1, BitDepth: 12}})
			},
			"codec:warning picture-format:problem",
		},
		{"VP9", func(s *shape) { s.video = coded(s, media.VP9, &media.VPConfig{Codec: media.VP9}) }, "codec:warning"},
		{"VP8", func(s *shape) { s.video = coded(s, media.VP8, &media.VPConfig{Codec: media.VP8}) }, "codec:problem"},
		{"VVC", func(s *shape) { s.video = coded(s, media.VVC, &media.VVCConfig{}) }, "codec:problem"},
		{
			"more tracks", func(s *shape) {
				s.edit = func(f *media.Frame) bool {
					f.Tracks = f.Tracks.With(&media.Track{Kind: media.Audio, ID: 1, Codec: media.AAC})
					return true
				}
			},
			"more-tracks:note",
		},
		{
			"a size that frames alone tell", func(s *shape) {
				s.video = coded(s, media.VP9, &media.VPConfig{Codec: media.VP9, Picture: media.Picture{Width: 640, Height: 360}})
				s.metadata = []amf.Value{"framerate", 30.0}
				s.edit = func(f *media.Frame) bool {
					if f.DTS >= 4e9 {
						f.Tracks = f.Tracks.With(coded(s, media.VP9, &media.VPConfig{
							Codec: media.VP9, Picture: media.Picture{Width: 320, Height: 180},
						}))
					}
					return true
				}
			},
			"codec:warning bitrate:note tracks-change:warning",
		},
		{
			"VP6", func(s *shape) { s.video = track(media.Video, media.VP6); s.metadata = []amf.Value{"videocodecid", 4.0} },
			"codec:problem",
		},
		{
			"Opus", func(s *shape) { s.audio = track(media.Audio, media.Opus); s.metadata = []amf.Value{"width", 1920.0} },
			"audio-codec:warning",
		},
		{
			"AC-3", func(s *shape) {
				s.audio = &media.Track{Kind: media.Audio, Codec: media.AC3, Format: &media.AC3Config{Sound: s.audio.Format.(*media.AACConfig).Sound}}
				s.metadata = []amf.Value{"audiocodecid", "ac-3"}
			},
			"audio-codec:warning",
		},
		{
			"Speex", func(s *shape) { s.audio = track(media.Audio, media.Speex); s.metadata = []amf.Value{"width", 1920.0} },
			"audio-codec:problem",
		},
		{
			"no sequence header", func(s *shape) { s.video = &media.Track{Kind: media.Video, Codec: media.H264} },
			"no-sequence-header:problem",
		},
		{
			"no sequence header of sound", func(s *shape) { s.audio = &media.Track{Kind: media.Audio, Codec: media.AAC} },
			"no-sequence-header:problem",
		},
		{
			"4:4:4", func(s *shape) { avc(s, func(c *media.AVCConfig) { c.Profile, c.ChromaFormat = 244, 3 }) },
			"picture-format:problem",
		},
		{
			"10 bits", func(s *shape) { avc(s, func(c *media.AVCConfig) { c.Profile, c.BitDepth = 110, 10 }) },
			"picture-format:problem",
		},
		{"one key", func(s *shape) { s.group = 1000 }, "no-keyframes:problem"},
		{"one key in a short time", func(s *shape) { s.group, s.length = 1000, 3*time.Second }, ""},
		{"key each 4 s", func(s *shape) { s.group = 120 }, "keyframe-distance:warning"},
		{"key each 5 s", func(s *shape) { s.group, s.length = 150, 16*time.Second }, "keyframe-distance:problem"},
		{"key where the scene changes", func(s *shape) {
			s.edit = func(f *media.Frame) bool {
				if at(f, 2.99, 3.01) && f.Kind == media.Video {
					f.Class = media.Key
					f.Payload[4] = media.NALIDR
				}
				return true
			}
		}, "keyframes-uneven:note"},
		{"key each half second", func(s *shape) { s.group, s.keySize = 15, 20000 }, "keyframes-dense:note"},
		{"open group", func(s *shape) { s.open = true }, "open-gop:warning"},
		{"clock jumps", func(s *shape) {
			s.edit = func(f *media.Frame) bool {
				if f.DTS >= 5e9 {
					f.DTS += 100e9
					f.PTS += 100e9
				}
				return true
			}
		}, "clock-jumps:problem"},
		{"time goes back a little", func(s *shape) {
			s.edit = func(f *media.Frame) bool {
				if f.Kind == media.Video && at(f, 4.02, 4.05) {
					f.DTS -= 60e6
				}
				return true
			}
		}, "time-goes-back:problem"},
		{"frames dropped", func(s *shape) {
			s.edit = func(f *media.Frame) bool { return f.Kind == media.Audio || !at(f, 4.5, 5.1) }
		}, "dropped-frames:problem"},
		{"the line hangs", func(s *shape) {
			s.edit = func(f *media.Frame) bool {
				if at(f, 4, 6) {
					f.Arrival = time.Unix(1006, 0)
				}
				return true
			}
		}, "late:warning"},
		{"burst at the beginning", func(s *shape) {
			s.edit = func(f *media.Frame) bool {
				if at(f, 0, 5) {
					f.Arrival = time.Unix(1005, 0)
				}
				return true
			}
		}, ""},
		{"sound 150 ms ahead", func(s *shape) { s.offset = 150 * time.Millisecond }, "av-offset:warning"},
		{"sound 700 ms behind", func(s *shape) {
			s.offset = -700 * time.Millisecond
			s.edit = func(f *media.Frame) bool { f.DTS += 10e9; f.PTS += 10e9; return true }
		}, "av-offset:problem"},
		{"sound 80 ms ahead", func(s *shape) { s.offset = 80 * time.Millisecond }, ""},
		{"sound drifts", func(s *shape) {
			s.edit = func(f *media.Frame) bool {
				if f.Kind == media.Audio {
					f.DTS = ms(time.Duration(f.DTS) * 1010 / 1000)
					f.PTS = f.DTS
				}
				return true
			}
		}, "audio-drift:warning"},
		{"32 kHz", func(s *shape) {
			s.audio.Sound().SampleRate, s.audio.Sound().OutputSampleRate = 32000, 32000
			s.metadata = []amf.Value{"width", 1920.0}
		}, "audio-format:warning"},
		{"5.1", func(s *shape) { s.audio.Sound().Channels = 6; s.metadata = []amf.Value{"stereo", false} }, "audio-format:note"},
		{"variable rate", func(s *shape) {
			s.edit = func(f *media.Frame) bool { return f.Kind == media.Audio || f.Class == media.Key || f.DTS/1e7%7 != 0 }
		}, "variable-frame-rate:warning"},
		{"rate too high", func(s *shape) { s.videoRate = 60_000; s.metadata = []amf.Value{"width", 1920.0} }, "bitrate:warning"},
		{"rate too high for the picture", func(s *shape) {
			avc(s, func(c *media.AVCConfig) { c.Width, c.Height = 320, 180 })
			s.metadata = []amf.Value{"width", 320.0}
		}, "bitrate:note"},
		{"unsteady rate", func(s *shape) {
			s.metadata = []amf.Value{"width", 1920.0}
			s.edit = func(f *media.Frame) bool {
				if f.Class == media.Inter && !at(f, 4, 6) {
					f.Payload = f.Payload[:len(f.Payload)/10]
				}
				return true
			}
		}, "unsteady-bitrate:warning"},
		{"five B-frames", func(s *shape) { s.bFrames = 5 }, "b-frames:warning"},
		{"three B-frames", func(s *shape) { s.bFrames = 3 }, ""},
		{"level 6", func(s *shape) { avc(s, func(c *media.AVCConfig) { c.Level = 60 }) }, "level:warning"},
		{"interlaced", func(s *shape) { avc(s, func(c *media.AVCConfig) { c.Interlaced = true }) }, "interlaced:warning"},
		{"tracks change", func(s *shape) {
			other := *s.video
			other.Config = []byte{9}
			first := s.video
			s.edit = func(f *media.Frame) bool {
				if f.DTS >= 4e9 {
					f.Tracks = (&media.TrackSet{}).With(&other).With(s.audio)
				} else {
					f.Tracks = (&media.TrackSet{}).With(first).With(s.audio)
				}
				return true
			}
		}, "tracks-change:warning"},
		{"metadata lies", func(s *shape) {
			s.metadata = []amf.Value{"width", 1280.0, "framerate", 60.0, "audiosamplerate", 22050.0, "videocodecid", "hvc1"}
		}, "metadata-lies:warning"},
		{"metadata speaks of sound", func(s *shape) { s.audio = nil }, "no-audio:warning metadata-lies:warning"},
		{"metadata from a file", func(s *shape) { s.metadata = []amf.Value{"videodatarate", 0.0, "duration", 0.0} }, ""},
		{"no metadata", func(s *shape) { s.metadata = nil }, "no-metadata:note"},
		{
			"Baseline", func(s *shape) { avc(s, func(c *media.AVCConfig) { c.Profile, c.Compat = 66, 0x40 }); s.bFrames = 0 },
			"baseline:note",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := base()
			c.change(s)
			var got []string
			for _, a := range s.analyze(t).Advice {
				got = append(got, a.ID+":"+string(a.Severity))
				if a.Text == "" || !strings.HasSuffix(a.Text, ".") {
					t.Errorf("%s: text %q", a.ID, a.Text)
				}
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("advice %q, want %q", text, c.want)
			}
		})
	}
}

// Every rule has a row in TestAdvice; damaged is counted elsewhere.
func TestAdviceDamaged(t *testing.T) {
	r := base().analyze(t)
	r.Damaged = 3
	if a := Advise(r); len(a) != 1 || a[0].ID != "damaged" {
		t.Errorf("advice %+v", a)
	}
}

func TestReport(t *testing.T) {
	r := base().analyze(t)
	v, s := r.Video, r.Audio
	near := func(name string, got, want, slack float64) {
		t.Helper()
		if math.Abs(got-want) > slack {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	near("seconds", r.Seconds, 10, 0.1)
	near("frame rate", v.FrameRate, 30, 0.05)
	near("video rate", v.Bitrate.Mean, 30*8*14_000+0.5*8*46_000, 50_000)
	near("peak", v.Bitrate.Peak, v.Bitrate.Mean, 20_000)
	near("audio rate", s.Bitrate.Mean, 8*420*48000/1024, 1000)
	near("key distance", v.Keys.Mean, 2, 0.001)
	near("offset", *r.AVOffset, 0, 0.02)
	near("drift", s.Drift, 0, 0.002)
	if v.BFrames != 2 || v.Profile != "High" || v.Level != "4.0" || v.Chroma != "4:2:0" || v.BitDepth != 8 || v.Keys.Count != 5 {
		t.Errorf("video %+v", v)
	}
	if r.Encoder != "obs-output module (libobs version 31.0.0)" {
		t.Errorf("encoder %q", r.Encoder)
	}
}

func TestReportLies(t *testing.T) {
	s := base()
	s.metadata = []amf.Value{
		"width", 1280.0, "height", 1080.0, "framerate", 60.0, "videodatarate", 1000.0, "audiodatarate", 128.0,
		"videocodecid", 1752589105.0, "audiocodecid", 2.0, "stereo", true, "encoder", "evil\x1b[2Jname",
	}
	r := s.analyze(t)
	want := []Lie{
		{"width", "1280", "1920"},
		{"framerate", "60", "30"},
		{"videodatarate", "1000 kbit/s", "3543.66 kbit/s"},
		{"videocodecid", "HEVC", "H.264"},
		{"audiocodecid", "MP3", "AAC"},
	}
	if len(r.Lies) != len(want) {
		t.Fatalf("lies %+v", r.Lies)
	}
	for i, l := range r.Lies {
		if l.Property != want[i].Property || l.Says != want[i].Says || i != 2 && l.Is != want[i].Is {
			t.Errorf("lie %+v, want %+v", l, want[i])
		}
	}
	if strings.Contains(r.Encoder, "\x1b") {
		t.Errorf("encoder %q", r.Encoder)
	}
}

// What is remembered has a bound.
func TestAnalyzerIsBounded(t *testing.T) {
	var a Analyzer
	set := &media.TrackSet{Tracks: []*media.Track{base().audio}}
	for i := range maxFrames + 10 {
		a.Add(&media.Frame{Kind: media.Audio, Class: media.Key, DTS: int64(i) * 20e6, Tracks: set})
	}
	if !a.Full() || a.Frames() != maxFrames {
		t.Errorf("%d frames are remembered", a.Frames())
	}
}
