package server

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp"
)

// A server that stops asks an encoder that follows to go elsewhere, and lets it
// end its stream in order.
func TestStopSendsClientsElsewhere(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) { s.Open = true })
	asked := make(chan rtmp.ReconnectRequest, 1)
	d := &rtmp.Dialer{Reconnect: func(_ *rtmp.Session, q rtmp.ReconnectRequest) { asked <- q }}
	st := onAir(t, d, "rtmp://"+r.rtmp+"/live/cam")
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	select {
	case q := <-asked:
		if q.TCURL != "" || q.Description == "" {
			t.Errorf("asked for %+v", q)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the client was not asked")
	}
	select {
	case <-stopped:
		t.Error("the server did not wait")
	case <-time.After(100 * time.Millisecond): // it would have stopped at once
	}
	st.Close()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if log := r.log.String(); !strings.Contains(log, `reason="the encoder stopped"`) {
		t.Errorf("the log:\n%s", log)
	}
}
