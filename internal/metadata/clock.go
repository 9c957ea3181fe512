package metadata

import (
	"bytes"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// Clock is what the clock of an encoder said with a frame.
type Clock struct {
	Source string        // "onFI" or "sei"
	Delay  time.Duration // from that clock to the frame's arrival; negative when the clock runs ahead
}

// ReadClock reads the encoder's clock that came with f, whose Arrival is set.
// Encoders say it in one of two ways: in data messages of their own, onFI, or,
// as OBS does, in the user data of key frames.
func ReadClock(f *media.Frame) (Clock, bool) {
	switch {
	case f.Kind == media.Data:
		return readFrameInfo(f)
	case f.IsKey() && f.Header == 0:
		return readUserData(f)
	}
	return Clock{}, false
}

// zoneStep is what zones differ by. onFI does not name its zone, so that a
// delay is known but for multiples of this.
const zoneStep = 15 * time.Minute

// readFrameInfo reads onFI, as Flash Media Live Encoder and its successors send
// it, with st for the time and sd for the date. Of the date nothing is needed:
// days are multiples of zoneStep, and some say the month first.
func readFrameInfo(f *media.Frame) (Clock, bool) {
	const name = "onFI"
	const before = 4 // bytes of AMF in front of a string's own
	if !bytes.Contains(f.Payload[:min(len(f.Payload), before+len(name))], []byte(name)) {
		return Clock{}, false
	}
	values, err := amf.Decode(f.Payload)
	if err != nil || len(values) < 2 || values.String(0) != name {
		return Clock{}, false
	}
	made, err := time.Parse("15:04:05", values.Object(1).String("st"))
	if err != nil {
		return Clock{}, false
	}
	// A clock that runs ahead of this one by less than a minute makes a delay
	// below nothing, and not one of a quarter of an hour.
	const ahead = time.Minute
	late := (sinceMidnight(f.Arrival.UTC()) - sinceMidnight(made) + ahead) % zoneStep
	if late < 0 {
		late += zoneStep
	}
	return Clock{Source: name, Delay: late - ahead}, true
}

func sinceMidnight(t time.Time) time.Duration {
	hour, minute, second := t.Clock()
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second +
		time.Duration(t.Nanosecond())
}

// timestamps is the user data by which OBS says when it composed a picture,
// asked for its coding and had it coded.
var timestamps = media.UUID{0x0a, 0xec, 0xff, 0xe7, 0x52, 0x72, 0x4e, 0x2f, 0xa6, 0x2f, 0xd1, 0x9c, 0xd6, 0x1a, 0x93, 0xb5}

func readUserData(f *media.Frame) (Clock, bool) {
	track := f.Tracks.Find(media.Video, f.Track)
	if track == nil {
		return Clock{}, false
	}
	for id, b := range track.UserData(f.Payload) {
		if id != timestamps {
			continue
		}
		if made, ok := earliest(b); ok {
			return Clock{Source: "sei", Delay: f.Arrival.Sub(made)}, true
		}
	}
	return Clock{}, false
}

// earliest returns the first of the moments in the life of a picture that b
// tells of: a count less one, and for each its form, its event and its text.
func earliest(b []byte) (made time.Time, ok bool) {
	const text = 1 // the form: RFC 3339, ended by a zero
	if len(b) == 0 {
		return time.Time{}, false
	}
	left := int(b[0]) + 1
	for b = b[1:]; left > 0 && len(b) > 2 && b[0] == text; left-- {
		word, rest, whole := bytes.Cut(b[2:], []byte{0})
		if !whole {
			break
		}
		b = rest
		if t, err := time.Parse(time.RFC3339, string(word)); err == nil && (!ok || t.Before(made)) {
			made, ok = t, true
		}
	}
	return made, ok
}
