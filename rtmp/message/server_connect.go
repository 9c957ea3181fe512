package message

import "github.com/millrace-live/millrace/amf"

// What the server says it is: the release whose behaviour clients expect of a
// server that they know nothing about.
const (
	serverVersion      = "FMS/3,5,7,7009"
	serverCapabilities = 31
)

func (s *Server) handleConnect(c *Call) (Event, error) {
	if s.connect != nil {
		s.fail(c, "Connected already.")
		return nil, nil
	}
	s.connect = ParseConnect(c)
	return s.connect, nil
}

// ParseConnect reads a connect command. No property is required.
func ParseConnect(c *Call) *Connect {
	p := amf.PropertiesOf(c.Object)
	k := &Connect{
		App: p.String("app"), TCURL: p.String("tcUrl"), FlashVer: p.String("flashVer"),
		SWFURL: p.String("swfUrl"), PageURL: p.String("pageUrl"), Kind: p.String("type"),
		Properties: c.Object, Args: c.Args, transaction: c.TransactionID,
	}
	if p.Number("objectEncoding") == 3 {
		k.ObjectEncoding = 3
	}
	return k
}

// AcceptConnect answers connect. What the transport has to say first, window
// and chunk size, must have been sent. properties and info are added to the two
// objects of the answer; they must not share any value, which would be written as
// a reference.
func (s *Server) AcceptConnect(properties, info amf.Properties) {
	if s.connect == nil || s.connected {
		return
	}
	s.connected = true
	s.event(StreamBegin, 0)
	status := Status{Level: LevelStatus, Code: CodeConnectSuccess, Description: "Connection succeeded."}
	o := status.object()
	o.Set("objectEncoding", float64(s.connect.ObjectEncoding))
	o.Properties = append(o.Properties, info...)
	version := amf.NewObject("fmsVer", serverVersion, "capabilities", float64(serverCapabilities), "mode", 1.0)
	version.Properties = append(version.Properties, properties...)
	s.outbox.call(0, "_result", s.connect.transaction, version, o)
	// Old players wait for it; librtmp and FFmpeg answer with _checkbw.
	s.outbox.call(0, "onBWDone", 0, nil)
}

// RequestReconnect asks the client to connect anew (Enhanced RTMP v2, "Reconnect
// Request"): to tcURL, or to where it is if that is "".
func (s *Server) RequestReconnect(tcURL, description string) {
	info := Status{Level: LevelStatus, Code: CodeReconnectRequest, Description: description}
	o := info.object()
	if tcURL != "" {
		o.Set("tcUrl", tcURL)
	}
	s.outbox.call(0, "onStatus", 0, nil, o)
}

// RejectConnect refuses connect. The connection should be closed after it.
func (s *Server) RejectConnect(e *StatusError) {
	if s.connect == nil || s.connected {
		return
	}
	info := e.status()
	s.outbox.call(0, "_error", s.connect.transaction, nil, info.object())
	s.outbox.call(0, "close", 0, nil)
}

// Connected reports whether connect was accepted.
func (s *Server) Connected() bool { return s.connected }
