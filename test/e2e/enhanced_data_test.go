package e2e

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// heard collects data messages as a player gets them.
type heard struct {
	mu   sync.Mutex
	list []string
}

// add keeps a message without the byte that the AMF3 kind of it begins with.
func (h *heard) add(kind message.Type, payload []byte) {
	switch {
	case kind == message.DataAMF3 && len(payload) > 0 && payload[0] == 0:
		payload = payload[1:]
	case kind != message.Data && kind != message.DataAMF3:
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, string(payload))
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.list
}

// An encoder that speaks AMF3 sends texts, cue points and data of its own:
// players over RTMP and HTTP-FLV hear each, and HLS carries them as timed
// metadata.
func TestDataReachesPlayers(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	e := dialRaw(t, s, true)
	e.amf3 = true
	e.control(message.SetChunkSize, 65536)
	e.connect("objectEncoding", 3.0)
	e.publish("data")

	// Players that speak AMF0 get what AMF3 says in AMF0.
	text := amf.NewObject("text", "grüezi mitenand", "language", "gsw")
	sent := []string{
		encoded(t, "onTextData", amf.AMF3{Value: text}),
		encoded(t, "onCuePoint", amf.NewObject("name", "advert", "time", 2.5, "type", "event")),
		encoded(t, "onFI", amf.NewObject("st", "12:00:00.000")),
		encoded(t, "score", 3.0, 2.0, "Ulm"),
	}
	said := append([]string{encoded(t, "onTextData", text)}, sent[1:]...)
	tags := readTags(t, clip(t, "data", 8))
	rtmpHeard, flvHeard := &heard{}, &heard{}
	s.recordsHLS(t, "live/data", func(hls *hlsRecording) {
		next := 0
		began := time.Now()
		for i, g := range tags {
			if g.isMetadata() {
				continue
			}
			if i == opening {
				s.waitState(t, "live/data", "live")
				hearRTMP(t, s.rtmpURL("live/data"), rtmpHeard)
				hearFLV(t, s.flvURL("live/data"), flvHeard)
				began = time.Now().Add(-time.Duration(g.ms) * time.Millisecond)
			}
			if i > opening {
				// HLS cuts segments as time goes by.
				time.Sleep(time.Until(began.Add(time.Duration(g.ms) * time.Millisecond)))
			}
			if next < len(said) && g.ms >= uint32(2500+500*next) {
				e.send(4, g.ms, message.DataAMF3, 1, append([]byte{0}, sent[next]...))
				next++
			}
			e.send(6, g.ms, g.kind, 1, g.body)
		}
		if next != len(said) {
			t.Fatal("the clip is too short")
		}
		for name, h := range map[string]*heard{"RTMP": rtmpHeard, "HTTP-FLV": flvHeard} {
			wait(t, 10*time.Second, "the data over "+name, func() bool {
				return strings.Contains(strings.Join(h.all(), "\n"), strings.Join(said, "\n"))
			})
		}
		wait(t, 10*time.Second, "the data over HLS", func() bool {
			all := hls.bytes()
			for _, want := range []string{"https://aomedia.org/emsg/ID3", "TXXX", "onTextData", "grüezi mitenand", "onCuePoint", "advert", "score", "Ulm"} {
				if !strings.Contains(all, want) {
					return false
				}
			}
			return true
		})
	})
}

func encoded(t *testing.T, values ...amf.Value) string {
	t.Helper()
	b, err := amf.Append(nil, values...)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func hearRTMP(t *testing.T, url string, h *heard) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	stream, err := rtmp.Play(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		stream.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			m, err := stream.ReadMessage()
			if err != nil {
				return
			}
			h.add(m.Type, m.Payload)
		}
	}()
}

func hearFLV(t *testing.T, url string, h *heard) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %v, %+v", url, err, resp)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		resp.Body.Close()
		<-done
	})
	go func() {
		defer close(done)
		for tags := flv.NewReader(bufio.NewReader(resp.Body)); ; {
			kind, _, body, err := tags.Next()
			if err != nil {
				return
			}
			h.add(message.Type(kind), body)
		}
	}()
}
