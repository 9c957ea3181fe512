package event

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

func refusal(code hub.Code, stream, addr string, at time.Time) hub.Event {
	return hub.Event{
		Kind: hub.PublishRefused, Time: at, Stream: stream, Remote: netip.MustParseAddrPort(addr),
		Reason: "no", Err: &hub.Refusal{Code: code, Reason: "no", Stream: stream},
	}
}

func TestRefusalsAreToldOnceAMinute(t *testing.T) {
	s := sqlite(t)
	f := newFeed(t, Options{Store: s}, nil)
	at := time.Now()
	for i := range 100 {
		f.Hub(refusal(hub.BadKey, "", fmt.Sprintf("192.0.2.1:%d", 1000+i), at))
		f.Hub(refusal(hub.BadKey, "", fmt.Sprintf("[2001:db8::%x]:9", i), at)) // one network
	}
	f.Hub(refusal(hub.BadKey, "", "192.0.2.2:1", at))
	f.Hub(refusal(hub.Forbidden, "live/cam1", "192.0.2.1:1", at))
	f.Hub(refusal(hub.InUse, "live/cam1", "192.0.2.1:1", at))
	f.Hub(refusal(hub.BadKey, "", "192.0.2.1:1", at.Add(time.Minute)))
	f.flush(t)
	const refused = "server key.refused"
	same(t, told(t, s), refused, refused, refused, "live/cam1 key.refused", "live/cam1 stream.contested", refused)
	if d := data(t, s, KeyRefused); d["repeated"] != 99.0 || d["code"] != "bad-key" || d["stream"] != nil {
		t.Errorf("the last one says %v", d)
	}
	if d := data(t, s, StreamContested); d["outcome"] != "refused" {
		t.Errorf("the contest says %v", d)
	}
	if n := f.Stats().Withheld; n != 198 {
		t.Errorf("%d were withheld", n)
	}
}

func TestRepeatsAreBounded(t *testing.T) {
	var r repeats
	now := time.Now()
	told := 0
	for i := range 3 * maxRepeats {
		if _, ok := r.tell(kin{stream: fmt.Sprint(i)}, now); ok {
			told++
		}
	}
	if told != maxRepeats || len(r.seen) != maxRepeats {
		t.Errorf("%d were told, %d are kept", told, len(r.seen))
	}
	if _, ok := r.tell(kin{stream: "later"}, now.Add(repeatTime)); !ok || len(r.seen) != 1 {
		t.Errorf("a minute later %d are kept", len(r.seen))
	}
}
