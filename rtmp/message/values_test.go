package message_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/message"
)

func TestParseCallRefusesWhatHasNoName(t *testing.T) {
	for _, payload := range []string{"", "\x05", "\x00\x3f\xf0\x00\x00\x00\x00\x00\x00", "\x02\x00\x09conn"} {
		m := &message.Message{Type: message.Command, Payload: []byte(payload)}
		if c, err := message.ParseCall(m); err == nil {
			t.Errorf("%q: got %+v", payload, c)
		}
	}
}

func TestParseCallRefusesWhatGoesOverTheLimits(t *testing.T) {
	nested := strings.Repeat("\x03\x00\x01a", 1000)
	m := &message.Message{Type: message.Command, Payload: []byte("\x02\x00\x07connect\x00\x3f\xf0\x00\x00\x00\x00\x00\x00" + nested)}
	if _, err := message.ParseCall(m); !errors.Is(err, amf.ErrLimit) {
		t.Errorf("objects 1,000 deep: %v", err)
	}
}

func TestParseCallKeepsWhatComesBeforeBadBytes(t *testing.T) {
	m, err := message.NewMessage(message.Command, 1, "publish", 5.0, nil, "cam")
	if err != nil {
		t.Fatal(err)
	}
	m.Payload = append(m.Payload, strings.Repeat("\x03", 100)...)
	c, err := message.ParseCall(m)
	if err != nil || c.Name != "publish" || c.Args.String(0) != "cam" {
		t.Fatalf("got %+v, %v", c, err)
	}
}

func TestDataPayload(t *testing.T) {
	meta, err := message.NewMessage(message.Data, 1, "onMetaData", nil)
	if err != nil {
		t.Fatal(err)
	}
	set, _ := message.NewMessage(message.Data, 1, "@setDataFrame", "onMetaData", nil)
	cleared, _ := message.NewMessage(message.Data, 1, "@clearDataFrame", "onMetaData", nil)
	tests := []struct {
		name    string
		typ     message.Type
		payload []byte
		cleared bool
	}{
		{"bare", message.Data, meta.Payload, false},
		{"set", message.Data, set.Payload, false},
		{"clear", message.Data, cleared.Payload, true},
		{"set in AMF3", message.DataAMF3, append([]byte{0}, set.Payload...), false},
		{"set in AMF3 without the format byte", message.DataAMF3, set.Payload, false},
	}
	for _, tt := range tests {
		m := &message.Message{Type: tt.typ, Payload: tt.payload}
		p, isClear := m.DataPayload()
		if string(p) != string(meta.Payload) || isClear != tt.cleared {
			t.Errorf("%s: got %q, %v", tt.name, p, isClear)
		}
	}
}

func TestShortControlMessages(t *testing.T) {
	if _, err := (&message.Message{Type: message.Acknowledgement, Payload: []byte{1, 2, 3}}).Uint32(); err == nil {
		t.Error("three bytes make a number")
	}
	for _, p := range []string{"", "\x00", "\x00\x06\x00\x00", "\x00\x03\x00\x00\x00\x01\x00"} {
		if e, err := message.ParseUserEvent(&message.Message{Type: message.UserControl, Payload: []byte(p)}); err == nil {
			t.Errorf("%q: got %+v", p, e)
		}
	}
	if e, err := message.ParseUserEvent(&message.Message{Payload: []byte("\x00\x63")}); err != nil || e.Type != 99 {
		t.Errorf("unknown event: %+v, %v", e, err)
	}
}

func TestStatusErrorComparesCodes(t *testing.T) {
	a := &message.StatusError{Code: "A", Description: "one"}
	if !errors.Is(a, &message.StatusError{Code: "A"}) || errors.Is(a, &message.StatusError{Code: "B"}) {
		t.Error("errors.Is does not compare the codes")
	}
	if a.Error() != "A: one" || (&message.StatusError{Code: "A"}).Error() != "A" {
		t.Error("texts are wrong")
	}
}
