package event

import (
	"errors"

	"github.com/millrace-live/millrace/internal/hub"
)

// Hub takes an event of the hub; it fits [hub.Options].Events.
func (f *Feed) Hub(e hub.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	on := f.onAir[e.Stream]
	if on != nil && on.ID != e.Broadcast {
		on = nil
	}
	switch e.Kind {
	case hub.PublishStarted:
		// A broadcast that went on after its end was told can't begin once more.
		if on == nil && e.Generation == 1 {
			f.begin(&broadcast{ID: e.Broadcast, Node: f.o.Node, Stream: f.stream(e.Stream), Started: e.Time}, clientOf(&e))
		}
	case hub.StreamEnded:
		if on != nil {
			f.end(on, e.Time, e.Reason, false)
		}
	case hub.StreamReconnecting, hub.StreamResumed:
		if on != nil {
			f.pause(&e)
		}
	case hub.PublishTakenOver:
		f.contested(&e, "taken-over")
	case hub.Alarm:
		f.contested(&e, "alarm")
	case hub.PublishRefused:
		f.refused(&e)
	case hub.LongGOP:
		if on != nil {
			f.watch.longGOP(e.Stream, e.Broadcast)
		}
	}
}

func (f *Feed) pause(e *hub.Event) {
	t := StreamReconnecting
	if e.Kind == hub.StreamResumed {
		t = StreamResumed
	}
	f.tell(t, e.Stream, e.Time, &pauseData{
		Stream: f.stream(e.Stream), Broadcast: e.Broadcast, Reason: e.Reason, Publisher: clientOf(e),
	})
}

// contested tells that two encoders want one stream.
func (f *Feed) contested(e *hub.Event, outcome string) {
	before, ok := f.repeats.tell(kin{StreamContested, e.Stream, outcome, network(e.Remote.Addr())}, e.Time)
	if !ok {
		return
	}
	f.tell(StreamContested, e.Stream, e.Time, &contestData{
		Stream: f.stream(e.Stream), Broadcast: e.Broadcast, Outcome: outcome, Reason: e.Reason, Publisher: clientOf(e),
		Repeated: before,
	})
}

// refused tells of a publisher that was not let in.
func (f *Feed) refused(e *hub.Event) {
	code := "error"
	if r, ok := errors.AsType[*hub.Refusal](e.Err); ok {
		code = r.Code.String()
		if r.Code == hub.InUse || r.Code == hub.TakenOver {
			f.contested(e, "refused")
			return
		}
	}
	before, ok := f.repeats.tell(kin{KeyRefused, e.Stream, code, network(e.Remote.Addr())}, e.Time)
	if !ok {
		return
	}
	f.tell(KeyRefused, e.Stream, e.Time, &refusedData{
		Stream: f.stream(e.Stream), Code: code, Reason: e.Reason, Client: clientOf(e), Repeated: before,
	})
}
