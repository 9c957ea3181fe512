package netx

import (
	"crypto/tls"
	"testing"
)

func TestProtocol(t *testing.T) {
	tests := map[string]struct {
		tls, tunnel, encrypted bool
	}{
		"rtmp": {}, "rtmps": {tls: true}, "rtmpe": {encrypted: true},
		"rtmpt": {tunnel: true}, "rtmpts": {tls: true, tunnel: true}, "rtmpte": {tunnel: true, encrypted: true},
	}
	for want, tt := range tests {
		a := Arrival{Tunnel: tt.tunnel}
		if tt.tls {
			a.TLS = &tls.ConnectionState{}
			if got := a.Protocol(true); got != want {
				t.Errorf("RTMPE inside of it: %s, want %s", got, want)
			}
		}
		if got := a.Protocol(tt.encrypted); got != want {
			t.Errorf("%+v: %s, want %s", tt, got, want)
		}
	}
}
