package message

import "fmt"

// Type is the type id of a [Message] (RTMP 1.0, 5.4 and 7.1).
type Type uint8

// The types that Millrace knows. Any other value is carried as it came.
const (
	SetChunkSize     Type = 1
	Abort            Type = 2
	Acknowledgement  Type = 3
	UserControl      Type = 4
	WindowAckSize    Type = 5
	SetPeerBandwidth Type = 6
	Audio            Type = 8
	Video            Type = 9
	DataAMF3         Type = 15
	SharedObjectAMF3 Type = 16
	CommandAMF3      Type = 17
	Data             Type = 18
	SharedObject     Type = 19
	Command          Type = 20
	Aggregate        Type = 22
)

// String gives the name that RTMP 1.0 has for t.
func (t Type) String() string {
	switch t {
	case SetChunkSize:
		return "SetChunkSize"
	case Abort:
		return "Abort"
	case Acknowledgement:
		return "Acknowledgement"
	case UserControl:
		return "UserControl"
	case WindowAckSize:
		return "WindowAckSize"
	case SetPeerBandwidth:
		return "SetPeerBandwidth"
	case Audio:
		return "Audio"
	case Video:
		return "Video"
	case DataAMF3:
		return "DataAMF3"
	case SharedObjectAMF3:
		return "SharedObjectAMF3"
	case CommandAMF3:
		return "CommandAMF3"
	case Data:
		return "Data"
	case SharedObject:
		return "SharedObject"
	case Command:
		return "Command"
	case Aggregate:
		return "Aggregate"
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// Message is one RTMP message: what remains when the chunks (or, in RTMFP, the
// flows) are taken away.
type Message struct {
	Type Type
	// StreamID is the message stream that the message belongs to; 0 is the
	// connection itself.
	StreamID uint32
	// Timestamp is in milliseconds, modulo 2^32, from an epoch that the sender
	// chose.
	Timestamp uint32
	// ChunkStream is the chunk stream that the message came on: a hint only,
	// since peers choose it freely. Transports without chunks leave it 0.
	ChunkStream uint32
	// Payload belongs to the receiver of the message.
	Payload []byte
}
