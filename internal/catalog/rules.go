package catalog

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/millrace-live/millrace/internal/config"
)

// Bounds of what an object may hold.
const (
	maxTitle       = 200
	maxLabels      = 32
	maxLabelName   = 63
	maxLabelValue  = 255
	maxPassthrough = 4096
	maxPlayback    = 16
	maxKeys        = 1000 // of a stream
	maxAddresses   = 64
	maxApps        = 64
	maxTypes       = 64
	maxURL         = 2048
	maxUser        = 64
	maxPassword    = 128
	minPassword    = 8
	maxWebhooks    = 100
	maxSigning     = 16 // as package ticket has it
)

const (
	maxGrace   = 30 * time.Minute // as the config file has it
	minRotate  = time.Minute
	maxRotate  = 10 * 365 * 24 * time.Hour
	maxOverlap = 365 * 24 * time.Hour
)

var (
	labelName  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$`)
	playbackID = regexp.MustCompile(`^pb_[a-z2-7]{20}$`)
	userName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]*$`) // as rtmp.NewVerifier has it: clients escape nothing
	eventType  = regexp.MustCompile(`^([a-z]+(\.[a-z]+)*(\.\*)?|\*)$`)
)

// checkStream holds a stream to the rules, and brings it into its form. Old is
// what it was, nil for a new one.
func (c *Catalog) checkStream(x *index, old, s *Stream) error {
	if old != nil && (s.App != old.App || s.Name != old.Name) {
		return &FaultError{"name", "a stream can't be renamed: make another one"}
	}
	if old == nil {
		if err := c.checkPath(s); err != nil {
			return err
		}
	}
	if s.Visibility == "" {
		s.Visibility = Unlisted
	}
	switch {
	case len(s.Labels) == 0:
		s.Labels = nil
	case len(s.Labels) > maxLabels:
		return &FaultError{"labels", fmt.Sprintf("there are more than %d", maxLabels)}
	}
	for name, value := range s.Labels {
		if len(name) > maxLabelName || !labelName.MatchString(name) {
			return &FaultError{"labels", fmt.Sprintf("a name is of 1 to %d letters, digits and -_./, "+
				"with a letter or digit at both ends", maxLabelName)}
		}
		if err := checkText("labels."+name, value, maxLabelValue); err != nil {
			return err
		}
	}
	if len(s.Passthrough) > maxPassthrough || !utf8.ValidString(s.Passthrough) || strings.ContainsRune(s.Passthrough, 0) {
		return &FaultError{"passthrough", fmt.Sprintf("it is at most %d bytes of UTF-8, without a zero byte", maxPassthrough)}
	}
	if err := checkPlayback(x, s); err != nil {
		return err
	}
	if err := first(
		checkText("title", s.Title, maxTitle),
		oneOf("visibility", s.Visibility, Public, Unlisted, Private),
		oneOf("second_publisher", s.SecondPublisher, "", TakeOver, Refuse),
		oneOf("delivery", s.Delivery, "", Realtime, Balanced, Economy),
		between("grace", s.Grace, 0, maxGrace),
		between("rotate", s.Rotate, minRotate, maxRotate),
		between("overlap", s.Overlap, 0, maxOverlap),
	); err != nil {
		return err
	}
	s.search = searchable(s)
	if c.o.CheckStream != nil {
		return c.o.CheckStream(s)
	}
	return nil
}

func (c *Catalog) checkPath(s *Stream) error {
	switch {
	case s.App == "":
		return &FaultError{"app", "there is none: the name of a stream is app/name, as in live/cam1"}
	case strings.Contains(s.App, "/"):
		return &FaultError{"app", "it has a / in it: only the name may have one"}
	case s.Name == "":
		return &FaultError{"name", "there is none behind the app: write one, as in live/cam1"}
	}
	if c.o.CheckName != nil {
		if err := c.o.CheckName(s.Path()); err != nil {
			return &FaultError{"name", err.Error() + "; choose another name"}
		}
	}
	for part := range strings.SplitSeq(s.Path(), "/") {
		// The part itself is not shown: it may be a key that got into the wrong field.
		if strings.HasPrefix(strings.ToLower(part), keySecret) {
			return &FaultError{"name", "a part of it begins with " + keySecret + " as stream keys do, and names are public"}
		}
		if strings.HasPrefix(part, playbackPrefix) {
			return &FaultError{"name", "a part of it begins with " + playbackPrefix + " as playback ids do"}
		}
	}
	return nil
}

func checkPlayback(x *index, s *Stream) error {
	for i, id := range s.PlaybackIDs {
		if id == "" {
			s.PlaybackIDs[i] = newPlaybackID()
			continue
		}
		if !playbackID.MatchString(id) {
			return &FaultError{"playback_ids", "one is written as pb_ and 20 letters a to z and digits 2 to 7; the API makes a new one of an empty one"}
		}
		if other := x.playback[id]; other != nil && other.Path() != s.Path() {
			return &FaultError{"playback_ids", "one is that of another stream"}
		}
		if slices.Contains(s.PlaybackIDs[:i], id) {
			return &FaultError{"playback_ids", "one stands there twice"}
		}
	}
	if s.Visibility == Unlisted && len(s.PlaybackIDs) == 0 {
		s.PlaybackIDs = []string{newPlaybackID()}
	}
	if len(s.PlaybackIDs) > maxPlayback {
		return &FaultError{"playback_ids", fmt.Sprintf("there are more than %d", maxPlayback)}
	}
	return nil
}

func checkKey(now time.Time, old, k *Key) error {
	if old != nil {
		k.Path, k.Stream, k.Hash, k.Unseen = old.Path, old.Stream, old.Hash, old.Unseen
	}
	if old == nil || !k.Expires.Equal(old.Expires) {
		if err := ahead("expires", now, k.Expires); err != nil {
			return err
		}
	}
	k.Expires = instant(k.Expires)
	if len(k.Addresses) > maxAddresses {
		return &FaultError{"addresses", fmt.Sprintf("there are more than %d", maxAddresses)}
	}
	for i, p := range k.Addresses {
		masked, err := checkPrefix("addresses", p)
		if err != nil {
			return err
		}
		k.Addresses[i] = masked
	}
	return first(
		checkText("label", k.Label, maxTitle),
		oneOf("plain", k.Plain, "", "allow", "warn", "refuse"),
	)
}

func checkCredential(now time.Time, old, k *Credential) error {
	switch {
	case old != nil:
		if k.User != old.User {
			return &FaultError{"user", "a credential can't be renamed: make another one"}
		}
		k.Path, k.Stream = old.Path, old.Stream
	case len(k.User) > maxUser || !userName.MatchString(k.User):
		return &FaultError{"user", fmt.Sprintf("it is of 1 to %d letters, digits and -_.~, and begins with a letter or digit", maxUser)}
	}
	if old == nil || !k.Expires.Equal(old.Expires) {
		if err := ahead("expires", now, k.Expires); err != nil {
			return err
		}
	}
	k.Expires = instant(k.Expires)
	return checkText("label", k.Label, maxTitle)
}

func checkPassword(p config.Secret) error {
	text := p.Reveal()
	if len(text) < minPassword || len(text) > maxPassword || !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
		return &FaultError{"password", fmt.Sprintf("it is of %d to %d bytes, without control characters", minPassword, maxPassword)}
	}
	return nil
}

func checkToken(now time.Time, old, t *Token) error {
	if old != nil {
		t.Hash = old.Hash
	}
	if old == nil || !t.Expires.Equal(old.Expires) {
		if err := ahead("expires", now, t.Expires); err != nil {
			return err
		}
	}
	t.Expires = instant(t.Expires)
	if err := first(
		checkText("label", t.Label, maxTitle),
		oneOf("role", t.Role, Admin, Operator, Viewer),
		checkApps(t.Apps),
	); err != nil {
		return err
	}
	if t.Role == Admin && len(t.Apps) > 0 {
		return &FaultError{"apps", "an admin is one of all apps: make it an operator"}
	}
	return nil
}

func checkWebhook(w *Webhook) error {
	u, err := url.Parse(w.URL)
	switch {
	case len(w.URL) > maxURL:
		return &FaultError{"url", fmt.Sprintf("it is longer than %d bytes", maxURL)}
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "", strings.ContainsFunc(w.URL, unprintable):
		return &FaultError{"url", "this is no address: write it as https://example.com/hook"}
	case u.User != nil:
		return &FaultError{"url", "it must not hold a password, since it is shown: deliveries are signed"}
	case u.Fragment != "":
		return &FaultError{"url", "what stands behind a # is not sent: leave it out"}
	case len(w.Types) > maxTypes:
		return &FaultError{"types", fmt.Sprintf("there are more than %d", maxTypes)}
	}
	for _, t := range w.Types {
		if len(t) > maxLabelName || !eventType.MatchString(t) {
			return &FaultError{"types", "one is as stream.live, or stream.* for all that begin so"}
		}
	}
	return first(checkText("label", w.Label, maxTitle), checkApps(w.Apps))
}

func checkBan(now time.Time, old, b *Ban) error {
	if old == nil || !b.Until.Equal(old.Until) {
		if err := ahead("until", now, b.Until); err != nil {
			return err
		}
	}
	b.Until = instant(b.Until)
	if b.Address.IsValid() == (b.Key != "") {
		return &FaultError{"address", "a ban is of an address or of a key: give one of them"}
	}
	if b.Address.IsValid() {
		masked, err := checkPrefix("address", b.Address)
		if err != nil {
			return err
		}
		b.Address = masked
	}
	if b.Key != "" && (!strings.HasPrefix(b.Key, keyPrefix) || len(b.Key) > maxLabelName) {
		return &FaultError{"key", "it is the id of a key (" + keyPrefix + "…), and not the key itself"}
	}
	return first(checkText("key", b.Key, maxLabelName), checkText("reason", b.Reason, maxTitle))
}

func checkApps(apps []string) error {
	if len(apps) > maxApps {
		return &FaultError{"apps", fmt.Sprintf("there are more than %d", maxApps)}
	}
	for _, app := range apps {
		if app == "" || strings.Contains(app, "/") {
			return &FaultError{"apps", "an app is the first part of a stream's name, as live in live/cam1"}
		}
		if err := checkText("apps", app, maxLabelValue); err != nil {
			return err
		}
	}
	return nil
}

// checkPrefix returns a prefix in the one form that lookups expect.
func checkPrefix(field string, p netip.Prefix) (netip.Prefix, error) {
	if !p.IsValid() || p.Addr().Zone() != "" {
		return p, &FaultError{field, "one is an address or a prefix, as 192.0.2.0/24"}
	}
	if a := p.Addr(); a.Is4In6() {
		if p.Bits() < 96 {
			return p, &FaultError{field, "write an IPv4 prefix without ::ffff:"}
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// checkText is for text that people read on one line.
func checkText(field, text string, most int) error {
	switch {
	case len(text) > most:
		return &FaultError{field, fmt.Sprintf("it is longer than %d bytes", most)}
	case !utf8.ValidString(text):
		return &FaultError{field, "it is not UTF-8"}
	case strings.ContainsFunc(text, unprintable):
		return &FaultError{field, "it holds control characters"}
	}
	return nil
}

// unprintable are characters that could forge lines of logs and pages.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

func oneOf[T ~string](field string, value T, choice ...T) error {
	if slices.Contains(choice, value) {
		return nil
	}
	var words []string
	for _, w := range choice {
		if w != "" {
			words = append(words, string(w))
		}
	}
	return &FaultError{field, "it is one of " + strings.Join(words, ", ")}
}

func between(field string, d *Duration, least, most time.Duration) error {
	if d == nil || time.Duration(*d) >= least && time.Duration(*d) <= most {
		return nil
	}
	return &FaultError{field, fmt.Sprintf("it is from %v to %v", least, most)}
}

func ahead(field string, now, t time.Time) error {
	if !t.IsZero() && !t.After(now) {
		return &FaultError{field, "it is past"}
	}
	return nil
}

// instant is a moment as the documents keep it, so that what is answered at
// first and what is read later are the same.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Round(0)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
