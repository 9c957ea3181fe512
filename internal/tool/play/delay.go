package play

import (
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// delay is how long ago a frame was made, by the wall clock that some encoders
// send along (onFI, with sd for the date and st for the time).
type delay struct {
	known bool
	value time.Duration
}

// zoneStep is what zones differ by. onFI does not name its zone, so that a
// delay is known but for multiples of this.
const zoneStep = 15 * time.Minute

func (d *delay) add(f *media.Frame) {
	values, err := amf.Decode(f.Payload)
	if err != nil || len(values) < 2 || values.String(0) != "onFI" {
		return
	}
	o := values.Object(1)
	made, err := time.Parse("02-01-2006 15:04:05", o.String("sd")+" "+o.String("st"))
	if err != nil {
		return
	}
	// A clock that runs ahead of this one by less than a minute makes a delay
	// below nothing, and not one of a quarter of an hour.
	const ahead = time.Minute
	late := (f.Arrival.UTC().Sub(made) + ahead) % zoneStep
	if late < 0 {
		late += zoneStep
	}
	d.known, d.value = true, late-ahead
}
