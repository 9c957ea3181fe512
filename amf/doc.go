// Package amf reads and writes the Action Message Format, both versions: AMF0,
// in which RTMP's commands and FLV's script data are written, and AMF3, to
// which a value of an AMF0 message can switch.
//
// A message is a row of values. [Decode] reads one whole, [Append] writes one:
//
//	b, err := amf.Append(nil, "connect", 1, amf.NewObject("app", "live", "fpad", false))
//	...
//	args, err := amf.Decode(b)
//	app := args.Object(2).String("app")
//
// The lookups of [List] and [Properties] give a zero value for what is absent
// or of another type, so that they chain without checks.
//
// # Values
//
// A [Value] is one of these:
//
//	nil                null
//	Undefined          undefined
//	bool, string
//	float64            AMF0 number, AMF3 double
//	int                AMF3 integer (29 bits)
//	*Object            object, with a Class a typed object
//	*ECMAArray         AMF0 ECMA array: names and values
//	*Array             AMF0 strict array; AMF3 array
//	Date
//	XMLDocument        AMF0 XML document, AMF3 XMLDocument
//	Unsupported        AMF0 unsupported
//	AMF3               a value of an AMF0 message that is written in AMF3
//
// and in AMF3 only:
//
//	XML                E4X
//	[]byte             ByteArray
//	*Vector[int32], *Vector[uint32], *Vector[float64], *ObjectVector
//	*Dictionary
//	*External          an object that writes itself
//
// Encoding takes besides these every other integer type and float32 as
// numbers, and [List] and []Value as arrays.
//
// What has identity in ActionScript is a pointer here: an object that a message
// refers to twice is one pointer met twice, cycles included, and is written as
// a reference again. A pointer that Append has met in the same call is always
// written as a reference. RTMP players without Flash inside (librtmp, ffmpeg)
// cannot read those: do not share objects within a message made for players.
//
// # Hostile bytes
//
// A decoder never allocates by a declared size and never recurses without
// counting. [Limits] bound what one message may hold.
package amf
