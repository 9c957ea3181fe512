package rtmp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp/internal/handshake"
	"github.com/millrace-live/millrace/rtmp/message"
	"github.com/millrace-live/millrace/rtmpt"
)

// listenAll serves srv in every dialect and gives the address of each, and what
// a client needs to trust it.
func listenAll(t testing.TB, srv *Server) (map[string]string, *tls.Config) {
	t.Helper()
	tunnel, secureTunnel := rtmpt.NewListener(nil), rtmpt.NewListener(nil)
	web, secureWeb := httptest.NewServer(tunnel), httptest.NewTLSServer(secureTunnel)
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	secureWeb.Config.ErrorLog = web.Config.ErrorLog
	trust := x509.NewCertPool()
	trust.AddCert(secureWeb.Certificate())
	t.Cleanup(func() { // runs after the listeners of listen are closed
		for _, s := range []*httptest.Server{web, secureWeb} {
			s.CloseClientConnections()
			s.Close()
		}
	})
	plain := listen(t, srv)
	secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: secureWeb.TLS.Certificates,
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 3)
	for _, l := range []net.Listener{secure, tunnel, secureTunnel} {
		go func() { done <- srv.Serve(l) }()
	}
	t.Cleanup(func() {
		srv.Close()
		for range 3 {
			if err := <-done; err != ErrServerClosed {
				t.Errorf("Serve returned %v", err)
			}
		}
	})
	host := strings.TrimPrefix
	return map[string]string{
		"rtmp":   plain,
		"rtmpe":  "rtmpe://" + host(plain, "rtmp://"),
		"rtmps":  "rtmps://" + secure.Addr().String(),
		"rtmpt":  "rtmpt://" + host(web.URL, "http://"),
		"rtmpte": "rtmpte://" + host(web.URL, "http://"),
		"rtmpts": "rtmpts://" + host(secureWeb.URL, "https://"),
	}, &tls.Config{RootCAs: trust}
}

// packets are messages of all kinds and of sizes around those of chunks.
func packets() []*message.Message {
	var list []*message.Message
	for i, size := range []int{1, 100, 127, 128, 129, 511, 512, 65535, 65536, 65537, 200000, 0, 5} {
		m := video(uint32(0xFFFFF0+40*i), size)
		m.Type = []message.Type{message.Video, message.Audio}[i%2]
		list = append(list, m)
	}
	return list
}

// TestEveryDialect publishes and plays in all of them, and compares every packet.
func TestEveryDialect(t *testing.T) {
	h := newStore()
	play := func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		for _, m := range packets() {
			if err := s.WriteMessage(m); err != nil {
				return err
			}
		}
		return nil
	}
	addresses, trust := listenAll(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if s.Publishing() {
			return h.ServeRTMP(s)
		}
		return play(s)
	})})
	same := func(t *testing.T, i int, got, want *message.Message) {
		t.Helper()
		if got.Type != want.Type || got.Timestamp != want.Timestamp || !bytes.Equal(got.Payload, want.Payload) {
			t.Fatalf("message %d: %v at %d, %d bytes", i, got.Type, got.Timestamp, len(got.Payload))
		}
	}
	for scheme, address := range addresses {
		t.Run(scheme, func(t *testing.T) {
			d := &Dialer{TLSConfig: trust, EncryptionType: 6}
			if scheme == "rtmpte" {
				d.EncryptionType = 9
			}
			st, err := d.Publish(within(t), address+"/live/cam")
			if err != nil {
				t.Fatal(err)
			}
			in := receive(t, h.streams, "stream")
			want := 0
			if strings.HasSuffix(scheme, "e") {
				want = int(d.EncryptionType)
			}
			if in.Session().Encrypted() != want || st.Session().Encrypted() != want {
				t.Errorf("encrypted by type %d here and %d there, want %d",
					st.Session().Encrypted(), in.Session().Encrypted(), want)
			}
			if info := in.Session().ConnectInfo(); info.TCURL != address+"/live" {
				t.Errorf("tcUrl %q", info.TCURL)
			}
			for _, m := range packets() {
				if err := st.WriteMessage(m); err != nil {
					t.Fatal(err)
				}
			}
			for i, want := range packets() {
				m := receive(t, h.got, "message")
				same(t, i, &m, want)
			}
			st.Close()
			if err := receive(t, h.ended, "end"); !errors.Is(err, ErrStreamClosed) {
				t.Errorf("publication ended by %v", err)
			}

			st, err = d.Play(within(t), address+"/live/cam")
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			for i, want := range packets() {
				m, err := st.ReadMessage()
				if err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
				same(t, i, m, want)
			}
			if _, err := st.ReadMessage(); !errors.Is(err, ErrStreamClosed) {
				t.Errorf("play ended by %v", err)
			}
		})
	}
}

func TestEncryptionTypes(t *testing.T) {
	for _, asked := range []uint8{0, 6, 8, 9} {
		for _, answered := range []uint8{0, 6, 8, 9} {
			h := newStore()
			address := listen(t, &Server{Handler: h, EncryptionType: answered})
			d := &Dialer{EncryptionType: asked}
			st, err := d.Publish(within(t), strings.Replace(address, "rtmp:", "rtmpe:", 1)+"/live/cam")
			if err != nil {
				t.Fatalf("asked for %d, answered %d: %v", asked, answered, err)
			}
			want := 6
			for _, typ := range []uint8{asked, answered} {
				if typ != 0 {
					want = int(typ)
				}
			}
			if got := st.Session().Encrypted(); got != want {
				t.Errorf("asked for %d, told to answer %d: type %d", asked, answered, got)
			}
			st.Close()
		}
	}
	d := &Dialer{EncryptionType: 7}
	if _, err := d.Dial(within(t), "rtmpe://127.0.0.1:1/live"); err == nil || !strings.Contains(err.Error(), "not 6, 8 or 9") {
		t.Errorf("type 7: %v", err)
	}
}

func TestEncryptedSessionIsNotDetached(t *testing.T) {
	got := make(chan *Detached, 1)
	address := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		got <- s.Detach(func() {})
		<-s.Context().Done()
		return nil
	})})
	st, err := Play(within(t), strings.Replace(address, "rtmp:", "rtmpe:", 1)+"/live/cam")
	if err != nil {
		t.Fatal(err)
	}
	if d := receive(t, got, "answer to Detach"); d != nil {
		t.Error("an encrypted session was detached")
	}
	st.Close()
}

// A batch belongs to many players: none of them may encrypt it in place.
func TestEncryptionLeavesBatchesAlone(t *testing.T) {
	m := video(7, 3000)
	shared := NewBatch(defaultChunkSize)
	shared.Append(1, m.Type, m.Timestamp, nil, m.Payload)
	before := bytes.Join(shared.Slices(), nil)
	address := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		for range 10 {
			if err := s.Send(shared); err != nil {
				return err
			}
		}
		return nil
	})})
	for _, scheme := range []string{"rtmpe:", "rtmp:", "rtmpe:"} {
		st, err := Play(within(t), strings.Replace(address, "rtmp:", scheme, 1)+"/live/cam")
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			got, err := st.ReadMessage()
			if err != nil || !bytes.Equal(got.Payload, m.Payload) {
				t.Fatalf("%s: message is another (error %v)", scheme, err)
			}
		}
		st.Close()
	}
	if !bytes.Equal(bytes.Join(shared.Slices(), nil), before) {
		t.Error("the batch was changed")
	}
}

// What is queued in front of the first chunk belongs to the handshake, and stays
// as it is, even where a peer reads so slowly that both leave in one write.
func TestHandshakeIsNotEncrypted(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	w := newWriter(near, settings{write: -1, maxQueue: maxAnswers, chunkSize: defaultChunkSize})
	w.enqueueRaw([]byte("hand"))
	w.enqueueRaw([]byte("shake"))
	w.encrypt(flip{})
	w.enqueue(message.NewProtocolControl(message.WindowAckSize, 1))
	got := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(far)
		got <- b
	}()
	if err := w.write([][]byte{[]byte("batch")}); err != nil {
		t.Fatal(err)
	}
	if err := w.write([][]byte{[]byte("more")}); err != nil {
		t.Fatal(err)
	}
	near.Close()
	b := receive(t, got, "bytes")
	if !bytes.HasPrefix(b, []byte("handshake")) {
		t.Fatalf("got %q", b)
	}
	flip{}.XORKeyStream(b[9:], b[9:])
	if want := "handshake\x02\x00\x00\x00\x00\x00\x04\x05\x00\x00\x00\x00\x00\x00\x00\x01batchmore"; string(b) != want {
		t.Errorf("got %q, want %q", b, want)
	}
}

// flip is the simplest of ciphers.
type flip struct{}

func (flip) XORKeyStream(dst, src []byte) {
	for i := range src {
		dst[i] = ^src[i]
	}
}

// TestEncryptedHandshakeFails looks at what a server says of peers that do not
// get through.
func TestEncryptedHandshakeFails(t *testing.T) {
	open := func(change func(c1 []byte)) []byte {
		out, _, _, err := handshake.NewClient(handshake.Config{Type: 6, Form: handshake.KeyFirst}).Feed(nil)
		if err != nil {
			t.Fatal(err)
		}
		change(out)
		return out
	}
	tests := []struct {
		name   string
		refuse bool
		in     []byte
		want   error
		words  string
		typ    int
	}{
		{"switched off", true, open(func([]byte) {}), handshake.ErrEncrypted, "switched off", 6},
		{"wrong digest", false, open(func(b []byte) { b[1500] ^= 1 }), handshake.ErrDigest, "digest is wrong", 6},
		{"cut off", false, open(func([]byte) {})[:700], ErrConnectionLost, "connection lost", 6},
		{"never mind", false, []byte{9}, ErrConnectionLost, "connection lost", 9},
	}
	for _, test := range tests {
		ended := make(chan error, 1)
		var typ int
		srv := &Server{RefuseEncrypted: test.refuse, Ended: func(s *Session, err error) {
			typ = s.Encrypted()
			ended <- err
		}}
		client, server := net.Pipe()
		go func() { _ = srv.ServeConn(context.Background(), server, nil) }()
		if _, err := client.Write(test.in); err != nil {
			t.Fatal(err)
		}
		client.Close()
		err := receive(t, ended, "end")
		if !errors.Is(err, ErrHandshake) || !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.words) {
			t.Errorf("%s: %v", test.name, err)
		}
		if typ != test.typ {
			t.Errorf("%s: type %d", test.name, typ)
		}
		srv.Close()
	}
}

func TestDialSaysWhatToDo(t *testing.T) {
	addresses, trust := listenAll(t, &Server{Handler: newStore(), RefuseEncrypted: true})
	plain := strings.TrimPrefix(addresses["rtmp"], "rtmp://")
	tests := []struct {
		name, address string
		config        *tls.Config
		want          string
	}{
		{"unknown authority", addresses["rtmps"], nil, "RootCAs"},
		{"unknown authority in a tunnel", addresses["rtmpts"], nil, "RootCAs"},
		{"other name", addresses["rtmps"], &tls.Config{RootCAs: trust.RootCAs, ServerName: "elsewhere.test"}, "other names"},
		{"no TLS", "rtmps" + strings.TrimPrefix(addresses["rtmpt"], "rtmpt"), trust, "does not speak TLS"},
		{"no answer to TLS", "rtmps://" + plain, trust, "does not answer TLS"},
		{"no RTMPE", addresses["rtmpe"], nil, "may not speak RTMPE"},
		{"no tunnel", "rtmpt://" + plain, nil, "rtmpt: open a session"},
	}
	for _, test := range tests {
		d := &Dialer{TLSConfig: test.config, Timeout: time.Second}
		_, err := d.Dial(within(t), test.address+"/live")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// The name that a client asks for is that of the address, unless it says more.
func TestServerName(t *testing.T) {
	for _, test := range []struct {
		config *tls.Config
		want   string
	}{
		{nil, "live.example"},
		{&tls.Config{}, "live.example"},
		{&tls.Config{ServerName: "other.example"}, "other.example"},
	} {
		name := make(chan string, 1)
		d := &Dialer{TLSConfig: test.config, NetDial: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				_ = tls.Server(far, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
					name <- hello.ServerName
					return nil, errors.New("enough")
				}}).Handshake()
				far.Close()
			}()
			return near, nil
		}}
		if _, err := d.Dial(within(t), "rtmps://live.example/live"); err == nil {
			t.Error("dialled")
		}
		if got := receive(t, name, "hello"); got != test.want {
			t.Errorf("asked for %q, want %q", got, test.want)
		}
	}
}
