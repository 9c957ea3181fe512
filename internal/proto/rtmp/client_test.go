package rtmp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/callback"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
)

// Back ends are told what clients say of themselves, as they say it.
func TestBackEndsAreTold(t *testing.T) {
	asked := make(chan string, 10)
	backEnd := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		asked <- string(b)
	}))
	defer backEnd.Close()
	gate, err := callback.New(callback.Options{
		Services: []callback.Settings{{Mode: callback.NginxRTMP, URL: backEnd.URL}}, Next: hub.Everyone{},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, hub.Options{Access: gate, PlayWait: -1}, func(o *Options) { o.Asked = true })
	h.url = "rtmp://" + h.addr + "/live?n=a%20b&k=1+2/"
	says := func(want ...string) {
		t.Helper()
		got := <-asked
		for _, w := range want {
			if !strings.Contains("&"+got+"&", "&"+w+"&") {
				t.Errorf("the back end was not told %q: %s", w, got)
			}
		}
	}
	tcURL := "tcurl=rtmp://" + h.addr + "/live%3Fn=a%2520b%26k=1%2B2"
	mustDial(t, rtmp.Publish, h.url+"cam?z=%41+%zz&&y").Close()
	says("app=live", tcURL, "name=cam", "type=live", "z=%41+%zz&&y")
	_, _ = dial(t, rtmp.Play, h.url+"cam?token=%41") // it may have ended
	says("app=live", tcURL, "name=cam", "start=4294967294", "duration=0", "reset=0", "token=%41")
}

// Where there is no back end, nothing is made for one.
func TestNobodyIsTold(t *testing.T) {
	for _, asked := range []bool{false, true} {
		told := make(chan bool, 1)
		h := newHouse(t, hub.Options{Access: contexts{told: told}}, func(o *Options) { o.Asked = asked })
		mustDial(t, rtmp.Publish, h.url+"cam")
		if got := <-told; got != asked {
			t.Errorf("the hub was told of the client: %v, want %v", got, asked)
		}
	}
}

// contexts tells whether somebody put a client into the context of a publisher.
type contexts struct {
	hub.Everyone
	told chan bool
}

func (c contexts) Publish(ctx context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	c.told <- strings.Contains(fmt.Sprint(ctx), "WithValue(callback.")
	return c.Everyone.Publish(ctx, req)
}
