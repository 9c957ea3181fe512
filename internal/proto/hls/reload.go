package hls

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/window"
)

// reload is what a player asks of a playlist (§6.2.5): the delivery directives
// in its query.
type reload struct {
	// blocking is set when the answer is to have a segment, msn, or a part of it.
	blocking bool
	msn      uint64
	part     int // or window.WholeSegment
	// delta is set when the player has the older segments.
	delta bool
}

// mostPart is above any part's index.
const mostPart = 1 << 20

// parseReload reads a query. Other keys than those of the delivery directives are
// somebody else's.
func parseReload(query string) (reload, error) {
	r := reload{part: window.WholeSegment}
	if !strings.Contains(query, "_HLS_") && !strings.Contains(query, "%") {
		return r, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return r, errors.New("the query of the address is damaged")
	}
	msn, err := directive(values, "_HLS_msn")
	if err != nil {
		return r, err
	}
	part, err := directive(values, "_HLS_part")
	if err != nil {
		return r, err
	}
	skip, err := directive(values, "_HLS_skip")
	if err != nil {
		return r, err
	}
	if msn != "" {
		r.blocking = true
		if r.msn, err = strconv.ParseUint(msn, 10, 63); err != nil {
			return r, fmt.Errorf("_HLS_msn is %.30q, which is no media sequence number", msn)
		}
	}
	if part != "" {
		n, err := strconv.ParseUint(part, 10, 63)
		switch {
		case err != nil:
			return r, fmt.Errorf("_HLS_part is %.30q, which is no index of a part", part)
		case !r.blocking:
			return r, errors.New("_HLS_part says nothing without _HLS_msn")
		}
		r.part = int(min(n, mostPart))
	}
	switch skip {
	case "":
	case "YES", "v2":
		r.delta = true
	default:
		return r, fmt.Errorf("_HLS_skip is %.30q, and can be YES or v2", skip)
	}
	return r, nil
}

// directive returns a value that can be there once; "" if it is not there.
func directive(values url.Values, key string) (string, error) {
	all, there := values[key]
	switch {
	case !there:
		return "", nil
	case len(all) > 1:
		return "", fmt.Errorf("%s is given %d times", key, len(all))
	case all[0] == "":
		return "", fmt.Errorf("%s has no value", key)
	}
	return all[0], nil
}

// tooFar says why a player cannot wait for what it asks of a view, nil if it can
// (§6.2.5.2). Who knows the playlist asks for the part or the segment that comes
// next, and after a hiccup for one a little later.
func (r reload) tooFar(v *window.View, partTarget time.Duration) error {
	if !r.blocking || v.Ended {
		return nil
	}
	if r.part != window.WholeSegment && partTarget == 0 {
		return errors.New("this playlist has no parts")
	}
	last := v.Last()
	if last == nil {
		return nil
	}
	if r.msn > last.Number+2 {
		return fmt.Errorf("the playlist ends at segment %d, which is too far from %d", last.Number, r.msn)
	}
	if r.part == window.WholeSegment || r.msn < v.Next {
		return nil
	}
	most := partLimit(partTarget)
	if v.Open != nil && r.msn == v.Next {
		most += len(v.Open.Parts)
	}
	if r.part > most {
		return fmt.Errorf("part %d of segment %d is too far from the end of the playlist", r.part, r.msn)
	}
	return nil
}

// partLimit is how many parts behind the last one a player may ask for: three
// seconds of them, or three that are longer than one.
func partLimit(target time.Duration) int {
	if target <= 0 || target >= time.Second {
		return 3
	}
	return int((3*time.Second + target - 1) / target)
}
