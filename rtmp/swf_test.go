package rtmp

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/rtmp/message"
)

// capturedSWF is what rtmpdump was told to prove in the captured sessions.
func capturedSWF() SWF {
	f := SWF{Size: 12345}
	for i := range f.Hash {
		f.Hash[i] = byte(i)
	}
	return f
}

func TestSWFProof(t *testing.T) {
	s2c, err := os.ReadFile("internal/handshake/testdata/swfv-t3.s2c.bin")
	if err != nil {
		t.Fatal(err)
	}
	f := capturedSWF()
	m := f.proof(s2c[1+1536-32 : 1+1536]).Message()
	const want = "001b01010000303900003039b4f98d7e2cc6f08dcf89ac7c93cf083abe22e5b2a1f0c3796212eba9dcd5bc68"
	if got := hex.EncodeToString(m.Payload); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSWFIsDemanded(t *testing.T) {
	right, wrong := capturedSWF(), capturedSWF()
	wrong.Hash[3]++
	longer := right
	longer.Size++
	tests := []struct {
		name     string
		demanded []SWF
		has      *SWF
		want     error
		words    string
	}{
		{"nothing demanded", nil, nil, nil, ""},
		{"the one demanded", []SWF{right}, &right, nil, ""},
		{"one of two", []SWF{wrong, right}, &right, nil, ""},
		{"another file", []SWF{right}, &wrong, ErrUnverified, "proof is wrong"},
		{"another size", []SWF{right}, &longer, ErrUnverified, "proof is wrong"},
		{"no file", []SWF{right}, nil, ErrUnverified, "in time"},
	}
	for _, scheme := range []string{"rtmp:", "rtmpe:"} {
		for _, test := range tests {
			ended := make(chan error, 1)
			address := listen(t, &Server{
				Handler: newStore(), ConnectTimeout: 200 * time.Millisecond,
				SWF: func(s *Session) []SWF {
					if s.ConnectInfo().App != "live" {
						t.Errorf("asked about %q", s.ConnectInfo().App)
					}
					return test.demanded
				},
				Ended: func(_ *Session, err error) { ended <- err },
			})
			d := &Dialer{SWF: test.has}
			s, err := d.Dial(within(t), strings.Replace(address, "rtmp:", scheme, 1)+"/live")
			if test.want == nil {
				if err != nil {
					t.Errorf("%s %s: %v", scheme, test.name, err)
					continue
				}
				s.Close()
				continue
			}
			var status *StatusError
			if !errors.As(err, &status) || status.Code != message.CodeConnectRejected ||
				!strings.Contains(status.Description, "SWF") {
				t.Errorf("%s %s: client was told %v", scheme, test.name, err)
			}
			if err := receive(t, ended, "end"); !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.words) {
				t.Errorf("%s %s: ended by %v", scheme, test.name, err)
			}
		}
	}
}

// A client that does nothing at all behind connect is gone at the deadline.
func TestSWFDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		srv := &Server{SWF: func(*Session) []SWF { return []SWF{{}} }}
		end := make(chan error, 1)
		begun := time.Now()
		go func() { end <- srv.ServeConn(context.Background(), server, nil) }()
		p := newPeer(t, client)
		p.command(0, "connect", 1.0, nil)
		if err := <-end; !errors.Is(err, ErrUnverified) {
			t.Errorf("ended by %v", err)
		}
		if took := time.Since(begun); took < 10*time.Second || took > 12*time.Second {
			t.Errorf("after %v", took)
		}
		p.ended()
	})
}

func TestReadSWF(t *testing.T) {
	body := bytes.Repeat([]byte("a player "), 1000)
	head := []byte{'F', 'W', 'S', 9, 0, 0, 0, 0}
	plain := append(bytes.Clone(head), body...)
	var packed bytes.Buffer
	packed.WriteString("CWS")
	packed.Write(head[3:])
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(body)
	z.Close()
	one, err := ReadSWF(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	if one.Size != uint32(len(plain)) || one.Hash == [32]byte{} {
		t.Errorf("got %+v", one)
	}
	other, err := ReadSWF(bytes.NewReader(packed.Bytes()))
	if err != nil || other != one {
		t.Errorf("compressed it is %+v (error %v), plain %+v", other, err, one)
	}
	for name, file := range map[string]string{
		"short": "FWS", "other": "ZWS678901234", "cut off": packed.String()[:40], "empty": "",
	} {
		if _, err := ReadSWF(strings.NewReader(file)); !errors.Is(err, ErrSWF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
