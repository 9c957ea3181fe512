package message

import (
	"encoding/binary"
	"fmt"
)

// SWFProof is what a client sends to show that it knows the SWF file that it is
// said to be, and the event that it makes in a [Server]. Adobe's documents do
// not describe it.
type SWFProof struct {
	// Size is the length of the file in bytes, decompressed.
	Size uint32
	// Digest is made of the file's hash and of S1.
	Digest [32]byte
}

const swfProofSize = 2 + 2 + 4 + 4 + 32

// ParseSWFProof reads the User Control message that carries a proof.
func ParseSWFProof(m *Message) (SWFProof, error) {
	p := m.Payload
	if len(p) < swfProofSize {
		return SWFProof{}, fmt.Errorf("rtmp: read SWF verification: %d bytes, need %d", len(p), swfProofSize)
	}
	// The size is there twice, behind two bytes of a version.
	return SWFProof{Size: binary.BigEndian.Uint32(p[4:]), Digest: [32]byte(p[12:])}, nil
}

// Message makes the User Control message that carries the proof.
func (f SWFProof) Message() *Message {
	p := binary.BigEndian.AppendUint16(make([]byte, 0, swfProofSize), uint16(SWFVerifyAnswer))
	p = append(p, 1, 1)
	p = binary.BigEndian.AppendUint32(p, f.Size)
	p = binary.BigEndian.AppendUint32(p, f.Size)
	return &Message{Type: UserControl, Payload: append(p, f.Digest[:]...)}
}

// NewSWFDemand makes the User Control message that asks for a proof.
func NewSWFDemand() *Message {
	return &Message{Type: UserControl, Payload: binary.BigEndian.AppendUint16(nil, uint16(SWFVerifyRequest))}
}
