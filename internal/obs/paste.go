package obs

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/internal/problem"
)

// machines are the encoders that people can ask for, as OBS would describe the
// machine that has them.
var machines = map[string]struct {
	vendor uint32
	system string
}{
	"x264":         {0, ""},
	"nvenc":        {nvidia, "Windows"},
	"quicksync":    {intel, "Windows"},
	"amf":          {amd, "Windows"},
	"vaapi":        {amd, "Linux"},
	"videotoolbox": {apple, "macOS"},
}

// paste answers whoever has the stream key with what OBS's "Config Override"
// takes: OBS 32.2 and later asks a custom service nothing. The key comes as
// bearer token or as key in the query, which also has what OBS would say of
// itself: canvas (1920x1080), fps (60 or 60000/1001), encoder (x264) and tracks.
func (s *Service) paste(w http.ResponseWriter, r *http.Request, app string) {
	query := r.URL.Query()
	key := query.Get("key")
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "bearer") {
		key = strings.TrimSpace(token)
	}
	grant, err := s.admit(r, app, key)
	if err != nil {
		s.log(r).Info("a question for a ladder was refused", "client", clip(r.UserAgent()), "reason", reason(err))
		problem.WriteError(w, err)
		return
	}
	q := &question{Authentication: key}
	q.Client.Codecs = slices.Collect(maps.Values(codecNames))
	c := &q.Preferences.canvas
	if text := query.Get("canvas"); text != "" {
		if _, err := fmt.Sscanf(text, "%dx%d", &c.Width, &c.Height); err != nil {
			problem.Write(w, http.StatusBadRequest, "canvas is a size like 1920x1080")
			return
		}
	}
	if c.FrameRate, err = parseRate(query.Get("fps")); err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	if text := query.Get("tracks"); text != "" {
		if q.Preferences.MaxTracks, err = strconv.Atoi(text); err != nil || q.Preferences.MaxTracks < 1 {
			problem.Write(w, http.StatusBadRequest, "tracks is how many there may be at most")
			return
		}
	}
	if name := query.Get("encoder"); name != "" {
		m, ok := machines[name]
		if !ok {
			problem.Write(w, http.StatusBadRequest, "encoder is one of "+strings.Join(slices.Sorted(maps.Keys(machines)), ", "))
			return
		}
		q.Capabilities.System.Name = m.system
		q.Capabilities.GPUs = []gpu{{Vendor: m.vendor}}
	}
	write(w, s.ask(q, grant.Stream))
}

// parseRate reads frames a second, whole or as a fraction; "" is not known.
func parseRate(text string) (rate, error) {
	if text == "" {
		return rate{}, nil
	}
	over, under, ok := strings.Cut(text, "/")
	if !ok {
		under = "1"
	}
	n, err1 := strconv.Atoi(over)
	d, err2 := strconv.Atoi(under)
	r := rate{n, d}
	if err1 != nil || err2 != nil || !r.known() {
		return rate{}, fmt.Errorf("fps is a number like 60 or a fraction like 60000/1001")
	}
	return r, nil
}
