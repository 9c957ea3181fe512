package e2e

import (
	"strings"
	"testing"
	"time"
)

// libav 8.1 publishes HDR10 and six channels: the colour and light that it
// tells beside the bitstream, and the layout of the channels, come out over
// RTMP, and HLS lists both.
func TestColorAndChannels(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	file := enhancedClip(t, "hdr-opus51", 8, libavWrites, []string{
		"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=25:pools=1:hdr10=1:repeat-headers=1:" +
			"colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:" +
			"master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)",
		"-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc",
		"-pix_fmt", "yuv420p10le", "-c:a", "libopus", "-ac", "6",
	})
	const stream = "live/hdr"
	player := weRead(t, s.rtmpURL(stream))
	s.waitPlayers(t, stream, 1)
	publisher := libavPublishes(t, file, s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	index := s.waitPlaylist(t, stream)
	for _, want := range []string{"VIDEO-RANGE=PQ", `CHANNELS="6"`, "hvc1.2."} {
		if !strings.Contains(index, want) {
			t.Errorf("the playlist lacks %s:\n%s", want, index)
		}
	}
	publisher.wait(t, 30*time.Second)
	player.read(t, 30*time.Second)
	found := false
	for _, set := range player.sets {
		for _, tr := range set.Tracks {
			found = found || tr.Color != nil && tr.Color.Transfer == 16 // PQ, by H.273
		}
	}
	if !found {
		t.Error("no track over RTMP has the encoder's colorInfo")
	}
}
