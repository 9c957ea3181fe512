package handshake

import (
	"fmt"
	"os"
	"testing"
)

const captures = "../chunk/testdata/"

// handshakeBytes is the handshake's part of one direction of a captured
// session.
func handshakeBytes(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < 1+2*blockSize {
		t.Fatalf("%s has %d bytes, less than a handshake", file, len(b))
	}
	return b[:1+2*blockSize]
}

func TestDigestOfRealPrograms(t *testing.T) {
	const ffmpeg = 494 // ffmpeg 5.1 always sends the same C1
	tests := []struct {
		file   string
		signer signer
		form   Form
		offset int // of the digest; 0 does not look
	}{
		{captures + "ffmpeg-publish.c2s.bin", clientSigner, DigestFirst, ffmpeg},
		{captures + "ffmpeg-publish.s2c.bin", serverSigner, DigestFirst, 0},
		{captures + "ffmpeg-play.c2s.bin", clientSigner, DigestFirst, ffmpeg},
		{captures + "ffmpeg-play.s2c.bin", serverSigner, DigestFirst, 0},
		{captures + "ffmpeg-play-vod.c2s.bin", clientSigner, DigestFirst, ffmpeg},
		{captures + "ffmpeg-play-vod.s2c.bin", serverSigner, DigestFirst, 0},
		{captures + "auth-ff-adobe.conn0.c2s.bin", clientSigner, DigestFirst, ffmpeg},
		{"testdata/swfv-t3.c2s.bin", clientSigner, DigestFirst, 0},
		{"testdata/swfv-t3.s2c.bin", serverSigner, DigestFirst, 0},
		{"testdata/rtmpdump-rtmpe-v6.c2s.bin", clientSigner, KeyFirst, 0},
		{"testdata/rtmpdump-rtmpe-v6.s2c.bin", serverSigner, KeyFirst, 0},
		{captures + "rtmpdump-play.c2s.bin", clientSigner, Simple, 0},
		{captures + "rtmpdump-play.s2c.bin", serverSigner, Simple, 0},
		{captures + "gst-rtmp2sink-publish.c2s.bin", clientSigner, Simple, 0},
	}
	for _, test := range tests {
		block := handshakeBytes(t, test.file)[1 : 1+blockSize]
		form, digest := test.signer.find(block)
		if form != test.form || (digest != nil) != (test.form != Simple) {
			t.Errorf("%s: form %v, digest %x, want form %v", test.file, form, digest, test.form)
			continue
		}
		if at := digestOffset(block, form); test.offset != 0 && at != test.offset {
			t.Errorf("%s: digest at %d, want %d", test.file, at, test.offset)
		}
	}
}

func TestReplyOfRealPrograms(t *testing.T) {
	tests := []struct {
		session        string
		client, server Reply // what C2 and S2 are
		typ            uint8
	}{
		{captures + "ffmpeg-publish", Echo, Signed, 0}, // ffmpeg echoes when it publishes
		{captures + "ffmpeg-play", Signed, Signed, 0},
		{captures + "ffmpeg-play-vod", Signed, Signed, 0},
		{captures + "rtmpdump-play", Echo, Echo, 0},
		{captures + "gst-rtmp2sink-publish", Echo, Echo, 0}, // with its own time in bytes 4 to 7
		{captures + "gst-rtmp2src-play", Echo, Echo, 0},
		{"testdata/swfv-t3", Signed, Signed, 0},
		{"testdata/rtmpdump-rtmpe-v6", Signed, Signed, 6},
		{"testdata/rtmpdump-rtmpe-v8", Signed, Signed, 8},
		{"testdata/rtmpdump-rtmpe-v9", Signed, Signed, 9},
		{"testdata/swfv-t6", Signed, Signed, 6},
	}
	for _, test := range tests {
		c := handshakeBytes(t, test.session+".c2s.bin")[1:]
		s := handshakeBytes(t, test.session+".s2c.bin")[1:]
		c1, c2, s1, s2 := c[:blockSize], c[blockSize:], s[:blockSize], s[blockSize:]
		_, clientDigest := clientSigner.find(c1)
		_, serverDigest := serverSigner.find(s1)
		if got := clientSigner.judge(c2, s1, serverDigest, test.typ); got != test.client {
			t.Errorf("%s: C2 is %v, want %v", test.session, got, test.client)
		}
		if got := serverSigner.judge(s2, c1, clientDigest, test.typ); got != test.server {
			t.Errorf("%s: S2 is %v, want %v", test.session, got, test.server)
		}
	}
}

func TestDigestOffsetEnds(t *testing.T) {
	tests := []struct {
		form Form
		at   int
		sum  [4]byte
		want int
	}{
		{DigestFirst, 8, [4]byte{}, 12},
		{DigestFirst, 8, [4]byte{255, 255, 217, 0}, 12 + 727},
		{DigestFirst, 8, [4]byte{255, 255, 218, 0}, 12},
		{KeyFirst, 772, [4]byte{}, 776},
		{KeyFirst, 772, [4]byte{0, 217, 255, 255}, 776 + 727},
		{KeyFirst, 772, [4]byte{255, 255, 255, 255}, 776 + 1020 - 728},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.form, test.sum), func(t *testing.T) {
			block := make([]byte, blockSize)
			copy(block[test.at:], test.sum[:])
			if got := digestOffset(block, test.form); got != test.want {
				t.Errorf("offset %d, want %d", got, test.want)
			}
		})
	}
}
