package message

import "bytes"

// The AMF0 strings that wrap a publisher's metadata.
var (
	setDataFrame   = []byte("\x02\x00\x0d@setDataFrame")
	clearDataFrame = []byte("\x02\x00\x0f@clearDataFrame")
)

// DataPayload gives the AMF0 values of a data message, still encoded, as they
// are to be relayed: without the format byte of the AMF3 form and without
// @setDataFrame. If cleared is true the message was @clearDataFrame, and payload
// begins with the name of what is cleared.
func (m *Message) DataPayload() (payload []byte, cleared bool) {
	p := m.Payload
	if m.Type == DataAMF3 && len(p) > 0 && p[0] == 0 {
		p = p[1:]
	}
	if rest, ok := bytes.CutPrefix(p, setDataFrame); ok {
		return rest, false
	}
	return bytes.CutPrefix(p, clearDataFrame)
}
