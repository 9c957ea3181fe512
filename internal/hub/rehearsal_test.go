package hub

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestARehearsalIsNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{Access: keyring{grant: Grant{Rehearse: true, GraceAfterEnd: true}}})
		p := h.publish()
		p.write(key(0), sound(0))
		if got := h.kinds(); len(got) != 1 || got[0] != RehearsalStarted {
			t.Errorf("the events are %v", got)
		}
		for _, stream := range []string{"live/cam1", rehearsing + "live/cam1"} {
			if _, err := h.Play(t.Context(), PlayRequest{Stream: stream}); err != ErrNotFound {
				t.Errorf("%q: %v", stream, err)
			}
		}
		if len(h.Streams()) != 0 {
			t.Errorf("it is listed: %+v", h.Streams())
		}
		if _, ok := h.Stream("live/cam1"); ok {
			t.Error("the stream is on air")
		}
		if traffic := h.Traffic(); traffic.Streams[Live] != 0 {
			t.Errorf("it is counted: %+v", traffic.Streams)
		}
		i, ok := h.Rehearsal("live/cam1")
		if !ok || i.Name != "live/cam1" || i.State != Live || i.Frames != 2 || i.Publisher == nil {
			t.Errorf("%+v, %v", i, ok)
		}
		if all := h.sessions(SessionQuery{Limit: 10}); len(all) != 1 || !all[0].Rehearsal || all[0].Stream != "live/cam1" {
			t.Errorf("%+v", all)
		}
		r, err := h.PlayRehearsal(t.Context(), "live/cam1", "rehearsal")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if got := drain(t, r); len(got) != 2 || r.Stream() != "live/cam1" {
			t.Errorf("%s of %s", describe(got), r.Stream())
		}
		h.kinds()

		// Nobody waits for it.
		p.End(errLost)
		if got := h.kinds(); len(got) != 1 || got[0] != RehearsalEnded {
			t.Errorf("the events are %v", got)
		}
		if _, err := all(r); err != io.EOF {
			t.Error(err)
		}
		if _, ok := h.Rehearsal("live/cam1"); ok {
			t.Error("it is under way still")
		}
		if _, err := h.PlayRehearsal(t.Context(), "live/cam1", "rehearsal"); err != ErrNotFound {
			t.Error(err)
		}
	})
}

// A rehearsal and a broadcast of one name know nothing of each other.
func TestARehearsalBesideABroadcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{Access: byKey{}})
		air, rehearsal := h.publishAs("air", "192.0.2.1", "obs"), h.publishAs("rehearsal", "192.0.2.2", "obs")
		for range 20 {
			air.write(key(0))
			rehearsal.write(key(0), sound(0))
			time.Sleep(time.Second)
		}
		if i, ok := h.Stream("live/cam1"); !ok || i.Frames != 20 {
			t.Errorf("%+v", i)
		}
		rehearsal.End(nil)
		if _, ok := h.Stream("live/cam1"); !ok {
			t.Error("the end of the rehearsal ended the broadcast")
		}
		if n := h.KickStream("live/cam1", "x"); n != 1 {
			t.Errorf("%d were kicked", n)
		}
	})
}

type byKey struct{ keyring }

func (b byKey) Publish(ctx context.Context, req *PublishRequest) (Grant, error) {
	g, err := b.keyring.Publish(ctx, req)
	g.Rehearse = g.Owner == "rehearsal"
	return g, err
}

func TestNobodyPublishesWhatIsHidden(t *testing.T) {
	h := open(t, Options{})
	for _, name := range []string{rehearsing + "live/cam1", Nowhere("live/cam1")} {
		req := request("alice", "192.0.2.1", "obs")
		req.App, req.Name = "", name
		if _, err := h.try(req); !refused(err, BadName) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
