package amf_test

import (
	"fmt"

	"github.com/millrace-live/millrace/amf"
)

// A command is its name, a transaction number, an object or null, and
// arguments.
func ExampleAppend() {
	b, err := amf.Append(nil, "onStatus", 0, nil, amf.NewObject(
		"level", "status",
		"code", "NetStream.Publish.Start",
	))
	fmt.Printf("%d bytes, %v\n", len(b), err)
	// Output: 73 bytes, <nil>
}

func ExampleDecode() {
	message, _ := amf.Append(nil, "connect", 1, amf.NewObject("app", "live", "objectEncoding", 0))

	args, err := amf.Decode(message)
	if err != nil {
		fmt.Println(err) // args holds what came before the error
	}
	fmt.Println(args.String(0), args.Number(1), args.Object(2).String("app"), args.Object(2).String("pageUrl") == "")
	// Output: connect 1 live true
}

// Metadata is an ECMA array; its order is kept.
func ExampleNewECMAArray() {
	meta := amf.NewECMAArray("width", 1920, "height", 1080, "encoder", "mine")
	meta.Set("framerate", 29.97)
	for _, p := range meta.Properties {
		fmt.Println(p.Name, p.Value)
	}
	// Output:
	// width 1920
	// height 1080
	// encoder mine
	// framerate 29.97
}
