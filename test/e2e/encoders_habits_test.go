package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/message"
)

// habits are encoders that cannot run here, by the names that the table of
// docs/encoders.md has for their sessions. Each publishes the tags on the
// stream name of app live, in its own way, and ends.
var habits = map[string]func(e *rawEncoder, name string, tags []tag){
	"wirecast":     wirecast,
	"fmle":         fmle,
	"flash":        flash,
	"vmix":         vmix,
	"streamlabs":   streamlabs,
	"larix":        larix,
	"impatient":    impatient,
	"terse":        terse,
	"old-clock":    oldClock,
	"annex-b":      annexB,
	"chunk-sizes":  chunkSizes,
	"deaf":         deaf,
	"aggregates":   aggregates,
	"odd-metadata": oddMetadata,
}

// handshakes that these encoders get wrong.
var wrongEcho = map[string]bool{"larix": true, "terse": true}

// What encoders with odd habits send comes out packet by packet.
func TestEncodersNeverSeenLive(t *testing.T) {
	s := start(t, "--open", "--grace", "1s")
	file := clip(t, "short", 3)
	in := probe(t, file).packets(t, 20*time.Second)
	tags := readTags(t, file)
	for name, session := range habits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			player := probe(t, s.rtmpURL("live/"+name))
			s.waitState(t, "live/"+name, "waiting")
			e := dialRaw(t, s, !wrongEcho[name])
			e.began = func() {
				wait(t, 5*time.Second, "the player to play", func() bool { return s.stream(t, "live/"+name).Viewers["rtmp"] == 1 })
			}
			session(e, name, tags)
			e.conn.Close()
			got := player.packets(t, 30*time.Second)
			equal(t, name, in, got, 0)
			if len(of("video", got)) != len(of("video", in)) {
				t.Errorf("%d of %d pictures came out", len(of("video", got)), len(of("video", in)))
			}
		})
	}
}

// The table of docs/encoders.md and the sessions above are about the same
// encoders.
func TestTableOfEncoders(t *testing.T) {
	page, err := os.ReadFile("../../docs/encoders.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\|.*\\| `([a-z0-9-]+)` \\|$").FindAllSubmatch(page, -1) {
		rows = append(rows, string(m[1]))
	}
	for name := range habits {
		if !slices.Contains(rows, name) {
			t.Errorf("docs/encoders.md has no row for the session %s", name)
		}
	}
	for _, row := range rows {
		if habits[row] == nil {
			t.Errorf("docs/encoders.md has a row for %s, and no session proves it", row)
		}
	}
}

// connect sends the command that begins everything, with more properties, and
// waits for its answer.
func (e *rawEncoder) connect(more ...amf.Value) {
	e.t.Helper()
	e.call(0, "connect", 1.0, amf.NewObject(append([]amf.Value{
		"app", "live", "type", "nonprivate", "flashVer", "FMLE/3.0 (compatible; FMSc/1.0)",
		"tcUrl", "rtmp://localhost/live",
	}, more...)...))
	e.hear("NetConnection.Connect.Success")
}

// publish goes on from connect as FMLE and most others do, one answer after
// another.
func (e *rawEncoder) publish(name string) {
	e.t.Helper()
	e.call(0, "releaseStream", 2.0, nil, name)
	e.call(0, "FCPublish", 3.0, nil, name)
	e.call(0, "createStream", 4.0, nil)
	e.result(4)
	e.call(1, "publish", 5.0, nil, name, "live")
	e.hear("NetStream.Publish.Start")
}

// result waits for the answer to a call.
func (e *rawEncoder) result(transaction float64) {
	e.t.Helper()
	e.await(fmt.Sprintf("the result of call %v", transaction), func(m *message.Message) bool {
		if m.Type != message.Command && m.Type != message.CommandAMF3 {
			return false
		}
		c, err := message.ParseCall(m)
		return err == nil && c.Name == "_result" && c.TransactionID == transaction
	})
}

// end says good-bye as FMLE does.
func (e *rawEncoder) end(name string) {
	e.call(0, "FCUnpublish", 6.0, nil, name)
	e.call(0, "deleteStream", 7.0, nil, 1.0)
	e.hear("NetStream.Unpublish.Success")
}

func wirecast(e *rawEncoder, name string, tags []tag) {
	const window = 20000
	e.connect()
	e.control(message.WindowAckSize, window)
	e.publish(name)
	acknowledged := 0
	for i, g := range tags {
		if i == opening {
			e.hold()
		}
		if e.sent-acknowledged > window {
			m := e.await("an acknowledgement", func(m *message.Message) bool { return m.Type == message.Acknowledgement })
			v, err := m.Uint32()
			if err != nil || int(v) <= acknowledged || int(v) > e.sent {
				e.t.Fatalf("%d bytes were acknowledged after %d, of %d sent: %v", v, acknowledged, e.sent, err)
			}
			acknowledged = int(v)
		}
		e.media(1, []tag{g})
	}
	if acknowledged == 0 {
		e.t.Error("the clip is shorter than a window")
	}
	e.call(1, "closeStream", 0.0, nil)
	e.hear("NetStream.Unpublish.Success")
}

func fmle(e *rawEncoder, name string, tags []tag) {
	e.connect("swfUrl", "rtmp://localhost/live", "objectEncoding", 0.0)
	e.call(0, "_checkbw", 2.0, nil)
	e.call(0, "releaseStream", 3.0, nil, name)
	e.result(3)
	e.call(0, "FCPublish", 4.0, nil, name)
	e.hear("onFCPublish")
	e.call(0, "createStream", 5.0, nil)
	e.result(5)
	e.call(1, "publish", 0.0, nil, name, "live")
	e.hear("NetStream.Publish.Start")
	e.media(1, tags)
	e.call(1, "closeStream", 0.0, nil)
	e.end(name)
}

func flash(e *rawEncoder, name string, tags []tag) {
	e.connect("objectEncoding", 3.0, "pageUrl", "http://localhost/", "fpad", false, "capabilities", 239.0,
		"audioCodecs", 3575.0, "videoCodecs", 252.0)
	e.amf3 = true
	e.call(0, "createStream", 2.0, nil)
	e.result(2)
	e.call(1, "publish", 3.0, nil, name, "live")
	e.hear("NetStream.Publish.Start")
	e.values(message.Data, 4, 1, "@setDataFrame", "onMetaData", amf.AMF3{Value: amf.NewObject("width", 320.0)})
	e.media(1, slices.DeleteFunc(slices.Clone(tags), tag.isMetadata))
	e.call(1, "closeStream", 0.0, nil)
}

func vmix(e *rawEncoder, name string, tags []tag) {
	e.connect()
	e.control(message.SetChunkSize, 4096)
	e.call(0, "_checkbw", 2.0, nil)
	e.call(0, "releaseStream", 3.0, nil, name)
	e.call(0, "FCPublish", 4.0, nil, name)
	e.call(0, "createStream", 5.0, nil)
	e.result(5)
	e.call(1, "publish", 6.0, nil, name, "live")
	e.hear("NetStream.Publish.Start")
	e.media(1, tags)
	e.end(name)
}

func streamlabs(e *rawEncoder, name string, tags []tag) {
	e.control(message.SetChunkSize, 4096)
	e.connect("swfUrl", "rtmp://localhost/live")
	e.publish(name)
	e.media(1, tags)
	e.end(name)
}

func larix(e *rawEncoder, name string, tags []tag) {
	e.connect()
	e.call(0, "createStream", 2.0, nil)
	e.call(0, "publish", 3.0, nil, name, "live")
	e.hear("NetStream.Publish.Start")
	for i, g := range tags {
		if i == opening {
			e.hold()
		}
		e.send(6, g.ms, g.kind, 0, g.body) // onMetaData without @setDataFrame
	}
	e.call(0, "closeStream", 4.0, nil)
	e.hear("NetStream.Unpublish.Success")
}

func impatient(e *rawEncoder, name string, tags []tag) {
	e.call(0, "connect", 1.0, amf.NewObject("app", "live", "tcUrl", "rtmp://localhost/live"))
	e.call(0, "createStream", 2.0, nil)
	e.call(1, "publish", 3.0, nil, name, "live")
	e.media(1, tags)
	e.hear("NetStream.Publish.Start") // had come long before
	e.end(name)
}

func terse(e *rawEncoder, name string, tags []tag) {
	e.call(0, "connect", 1.0, amf.NewECMAArray("app", "live/"))
	e.hear("NetConnection.Connect.Success")
	e.call(0, "createStream", 2.0, nil)
	e.result(2)
	e.call(1, "publish", 3.0, nil, name)
	e.hear("NetStream.Publish.Start")
	e.media(1, slices.DeleteFunc(slices.Clone(tags), tag.isMetadata))
}

func oldClock(e *rawEncoder, name string, tags []tag) {
	e.bare = true
	e.connect()
	e.publish(name)
	later := slices.DeleteFunc(slices.Clone(tags), tag.isMetadata)
	for i := range later {
		later[i].ms += 5 * 3600 * 1000 // past the 24 bits of a chunk's header
	}
	e.media(1, later)
	e.end(name)
}

func annexB(e *rawEncoder, name string, tags []tag) {
	e.connect()
	e.publish(name)
	for i, g := range tags {
		if i == opening {
			e.hold()
		}
		switch {
		case g.isVideoHeader():
			e.send(6, g.ms, g.kind, 1, g.body[:5]) // an empty sequence header first
		case g.kind == message.Video:
			g.body = startCodes(e.t, g.body)
		}
		e.media(1, []tag{g})
	}
	e.end(name)
}

// startCodes puts start codes in the place of the lengths of NAL units, long
// and short ones.
func startCodes(t *testing.T, body []byte) []byte {
	t.Helper()
	out := bytes.Clone(body[:5])
	code := []byte{0, 0, 0, 1}
	for rest := body[5:]; len(rest) > 0; code = []byte{0, 0, 1} {
		n := int(binary.BigEndian.Uint32(rest))
		if n > len(rest)-4 {
			t.Fatal("the clip's NAL units have no lengths of 4 bytes")
		}
		out = append(append(out, code...), rest[4:4+n]...)
		rest = rest[4+n:]
	}
	return out
}

func chunkSizes(e *rawEncoder, name string, tags []tag) {
	e.connect()
	e.publish(name)
	sizes := []uint32{128, 1, 60000, 4096, 127, 0xffffff}
	for i, g := range tags {
		if i == opening {
			e.hold()
		}
		if i%20 == 0 {
			e.control(message.SetChunkSize, sizes[i/20%len(sizes)])
		}
		e.media(1, []tag{g})
	}
	e.end(name)
}

func deaf(e *rawEncoder, name string, tags []tag) {
	e.connect()
	e.publish(name)
	// Its pictures take their time, until the server asks whether anybody is
	// there. This encoder never answers.
	e.await("a ping", func(m *message.Message) bool {
		return m.Type == message.UserControl && bytes.HasPrefix(m.Payload, []byte{0, 6})
	})
	e.media(1, tags)
	e.end(name)
}

func aggregates(e *rawEncoder, name string, tags []tag) {
	e.connect()
	e.publish(name)
	for group := range slices.Chunk(slices.DeleteFunc(slices.Clone(tags), tag.isMetadata), 8) {
		if group[0].ms > 0 {
			e.hold()
		}
		var b []byte
		for _, g := range group {
			b = append(append(b, byte(g.kind)), be24(uint32(len(g.body)))...)
			b = append(append(b, be24(g.ms)...), 0, 0, 0, 0)
			b = binary.BigEndian.AppendUint32(append(b, g.body...), uint32(11+len(g.body)))
		}
		e.send(6, group[0].ms, message.Aggregate, 1, b)
	}
	e.end(name)
}

func oddMetadata(e *rawEncoder, name string, tags []tag) {
	e.connect()
	e.publish(name)
	array := amf.NewECMAArray("width", 320.0, "videocodecid", "avc1", "audiocodecid", "mp4a", "framerate", 1e9)
	array.Count = 77
	payload, err := amf.Append(nil, "@setDataFrame", "onMetaData", array)
	if err != nil {
		e.t.Fatal(err)
	}
	payload = payload[:len(payload)-3] // without its end
	for i, g := range tags {
		if i == opening {
			e.hold()
		}
		if g.isMetadata() {
			e.send(4, g.ms, g.kind, 1, payload)
			e.send(4, g.ms, message.Data, 1, []byte(strings.Repeat("\xff", 40))) // and no AMF at all
			e.send(4, g.ms, message.Audio, 1, nil)
			e.send(4, g.ms, message.Video, 1, nil)
			continue
		}
		e.media(1, []tag{g})
	}
	e.end(name)
}
