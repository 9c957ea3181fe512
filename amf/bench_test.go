package amf

import "testing"

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"ffmpeg-connect-play", "ffmpeg-metadata", "amf3-connect"} {
		body := message(b, "testdata/messages/"+name+".hex")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := Decode(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, name := range []string{"ffmpeg-connect-play", "ffmpeg-metadata", "amf3-connect"} {
		body := message(b, "testdata/messages/"+name+".hex")
		values, err := Decode(body)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			var dst []byte
			for b.Loop() {
				if dst, err = Append(dst[:0], values...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
