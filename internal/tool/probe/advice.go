package probe

import (
	"fmt"
	"math"
	"strings"
)

// The limits of what troubles nobody.
const (
	// Segments, and the wait of whoever joins, are as long as the distance of
	// key frames. Two seconds are what players and services are made for.
	keysLong     = 2.5
	keysTooLong  = 4.2
	keysShort    = 0.9
	keysUneven   = 0.5
	unevenSteps  = 0.05
	mostBFrames  = 3
	mostOffset   = 0.100
	worstOffset  = 0.500
	mostDrift    = 0.080
	mostBehind   = 1.0
	highRate     = 10e6
	lowestRate   = 3e6 // below it no rate is too high for its picture
	bitsAPixel   = 0.20
	unsteadyPeak = 2.0
	highestLevel = 5.1
	shortMeasure = 4.0 // seconds below which the distance of keys is not judged
)

// rules are all that is advised about, the worst first.
var rules = []struct {
	id    string
	check func(*Report) *Advice
}{
	{"no-video", noVideo},
	{"codec", codec},
	{"no-sequence-header", noSequenceHeader},
	{"picture-format", pictureFormat},
	{"high-dynamic-range", highDynamicRange},
	{"no-keyframes", noKeys},
	{"keyframe-distance", keyDistance},
	{"keyframes-uneven", keysAreUneven},
	{"keyframes-dense", keysAreDense},
	{"open-gop", openGOP},
	{"clock-jumps", clockJumps},
	{"time-goes-back", timeGoesBack},
	{"dropped-frames", droppedFrames},
	{"late", late},
	{"av-offset", avOffset},
	{"audio-drift", audioDrift},
	{"no-audio", noAudio},
	{"audio-codec", audioCodec},
	{"audio-format", audioFormat},
	{"variable-frame-rate", variableFrameRate},
	{"bitrate", bitrate},
	{"unsteady-bitrate", unsteadyBitrate},
	{"b-frames", bFrames},
	{"level", level},
	{"interlaced", interlaced},
	{"tracks-change", tracksChange},
	{"more-tracks", moreTracks},
	{"damaged", damaged},
	{"metadata-lies", metadataLies},
	{"no-metadata", noMetadata},
	{"baseline", baseline},
}

// Advise says what will trouble viewers of what was reported.
func Advise(r *Report) []Advice {
	advice := []Advice{}
	for _, rule := range rules {
		if a := rule.check(r); a != nil {
			a.ID = rule.id
			advice = append(advice, *a)
		}
	}
	return advice
}

func noVideo(r *Report) *Advice {
	if r.Video != nil {
		return nil
	}
	return &Advice{
		Severity: Warning,
		Text:     "There is no picture. If that is meant to be, all is well; players show a black square.",
		OBS:      "add a source to the scene, and look whether the preview shows it",
		FFmpeg:   "map the picture too (-map 0:v), or make one: -f lavfi -i color=black:s=1280x720:r=30",
	}
}

func noAudio(r *Report) *Advice {
	if r.Audio != nil {
		return nil
	}
	return &Advice{
		Severity: Warning,
		Text: "There is no sound. Some players wait seconds for it before they show anything, and some services " +
			"refuse such streams. Silence is better than nothing.",
		OBS:    "Settings > Audio: choose a device (a muted one sends silence)",
		FFmpeg: "-f lavfi -i anullsrc=r=48000:cl=stereo … -c:a aac -b:a 128k",
	}
}

// whoShows says of each codec that some browser shows who does.
var whoShows = map[string]string{
	"HEVC": "HEVC is shown by Safari, and by other browsers where the machine decodes it in hardware. The rest, many " +
		"older phones and televisions, and RTMP players that do not know Enhanced RTMP stay black.",
	"AV1": "AV1 is shown by Chrome, Edge and Firefox. Apple's devices show it from the newest on alone; older phones and " +
		"televisions, and RTMP players that do not know Enhanced RTMP stay black.",
	"VP9": "VP9 is shown by Chrome, Edge and Firefox. Safari and the other players of Apple's devices stay black as a " +
		"rule, and so do RTMP players that do not know Enhanced RTMP.",
}

func codec(r *Report) *Advice {
	if r.Video == nil || r.Video.Codec == "H.264" {
		return nil
	}
	a := &Advice{
		Severity: Warning,
		OBS:      "Settings > Output > Streaming > Video Encoder: one of H.264 (x264, NVENC H.264, QuickSync H.264, …)",
		FFmpeg:   "-c:v libx264 -pix_fmt yuv420p",
	}
	switch who, ok := whoShows[r.Video.Codec]; {
	case ok:
		a.Text = who + " H.264 is shown everywhere."
	case r.Video.Codec == "VP8":
		a.Severity = Problem
		a.Text = "HLS cannot carry VP8: browsers stay black, and of RTMP players only those that know Enhanced RTMP show it."
	default:
		a.Severity = Problem
		a.Text = r.Video.Codec + " is shown by no browser of today."
	}
	return a
}

// whoHears says of each codec that some browser plays who does.
var whoHears = map[string]string{
	"MP3": "MP3 is not heard in every browser.",
	"Opus": "Opus is heard in the browsers of today. Older Apple devices and televisions, and RTMP players that do not " +
		"know Enhanced RTMP stay silent.",
	"FLAC": "FLAC takes several times the rate of AAC for a sound that few can tell from it. Televisions, and RTMP players " +
		"that do not know Enhanced RTMP stay silent.",
	"AC-3":   "AC-3 is heard in Safari and on televisions. Chrome and Firefox stay silent.",
	"E-AC-3": "E-AC-3 is heard in Safari and on televisions. Chrome and Firefox stay silent.",
}

func audioCodec(r *Report) *Advice {
	if r.Audio == nil || r.Audio.Codec == "AAC" {
		return nil
	}
	a := &Advice{
		Severity: Warning,
		OBS:      "Settings > Output > Streaming > Audio Encoder: AAC",
		FFmpeg:   "-c:a aac -b:a 160k -ar 48000",
	}
	if who, ok := whoHears[r.Audio.Codec]; ok {
		a.Text = who + " AAC is heard everywhere."
	} else {
		a.Severity = Problem
		a.Text = r.Audio.Codec + " is heard in no browser of today."
	}
	return a
}

// needsHeader are the codecs whose frames cannot be decoded alone.
var needsHeader = map[string]bool{"H.264": true, "HEVC": true, "VVC": true, "AV1": true, "AAC": true, "FLAC": true}

func noSequenceHeader(r *Report) *Advice {
	var missing []string
	if v := r.Video; v != nil && needsHeader[v.Codec] && !v.Configured {
		missing = append(missing, "the picture")
	}
	if s := r.Audio; s != nil && needsHeader[s.Codec] && !s.Configured {
		missing = append(missing, "the sound")
	}
	if missing == nil {
		return nil
	}
	return &Advice{
		Severity: Problem,
		Text: "No sequence header came for " + strings.Join(missing, " and ") + ", or it cannot be read: players " +
			"cannot decode without one. The encoder sends it once, at its start.",
		OBS:    "stop streaming and start again",
		FFmpeg: "stop and start again; with -c copy from MPEG-TS add -bsf:a aac_adtstoasc",
	}
}

func pictureFormat(r *Report) *Advice {
	v := r.Video
	if v == nil {
		return nil
	}
	// The hardware that decodes the newer codecs decodes ten bits, too.
	bits := 10
	if v.Codec == "H.264" || v.Codec == "VP8" {
		bits = 8
	}
	if v.Chroma == "" || v.Chroma == "4:2:0" && v.BitDepth <= bits {
		return nil
	}
	a := &Advice{
		Severity: Problem,
		Text: fmt.Sprintf("The picture is %s with %d bits (%s). Browsers, phones and televisions decode 4:2:0 with %d bits "+
			"alone, and stay black.", v.Chroma, v.BitDepth, v.Profile, bits),
		OBS:    "Settings > Advanced > Color Format: NV12",
		FFmpeg: "-pix_fmt yuv420p",
	}
	if v.Codec == "H.264" {
		a.FFmpeg += " -profile:v high"
	}
	return a
}

func highDynamicRange(r *Report) *Advice {
	v := r.Video
	if v == nil || v.Range != "PQ" && v.Range != "HLG" {
		return nil
	}
	return &Advice{
		Severity: Note,
		Text: "The picture has high dynamic range (" + v.Range + "). On ordinary screens it is pale or dark, unless the player " +
			"converts it.",
		OBS:    "Settings > Advanced > Color Space: Rec. 709, and Color Format: NV12",
		FFmpeg: "-vf zscale=t=linear,tonemap=hable,zscale=p=bt709:t=bt709:m=bt709,format=yuv420p",
	}
}

// group is the setting that puts a key frame each two seconds.
func group(v *Video) string {
	n := 2 * int(math.Round(v.FrameRate))
	if n <= 0 {
		return "-force_key_frames 'expr:gte(t,n_forced*2)'"
	}
	return fmt.Sprintf("-g %d -keyint_min %d -sc_threshold 0", n, n)
}

const obsKeys = "Settings > Output > Streaming > Keyframe Interval: 2 s (not 0, which means automatic)"

func noKeys(r *Report) *Advice {
	v := r.Video
	if v == nil || v.Keys.Count > 1 || r.Seconds < shortMeasure {
		return nil
	}
	text := fmt.Sprintf("No key frame came in %.0f s. Nobody who joins sees a picture before one comes.", r.Seconds)
	if v.Keys.Count == 1 {
		text = fmt.Sprintf("One key frame came in %.0f s. Who joins waits for the next one, and segments for HLS become "+
			"as long.", r.Seconds)
	}
	return &Advice{Severity: Problem, Text: text, OBS: obsKeys, FFmpeg: group(v)}
}

func keyDistance(r *Report) *Advice {
	v := r.Video
	if v == nil || v.Keys.Longest <= keysLong {
		return nil
	}
	a := &Advice{Severity: Warning, OBS: obsKeys, FFmpeg: group(v)}
	if v.Keys.Mean > keysTooLong {
		a.Severity = Problem
	}
	a.Text = fmt.Sprintf("Key frames are up to %.1f s apart. Who joins waits as long for a picture or sees one that is as "+
		"old, and HLS gets longer segments and more delay. Two seconds are good.", v.Keys.Longest)
	return a
}

func keysAreUneven(r *Report) *Advice {
	v := r.Video
	// What is too long has been said.
	if v == nil || v.Keys.Longest > keysLong || v.Keys.Longest-v.Keys.Shortest < keysUneven {
		return nil
	}
	return &Advice{
		Severity: Note,
		Text: fmt.Sprintf("Key frames come at uneven distances, %.1f s to %.1f s: segments get uneven lengths, and renditions "+
			"do not line up.", v.Keys.Shortest, v.Keys.Longest),
		OBS: obsKeys, FFmpeg: group(v),
	}
}

func keysAreDense(r *Report) *Advice {
	v := r.Video
	if v == nil || v.Keys.Mean == 0 || v.Keys.Mean >= keysShort {
		return nil
	}
	return &Advice{
		Severity: Note,
		Text: fmt.Sprintf("There is a key frame each %.2g s. They are large: the same rate would make a better picture with "+
			"one each 2 s.", v.Keys.Mean),
		OBS: obsKeys, FFmpeg: group(v),
	}
}

func openGOP(r *Report) *Advice {
	v := r.Video
	if v == nil || v.Keys.Open == 0 {
		return nil
	}
	ffmpeg := "-flags +cgop -x264-params open-gop=0"
	if v.Codec == "HEVC" {
		ffmpeg = "-x265-params open-gop=0"
	}
	return &Advice{
		Severity: Warning,
		Text: fmt.Sprintf("%d of %d key frames are no IDR pictures (open groups of pictures): after joining or skipping "+
			"there, some players show broken pictures for a moment.", v.Keys.Open, v.Keys.Count),
		OBS:    "Settings > Output > Streaming > x264 Options: open-gop=0",
		FFmpeg: ffmpeg,
	}
}

func clockJumps(r *Report) *Advice {
	if r.Jumps == 0 {
		return nil
	}
	return &Advice{
		Severity: Problem,
		Text: fmt.Sprintf("The clock of the stream jumped %s. Players stop, skip or lose sound there.",
			times(r.Jumps)),
		OBS:    "properties of the capture or audio device: Use Device Timestamps off",
		FFmpeg: "read live sources with -use_wallclock_as_timestamps 1, and looped files with -re -stream_loop -1",
	}
}

func timeGoesBack(r *Report) *Advice {
	n := 0
	if r.Video != nil {
		n += r.Video.Backward
	}
	if r.Audio != nil {
		n += r.Audio.Backward
	}
	if n == 0 {
		return nil
	}
	return &Advice{
		Severity: Problem,
		Text: fmt.Sprintf("Timestamps went back %s. Players drop such frames, and some stop with an error.",
			times(n)),
		FFmpeg: "-fflags +genpts+igndts on the input, or encode anew in place of -c copy",
	}
}

func droppedFrames(r *Report) *Advice {
	var parts []string
	if v := r.Video; v != nil && v.Gaps.Count > 0 {
		parts = append(parts, fmt.Sprintf("%.1f s of picture", v.Gaps.Seconds))
	}
	if s := r.Audio; s != nil && s.Gaps.Count > 0 {
		parts = append(parts, fmt.Sprintf("%.1f s of sound", s.Gaps.Seconds))
	}
	if parts == nil {
		return nil
	}
	return &Advice{
		Severity: Problem,
		Text: fmt.Sprintf("Frames are missing: %s in %.0f s. The encoder drops them, since its line cannot carry the rate or "+
			"its machine cannot encode so fast.", strings.Join(parts, " and "), r.Seconds),
		OBS: "View > Stats: \"dropped frames (network)\" calls for a lower bitrate, \"skipped frames due to encoding lag\" " +
			"for a faster preset or a smaller picture",
		FFmpeg: "a lower -b:v and -maxrate, or a faster -preset; look whether speed= stays at 1x",
	}
}

func late(r *Report) *Advice {
	if r.Behind < mostBehind {
		return nil
	}
	return &Advice{
		Severity: Warning,
		Text: fmt.Sprintf("The stream comes unevenly: some of it %.1f s later than the rest. Players with a small buffer stop. "+
			"It is the encoder's line to the server, or the server's to here.", r.Behind),
		OBS:    "lower the bitrate; use a cable in place of a radio link; Settings > Advanced > Dynamically change bitrate",
		FFmpeg: "read files with -re; lower -b:v, and set -maxrate and -bufsize",
	}
}

func avOffset(r *Report) *Advice {
	if r.AVOffset == nil || math.Abs(*r.AVOffset) <= mostOffset {
		return nil
	}
	a := &Advice{
		Severity: Warning,
		OBS:      "Edit > Advanced Audio Properties > Sync Offset, and the delay of video sources",
		FFmpeg:   "-itsoffset in front of the input that is off; -af aresample=async=1 for live sources",
	}
	if math.Abs(*r.AVOffset) > worstOffset {
		a.Severity = Problem
	}
	where := "ahead of"
	if *r.AVOffset < 0 {
		where = "behind"
	}
	a.Text = fmt.Sprintf("By its timestamps the sound is %.0f ms %s the picture that it is sent with. Lips may not fit the "+
		"voice, and players need as much more buffer.", 1000*math.Abs(*r.AVOffset), where)
	return a
}

func audioDrift(r *Report) *Advice {
	if r.Audio == nil || math.Abs(r.Audio.Drift) <= mostDrift {
		return nil
	}
	return &Advice{
		Severity: Warning,
		Text: fmt.Sprintf("The sound's timestamps and its samples disagree by %.0f ms after %.0f s. Sound and picture drift "+
			"apart, or the sound clicks as players correct it.", 1000*math.Abs(r.Audio.Drift), r.Seconds),
		OBS:    "Settings > Audio > Sample Rate: the one of the device and of the system, 48 kHz",
		FFmpeg: "-af aresample=async=1",
	}
}

func audioFormat(r *Report) *Advice {
	s := r.Audio
	if s == nil || s.SampleRate == 0 {
		return nil
	}
	odd := s.SampleRate != 44100 && s.SampleRate != 48000
	if !odd && s.Channels <= 2 {
		return nil
	}
	a := &Advice{
		Severity: Note,
		OBS:      "Settings > Audio: 48 kHz, Stereo",
		FFmpeg:   "-ar 48000 -ac 2",
	}
	if odd {
		a.Severity = Warning
		a.Text = fmt.Sprintf("The sound has %d samples a second. Some players want 44100 or 48000.", s.SampleRate)
	} else {
		a.Text = fmt.Sprintf("The sound has %d channels. Some players play two of them, or none.", s.Channels)
	}
	return a
}

func variableFrameRate(r *Report) *Advice {
	v := r.Video
	if v == nil || v.UnevenSteps < unevenSteps {
		return nil
	}
	fps := max(math.Round(v.FrameRate), 1)
	return &Advice{
		Severity: Warning,
		Text: fmt.Sprintf("The frame rate varies: %.0f %% of the steps are uneven, %.3g frames a second on average. Motion "+
			"judders, and segments get uneven.", 100*v.UnevenSteps, v.FrameRate),
		OBS:    "Settings > Video > Common FPS Values: 30 or 60; look at View > Stats for frames that were missed",
		FFmpeg: fmt.Sprintf("-fps_mode cfr -r %.0f (older ones: -vsync cfr)", fps),
	}
}

func bitrate(r *Report) *Advice {
	v := r.Video
	if v == nil {
		return nil
	}
	a := &Advice{
		Severity: Warning,
		OBS:      "Settings > Output > Streaming > Bitrate: 6000 kbit/s for 1080p, 4000 for 720p",
		FFmpeg:   "-b:v 6M -maxrate 6M -bufsize 12M (1080p), 4M (720p)",
	}
	mbit := r.Bitrate / 1e6
	pixels := float64(v.Width) * float64(v.Height) * v.FrameRate
	switch {
	case r.Bitrate > highRate:
		a.Text = fmt.Sprintf("%.1f Mbit/s are more than many viewers' lines carry: they see the picture stop.", mbit)
	case r.Bitrate > lowestRate && pixels > 0 && v.Bitrate.Mean > bitsAPixel*pixels:
		a.Severity = Note
		a.Text = fmt.Sprintf("%.1f Mbit/s are more than %dx%d at %.3g frames a second gains from.", mbit, v.Width, v.Height,
			v.FrameRate)
	default:
		return nil
	}
	return a
}

func unsteadyBitrate(r *Report) *Advice {
	v := r.Video
	const noticeable = 1e6
	if v == nil || v.Bitrate.Peak < unsteadyPeak*v.Bitrate.Mean || v.Bitrate.Peak-v.Bitrate.Mean < noticeable {
		return nil
	}
	return &Advice{
		Severity: Warning,
		Text: fmt.Sprintf("The rate is unsteady: %.1f Mbit/s on average, %.1f Mbit/s over %.1f s. Viewers whose line carries "+
			"the average stop at the peaks.", v.Bitrate.Mean/1e6, v.Bitrate.Peak/1e6, v.Bitrate.Window),
		OBS:    "Settings > Output > Streaming > Rate Control: CBR",
		FFmpeg: "-b:v, -maxrate (the same) and -bufsize (twice that), in place of -crf alone",
	}
}

func bFrames(r *Report) *Advice {
	v := r.Video
	if v == nil || v.BFrames <= mostBFrames {
		return nil
	}
	return &Advice{
		Severity: Warning,
		Text: fmt.Sprintf("Up to %d B-frames stand in a row. They add delay, hardware players choke on so many, and browsers "+
			"show none of them by WebRTC. Two are plenty.", v.BFrames),
		OBS:    "Settings > Output > Streaming > Max B-frames: 2 (x264 Options: bframes=2)",
		FFmpeg: "-bf 2 (0 for WebRTC)",
	}
}

func level(r *Report) *Advice {
	v := r.Video
	if v == nil || v.Level == "" {
		return nil
	}
	var value float64
	if _, err := fmt.Sscanf(v.Level, "%g", &value); err != nil || value <= highestLevel {
		return nil
	}
	a := &Advice{
		Severity: Warning,
		Text: fmt.Sprintf("The stream is of level %s. Many phones and televisions refuse what is above 5.1, whatever the "+
			"picture needs.", v.Level),
		OBS: "a smaller picture or fewer frames a second (Settings > Video)",
	}
	if v.Codec == "H.264" {
		a.FFmpeg = "-level 4.2 for 1080p60, 5.1 for 2160p30"
	}
	return a
}

func interlaced(r *Report) *Advice {
	if r.Video == nil || !r.Video.Interlaced {
		return nil
	}
	return &Advice{
		Severity: Warning,
		Text:     "The stream may be interlaced. Browsers show combs at moving edges.",
		OBS:      "right click the source > Deinterlacing: Yadif 2x",
		FFmpeg:   "-vf yadif, and no -flags +ildct+ilme",
	}
}

func tracksChange(r *Report) *Advice {
	if r.TrackChanges == 0 {
		return nil
	}
	return &Advice{
		Severity: Warning,
		Text: fmt.Sprintf("The sequence headers changed %s while the stream was on. Some players stop there; a recording "+
			"begins another file.", times(r.TrackChanges)),
		OBS: "change the picture's size or encoder only while nothing is on air",
	}
}

func moreTracks(r *Report) *Advice {
	n := len(r.OtherTracks)
	if n == 0 {
		return nil
	}
	more := "is another track"
	if n > 1 {
		more = fmt.Sprintf("are %d more tracks", n)
	}
	return &Advice{
		Severity: Note,
		Text: fmt.Sprintf("There %s besides. HLS offers a choice of them; players of RTMP and HTTP-FLV that do not ask "+
			"for more get the first picture and the first sound.", more),
	}
}

func damaged(r *Report) *Advice {
	if r.Damaged == 0 {
		return nil
	}
	return &Advice{
		Severity: Warning,
		Text:     fmt.Sprintf("%d messages of the stream could not be read.", r.Damaged),
		FFmpeg:   "-f flv as the format of the output; a newer version",
	}
}

func metadataLies(r *Report) *Advice {
	if len(r.Lies) == 0 {
		return nil
	}
	parts := make([]string, 0, len(r.Lies))
	for _, l := range r.Lies {
		parts = append(parts, fmt.Sprintf("%s says %s and is %s", l.Property, l.Says, l.Is))
	}
	return &Advice{
		Severity: Warning,
		Text: "onMetaData is wrong: " + strings.Join(parts, "; ") + ". Players that believe it choose a wrong size, rate or " +
			"decoder.",
		OBS:    "OBS writes it as it is: look for what changes the stream between OBS and the server",
		FFmpeg: "leave out -metadata, and -flvflags no_metadata with -c copy of a file that says it",
	}
}

func noMetadata(r *Report) *Advice {
	if r.Metadata {
		return nil
	}
	return &Advice{
		Severity: Note,
		Text:     "There is no onMetaData. Players of today need none; some old ones do.",
		FFmpeg:   "leave out -flvflags no_metadata",
	}
}

func baseline(r *Report) *Advice {
	if r.Video == nil || !strings.HasSuffix(r.Video.Profile, "Baseline") {
		return nil
	}
	return &Advice{
		Severity: Note,
		Text:     "The profile is " + r.Video.Profile + ". High makes a better picture of the same rate, and all devices show it.",
		OBS:      "Settings > Output > Streaming > Profile: high",
		FFmpeg:   "-profile:v high",
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
