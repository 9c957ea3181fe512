package deliver

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Span is the stretch of time that a viewer wants to see of a stream, by the wall
// clock. The zero value is all there is.
type Span struct {
	// Start and End are zero where they are not given.
	Start, End time.Time

	from, to string
}

// All reports whether no bound is given.
func (s Span) All() bool { return s.Start.IsZero() && s.End.IsZero() }

// Key tells the span as it was asked for from others: what is so many seconds ago is
// the same for all who ask so, and a little later each time.
func (s Span) Key() string { return s.from + "/" + s.to }

// Query is the span by moments, to be handed on in addresses: "start=1795240060.826".
// It is "" for all.
func (s Span) Query() string {
	var q string
	if !s.Start.IsZero() {
		q = "start=" + unix(s.Start)
	}
	if !s.End.IsZero() {
		if q != "" {
			q += "&"
		}
		q += "end=" + unix(s.End)
	}
	return q
}

func unix(t time.Time) string {
	ms := max(0, t.UnixMilli()) // a negative number means something else
	return fmt.Sprintf("%d.%03d", ms/1000, ms%1000)
}

// ahead is how far a viewer's clock may be ahead of this server's, so that its now is
// no future.
const ahead = 5 * time.Second

// ParseSpan reads start and end of a query. Each is a moment by RFC 3339, or in
// seconds since 1970, or so many seconds before now by a negative number, and there
// once. Other keys are somebody else's. The error is a sentence for who asks.
func ParseSpan(query string, now time.Time) (Span, error) {
	var s Span
	if !strings.Contains(query, "start") && !strings.Contains(query, "end") && !strings.Contains(query, "%") {
		return s, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return s, errors.New("the query of the address is damaged")
	}
	if s.from, s.Start, err = bound(values, "start", now); err != nil {
		return Span{}, err
	}
	if s.to, s.End, err = bound(values, "end", now); err != nil {
		return Span{}, err
	}
	if !s.Start.IsZero() && !s.End.IsZero() && !s.End.After(s.Start) {
		return Span{}, fmt.Errorf("end is %.40q, which is not after start, %.40q", s.to, s.from)
	}
	return s, nil
}

// secondsForm is digits, as many as moments have for the next thousands of years.
var secondsForm = regexp.MustCompile(`^-?[0-9]{1,11}(\.[0-9]{1,9})?$`)

// bound returns a value as it stands and as a moment, which is zero where it is not
// given.
func bound(values url.Values, key string, now time.Time) (given string, at time.Time, err error) {
	all, there := values[key]
	switch {
	case !there:
		return "", time.Time{}, nil
	case len(all) > 1:
		return "", time.Time{}, fmt.Errorf("%s is given %d times", key, len(all))
	}
	given = all[0]
	if secondsForm.MatchString(given) {
		at, err = seconds(given, now)
	} else {
		// In a query a plus sign is a space, which people do not think of.
		at, err = time.Parse(time.RFC3339Nano, strings.ReplaceAll(given, " ", "+"))
	}
	if err != nil || at.IsZero() {
		return "", time.Time{}, fmt.Errorf("%s is %.40q, and can be a time like 2006-01-02T15:04:05Z, "+
			"seconds since 1970, or seconds before now like -600", key, given)
	}
	if at.After(now.Add(ahead)) {
		return "", time.Time{}, fmt.Errorf("%s is %.40q, which is in the future", key, given)
	}
	return given, at, nil
}

func seconds(given string, now time.Time) (time.Time, error) {
	digits, before := strings.CutPrefix(given, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	s, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	ns, err := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	if before {
		// Not as a Duration: that ends after 292 years.
		return time.Unix(now.Unix()-s, int64(now.Nanosecond())-ns), nil
	}
	return time.Unix(s, ns), nil
}
