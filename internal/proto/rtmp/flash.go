package rtmp

import (
	"regexp"

	"github.com/millrace-live/millrace/rtmp"
)

// flashPlayer is what Flash Player calls itself ("WIN 32,0,0,465"), and what
// players do that take after it (librtmp, FFmpeg, GStreamer).
var flashPlayer = regexp.MustCompile(`^[A-Z]{2,4} [0-9]+,[0-9]+`)

// demandSWF returns the files one of which a player must prove to be. Only such
// as Flash Player can: an encoder ("FMLE/3.0") would be refused for want of an
// answer. It is let in, and may publish; that it may not play instead is the
// hub's matter.
func demandSWF(s *rtmp.Session, demanded func(string) (string, []rtmp.SWF)) []rtmp.SWF {
	info := s.ConnectInfo()
	app, files := demanded(info.App)
	if len(files) == 0 || !flashPlayer.MatchString(info.FlashVer) {
		return nil
	}
	callerOf(s).proven = app
	return files
}
