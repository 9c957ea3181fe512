package rtmp

import (
	"context"
	"strings"

	"github.com/millrace-live/millrace/internal/callback"
	"github.com/millrace-live/millrace/rtmp"
)

// client returns the context in which the hub is asked about a stream: with what
// its client says of itself, if anybody wants to know.
func (d *Door) client(s *rtmp.Stream) context.Context {
	info := s.Session().ConnectInfo()
	if !d.asked || info == nil {
		return s.Context()
	}
	c := callback.Client{
		TCURL: info.TCURL, SWFURL: info.SWFURL, PageURL: info.PageURL, FlashVer: info.FlashVer, NameQuery: s.RawQuery(),
		PublishType: s.PublishType(),
	}
	_, c.AppQuery, _ = strings.Cut(info.App, "?")
	if !s.Publishing() {
		// As they were sent, and nothing where nothing was.
		args := s.PlayRequest().Args
		c.Start, _ = args.Integer(0)
		c.Duration, _ = args.Integer(1)
		c.Reset = args.Bool(2)
	}
	return callback.WithClient(s.Context(), c)
}
