package flv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

const fileHeader = "464c5601 05 00000009 00000000"

func TestReader(t *testing.T) {
	const video, audio = "09 000002 000028 01 000000 1701 0000000d", "08 000001 000029 00 000000 af 0000000c"
	cases := []struct {
		name, file string
		want       string
		err        error
	}{
		{"two tags", fileHeader + video + audio, "[video 16777256 1701] [audio 41 af]", io.EOF},
		{"wrong flags and version", "464c56 09 00 00000009 00000000" + video, "[video 16777256 1701]", io.EOF},
		{"a longer header", "464c5601 05 0000000b aaaa 00000000" + video, "[video 16777256 1701]", io.EOF},
		{"a header length of rubbish", "464c5601 05 09000000 00000000" + video, "[video 16777256 1701]", io.EOF},
		{"a header length of 0", "464c5601 05 00000000 00000000" + video, "[video 16777256 1701]", io.EOF},
		{"no first previous tag size", "464c5601 05 00000009" + video, "[video 16777256 1701]", io.EOF},
		{
			"wrong previous tag sizes", "464c5601 05 00000009 ffffffff 09 000001 000000 00 000000 17 12345678" + audio,
			"[video 0 17] [audio 41 af]", io.EOF,
		},
		{"no last previous tag size", fileHeader + "08 000001 000029 00 000000 af", "[audio 41 af]", io.EOF},
		{"an empty tag", fileHeader + "08 000000 000029 00 000000 0000000b" + audio, "[audio 41 ] [audio 41 af]", io.EOF},
		{"a stream identifier", fileHeader + "08 000001 000029 00 000007 af 0000000c", "[audio 41 af]", io.EOF},
		{"types that nobody has", fileHeader + "01 000002 000000 00 000000 aaaa 0000000d" + audio, "[audio 41 af]", io.EOF},
		{"an encrypted tag", fileHeader + "29 000002 000000 00 000000 aaaa 0000000d" + audio, "[audio 41 af]", io.EOF},
		{"AMF3", fileHeader + "0f 000001 000000 00 000000 00 0000000c", "[script (AMF3) 0 00]", io.EOF},
		{"no tags", fileHeader, "", io.EOF},
		{"the header alone", "464c5601 05 00000009", "", io.EOF},
		{"nothing", "", "", io.ErrUnexpectedEOF},
		{"half a header", "464c5601", "", io.ErrUnexpectedEOF},
		{"half a longer header", "464c5601 05 0000000b aa", "", io.ErrUnexpectedEOF},
		{"a cut tag header", fileHeader + video + "08 0000", "[video 16777256 1701]", io.ErrUnexpectedEOF},
		{"a cut body", fileHeader + "08 ffffff 000029 00 000000 af", "", io.ErrUnexpectedEOF},
		{"a cut body that is passed over", fileHeader + "01 ffffff 000029 00 000000 af", "", io.ErrUnexpectedEOF},
		{"a cut previous tag size", fileHeader + "08 000001 000029 00 000000 af 0000", "[audio 41 af]", io.ErrUnexpectedEOF},
		{"not FLV", "00000018667479706d703432", "", ErrSignature},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := NewReader(iotest.OneByteReader(bytes.NewReader(unhex(t, c.file))))
			var got []string
			for {
				kind, timestamp, body, err := r.Next()
				if err != nil {
					if !errors.Is(err, c.err) {
						t.Errorf("error %v, want %v", err, c.err)
					}
					if _, _, _, again := r.Next(); !errors.Is(again, err) {
						t.Errorf("then %v", again)
					}
					break
				}
				got = append(got, fmt.Sprintf("[%v %d %x]", kind, timestamp, body))
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}

func TestReaderPassesErrorsOn(t *testing.T) {
	want := errors.New("the wire broke")
	_, _, _, err := NewReader(io.MultiReader(bytes.NewReader(unhex(t, fileHeader)), iotest.ErrReader(want))).Next()
	if !errors.Is(err, want) || errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

// A live stream's tag is there when its body is, whatever follows.
func TestReaderDoesNotWaitForTrailer(t *testing.T) {
	pr, pw := io.Pipe()
	defer pw.Close()
	go pw.Write(unhex(t, fileHeader+"08 000001 000029 00 000000 af"))
	if _, _, body, err := NewReader(pr).Next(); err != nil || len(body) != 1 {
		t.Errorf("got %x, %v", body, err)
	}
}

func TestReaderAllocatesWhatArrives(t *testing.T) {
	file := unhex(t, fileHeader+"09 ffffff 000000 00 000000 17")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, _, err := NewReader(bytes.NewReader(file)).Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes for a tag of one", got)
	}
}

func TestReaderLargeTag(t *testing.T) {
	var file bytes.Buffer
	body := make([]byte, 3<<20)
	for i := range body {
		body[i] = byte(i >> 8)
	}
	if err := NewWriter(&file, false, true).WriteTag(&Tag{Type: TagVideo, Payload: body}); err != nil {
		t.Fatal(err)
	}
	_, _, got, err := NewReader(&file).Next()
	if err != nil || !bytes.Equal(got, body) || cap(got) != len(got) {
		t.Errorf("%d bytes in %d, %v", len(got), cap(got), err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(unhex(f, fileHeader+"09 000002 000028 01 000000 1701 0000000d"))
	b, err := os.ReadFile("testdata/screen-speex.flv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b[:700])
	f.Fuzz(func(t *testing.T, file []byte) {
		r := NewReader(bytes.NewReader(file))
		total := 0
		for {
			_, _, body, err := r.Next()
			if err != nil {
				return
			}
			if total += len(body); total > len(file) {
				t.Fatal("more bytes out than in")
			}
		}
	})
}
