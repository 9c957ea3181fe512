package e2e

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/rtmp/message"
)

// rawEncoder writes RTMP by hand, to have habits that our library has not.
type rawEncoder struct {
	t     *testing.T
	conn  net.Conn
	chunk int // size of the chunks that it sends
	// bare leaves the extended timestamp out of continuation chunks, as old
	// encoders do.
	bare bool
	amf3 bool // commands and data in messages of the AMF3 kinds
	sent int  // bytes
	in   chan message.Message
	// began is called once, when the first pictures have been sent. Whoever
	// waits for a stream begins with its newest key frame, so that the test
	// holds the rest back until its player plays.
	began func()
}

// dialRaw connects and shakes hands in the simple form; echo says whether C2 is
// the copy of S1 that it should be.
func dialRaw(t *testing.T, s *server, echo bool) *rawEncoder {
	t.Helper()
	conn, err := net.DialTimeout("tcp", s.rtmp, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	e := &rawEncoder{t: t, conn: conn, chunk: 128, in: make(chan message.Message, 1000)}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(60 * time.Second))
	c1 := make([]byte, 1536)
	rand.Read(c1[8:])
	e.write(append([]byte{3}, c1...))
	answer := make([]byte, 1+1536+1536)
	if _, err := io.ReadFull(conn, answer); err != nil {
		t.Fatalf("read the server's handshake: %v", err)
	}
	c2 := answer[1:1537]
	if !echo {
		c2 = make([]byte, 1536)
	}
	e.write(c2)
	go e.listen()
	return e
}

func (e *rawEncoder) write(b []byte) {
	e.t.Helper()
	if _, err := e.conn.Write(b); err != nil {
		e.t.Fatalf("send to the server: %v", err)
	}
	e.sent += len(b)
}

// send sends a message in chunks, the first with a whole header.
func (e *rawEncoder) send(csid byte, ts uint32, kind message.Type, msid uint32, payload []byte) {
	e.t.Helper()
	extended := ts >= 0xffffff
	b := []byte{csid}
	b = append(b, be24(min(ts, 0xffffff))...)
	b = append(b, be24(uint32(len(payload)))...)
	b = binary.LittleEndian.AppendUint32(append(b, byte(kind)), msid)
	if extended {
		b = binary.BigEndian.AppendUint32(b, ts)
	}
	for first := true; first || len(payload) > 0; first = false {
		if !first {
			b = append(b, 0xc0|csid)
			if extended && !e.bare {
				b = binary.BigEndian.AppendUint32(b, ts)
			}
		}
		n := min(e.chunk, len(payload))
		b = append(b, payload[:n]...)
		payload = payload[n:]
	}
	e.write(b)
}

func be24(v uint32) []byte { return []byte{byte(v >> 16), byte(v >> 8), byte(v)} }

// control sends a protocol control message.
func (e *rawEncoder) control(kind message.Type, v uint32) {
	e.t.Helper()
	e.send(2, 0, kind, 0, binary.BigEndian.AppendUint32(nil, v))
	if kind == message.SetChunkSize {
		e.chunk = int(v)
	}
}

// call sends a command on the connection (msid 0) or on a stream.
func (e *rawEncoder) call(msid uint32, values ...amf.Value) {
	e.t.Helper()
	e.values(message.Command, 3, msid, values...)
}

// values sends a command or data message, in the form that this encoder uses.
func (e *rawEncoder) values(kind message.Type, csid byte, msid uint32, values ...amf.Value) {
	e.t.Helper()
	payload, err := amf.Append(nil, values...)
	if err != nil {
		e.t.Fatal(err)
	}
	if e.amf3 {
		payload = append([]byte{0}, payload...)
		kind = map[message.Type]message.Type{message.Command: message.CommandAMF3, message.Data: message.DataAMF3}[kind]
	}
	e.send(csid, 0, kind, msid, payload)
}

// listen turns what the server sends into messages until the connection ends.
func (e *rawEncoder) listen() {
	defer close(e.in)
	type state struct {
		message.Message
		length   int
		extended bool
	}
	streams := make(map[byte]*state)
	size := 128
	for r := bufio.NewReader(e.conn); ; {
		b, err := r.ReadByte()
		if err != nil {
			return
		}
		st := streams[b&63]
		if st == nil {
			st = &state{}
			streams[b&63] = st
		}
		head := make([]byte, [4]int{11, 7, 3, 0}[b>>6])
		if _, err := io.ReadFull(r, head); err != nil {
			return
		}
		if len(head) >= 3 {
			st.extended = bytes.Equal(head[:3], []byte{0xff, 0xff, 0xff})
		}
		if len(head) >= 7 {
			st.length = int(head[3])<<16 | int(head[4])<<8 | int(head[5])
			st.Type = message.Type(head[6])
		}
		if len(head) == 11 {
			st.StreamID = binary.LittleEndian.Uint32(head[7:])
		}
		if st.extended {
			if _, err := r.Discard(4); err != nil {
				return
			}
		}
		part := make([]byte, min(size, st.length-len(st.Payload)))
		if _, err := io.ReadFull(r, part); err != nil {
			return
		}
		if st.Payload = append(st.Payload, part...); len(st.Payload) < st.length {
			continue
		}
		if v, err := st.Uint32(); err == nil && st.Type == message.SetChunkSize {
			size = int(v)
		}
		e.in <- st.Message
		st.Payload = nil
	}
}

// await returns the next message of the server that ok accepts.
func (e *rawEncoder) await(what string, ok func(*message.Message) bool) message.Message {
	e.t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case m, open := <-e.in:
			if !open {
				e.t.Fatalf("the server closed the connection before %s", what)
			}
			if ok(&m) {
				return m
			}
		case <-limit:
			e.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// hear waits for a command message that holds the text.
func (e *rawEncoder) hear(text string) message.Message {
	e.t.Helper()
	return e.await(text, func(m *message.Message) bool {
		return (m.Type == message.Command || m.Type == message.CommandAMF3) && strings.Contains(string(m.Payload), text)
	})
}

// tag is a message of the clip that is sent.
type tag struct {
	kind message.Type
	ms   uint32
	body []byte
}

func (g tag) isMetadata() bool { return g.kind == message.Data }
func (g tag) isVideoHeader() bool {
	return g.kind == message.Video && len(g.body) > 1 && g.body[0] == 0x17 && g.body[1] == 0
}

func readTags(t *testing.T, file string) []tag {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var tags []tag
	for r := flv.NewReader(bytes.NewReader(b)); ; {
		kind, ms, body, err := r.Next()
		if errors.Is(err, io.EOF) {
			return tags
		} else if err != nil {
			t.Fatalf("read %s: %v", file, err)
		}
		tags = append(tags, tag{message.Type(kind), ms, body})
	}
}

// opening is how many tags of the clip are sent before the rest is held back.
const opening = 10

func (e *rawEncoder) hold() {
	if e.began != nil {
		e.began()
		e.began = nil
	}
}

// media sends the tags as they are on a stream, metadata behind @setDataFrame.
func (e *rawEncoder) media(msid uint32, tags []tag) {
	e.t.Helper()
	for i, g := range tags {
		if i == opening {
			e.hold()
		}
		body := g.body
		if g.isMetadata() {
			body = append([]byte("\x02\x00\x0d@setDataFrame"), body...)
		}
		e.send(6, g.ms, g.kind, msid, body)
	}
}
