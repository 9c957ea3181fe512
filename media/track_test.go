package media

import "testing"

func TestTrackSetWith(t *testing.T) {
	var s *TrackSet
	audio, second, video := &Track{Kind: Audio, Codec: AAC}, &Track{Kind: Audio, ID: 1}, &Track{Kind: Video}
	if s.Find(Video, 0) != nil || s.Default(Audio) != nil {
		t.Error("a nil set has tracks")
	}
	one := s.With(second)
	all := one.With(audio).With(video)
	if len(one.Tracks) != 1 || len(all.Tracks) != 3 {
		t.Fatalf("%d and %d tracks", len(one.Tracks), len(all.Tracks))
	}
	for i, want := range []*Track{video, audio, second} {
		if all.Tracks[i] != want {
			t.Errorf("track %d: %+v", i, all.Tracks[i])
		}
	}
	again := &Track{Kind: Audio, Codec: MP3}
	if next := all.With(again); next.Default(Audio) != again || all.Default(Audio) != audio || len(next.Tracks) != 3 {
		t.Error("a track was not replaced in the new set alone")
	}
	if all.Find(Audio, 1) != second || all.Find(Audio, 2) != nil {
		t.Error("Find")
	}
}

func TestTrackCodecString(t *testing.T) {
	for want, track := range map[string]*Track{
		"avc1.42c01f": {Codec: H264, Format: &AVCConfig{Profile: 0x42, Compat: 0xc0, Level: 0x1f}},
		"mp4a.40.2":   {Codec: AAC, Format: &AACConfig{ObjectType: 2}},
		"":            {Codec: H264},
	} {
		if got := track.CodecString(); got != want {
			t.Errorf("%v: %q, want %q", track.Codec, got, want)
		}
	}
}

func TestCodecNames(t *testing.T) {
	if len(codecNames) != int(Speex)+1 {
		t.Errorf("%d names for %d codecs", len(codecNames), Speex+1)
	}
	if Opus.String() != "Opus" || Speex.String() != "Speex" || Codec(200).String() != "unknown" {
		t.Error("names are out of step")
	}
}
