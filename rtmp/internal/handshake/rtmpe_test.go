package handshake

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/millrace-live/millrace/rtmp/internal/rtmpe"
)

// vector is what is known of a captured session of rtmpdump. The server was one
// that wrote down all it computed.
type vector struct {
	C0                 uint8
	C1DigestOffset     int `json:"c1_digest_offset"`
	C1KeyOffset        int `json:"c1_dh_offset"`
	S0                 uint8
	S1DigestOffset     int      `json:"s1_digest_offset"`
	S1KeyOffset        int      `json:"s1_dh_offset"`
	Private            hexBytes `json:"server_private_exponent_hex"`
	ServerKey          hexBytes `json:"server_public_hex"`
	ClientKey          hexBytes `json:"client_public_hex"`
	Secret             hexBytes `json:"shared_secret_hex"`
	ClientDigest       hexBytes `json:"client_digest_hex"`
	ServerDigest       hexBytes `json:"server_digest_hex"`
	ToClient           hexBytes `json:"rc4_server_to_client_key_hex"`
	ToServer           hexBytes `json:"rc4_client_to_server_key_hex"`
	S2SignatureKey     hexBytes `json:"s2_signature_key_hex"`
	S2SignaturePlain   hexBytes `json:"s2_signature_plain_hex"`
	S2Signature        hexBytes `json:"s2_signature_sent_hex"`
	C2SignatureKey     hexBytes `json:"c2_signature_key_hex"`
	C2SignaturePlain   hexBytes `json:"c2_signature_plain_hex"`
	C2Signature        hexBytes `json:"c2_signature_received_hex"`
	FirstCipher        hexBytes `json:"first_c2s_after_handshake_cipher_hex"`
	FirstPlain         hexBytes `json:"first_c2s_after_handshake_plain_hex"`
	client, server     []byte   // of the handshake
	chunks, chunksSent []byte   // of the client, behind it
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

var encryptedVectors = []string{"rtmpdump-rtmpe-v6", "rtmpdump-rtmpe-v8", "rtmpdump-rtmpe-v9", "swfv-t6"}

func readVector(t testing.TB, name string) *vector {
	t.Helper()
	read := func(end string) []byte {
		b, err := os.ReadFile("testdata/" + name + end)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	v := new(vector)
	if err := json.Unmarshal(read(".json"), v); err != nil {
		t.Fatal(err)
	}
	const size = 1 + 2*blockSize
	v.client, v.chunksSent = read(".c2s.bin")[:size], read(".c2s.bin")[size:]
	v.server, v.chunks = read(".s2c.bin")[:size], read(".c2s-plain.bin")
	return v
}

// random is the source that has this engine send the same blocks.
func (v *vector) random() io.Reader {
	s1, s2 := v.server[1:1+blockSize], v.server[1+blockSize:]
	return io.MultiReader(bytes.NewReader(s1[bodyStart:]), bytes.NewReader(s2[:signatureStart]))
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%x, want\n%x", what, got, want)
	}
}

// TestVectors computes every value of the captured sessions anew.
func TestVectors(t *testing.T) {
	for _, name := range append([]string{"swfv-t3"}, encryptedVectors...) {
		t.Run(name, func(t *testing.T) {
			v := readVector(t, name)
			c1, c2 := v.client[1:1+blockSize], v.client[1+blockSize:]
			s1, s2 := v.server[1:1+blockSize], v.server[1+blockSize:]
			if v.client[0] != v.C0 || v.server[0] != v.S0 {
				t.Errorf("C0 is %d, S0 is %d", v.client[0], v.server[0])
			}
			form, digest := clientSigner.find(c1)
			same(t, "digest of C1", digest, v.ClientDigest)
			_, digest = serverSigner.find(s1)
			same(t, "digest of S1", digest, v.ServerDigest)
			for what, at := range map[string][2]int{
				"digest of C1": {digestOffset(c1, form), v.C1DigestOffset},
				"key of C1":    {keyOffset(c1, form), v.C1KeyOffset},
				"digest of S1": {digestOffset(s1, form), v.S1DigestOffset},
				"key of S1":    {keyOffset(s1, form), v.S1KeyOffset},
			} {
				if at[0] != at[1] {
					t.Errorf("%s is at %d, want %d", what, at[0], at[1])
				}
			}
			same(t, "key of the client", publicKey(c1, form), v.ClientKey)
			same(t, "key of the server", publicKey(s1, form), v.ServerKey)

			private := rtmpe.NewPrivateKey(v.Private)
			same(t, "public key", private.PublicKey(), v.ServerKey)
			secret, err := private.Secret(v.ClientKey)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "secret", secret, v.Secret)

			same(t, "key of S2's signature", mac([]byte(serverSigner.text+keyTail), v.ClientDigest), v.S2SignatureKey)
			same(t, "key of C2's signature", mac([]byte(clientSigner.text+keyTail), v.ServerDigest), v.C2SignatureKey)
			same(t, "plain signature of S2", serverSigner.signature(s2, v.ClientDigest, 0), v.S2SignaturePlain)
			same(t, "plain signature of C2", clientSigner.signature(c2, v.ServerDigest, 0), v.C2SignaturePlain)
			same(t, "signature of S2", serverSigner.signature(s2, v.ClientDigest, v.S0), v.S2Signature)
			same(t, "signature of C2", clientSigner.signature(c2, v.ServerDigest, v.S0), v.C2Signature)
		})
	}
}

// TestServerRepeatsVectors has the engine answer what rtmpdump sent with the
// bytes that it was answered with, and read on.
func TestServerRepeatsVectors(t *testing.T) {
	for _, name := range encryptedVectors {
		v := readVector(t, name)
		for _, size := range []int{1, 100, 1 << 20} {
			server := NewServer(Config{
				Rand: v.random(), Type: v.S0, Private: rtmpe.NewPrivateKey(v.Private),
			})
			out, rest, done := feed(t, server, append(bytes.Clone(v.client), v.chunksSent...), size)
			if !done {
				t.Fatalf("%s: not done", name)
			}
			same(t, name+": answer", out, v.server)
			if p := server.Peer(); p.Reply != Signed || p.Version != v.C0 || p.Form != KeyFirst || server.Type() != v.S0 {
				t.Errorf("%s: type %d, saw %+v", name, server.Type(), p)
			}
			in, back := server.Ciphers()
			same(t, name+": first bytes", rest[:len(v.FirstCipher)], v.FirstCipher)
			in.XORKeyStream(rest, rest)
			same(t, name+": first bytes decrypted", rest[:len(v.FirstPlain)], v.FirstPlain)
			same(t, name+": all decrypted", rest, v.chunks[:len(rest)])
			same(t, name+": key stream to the client", run(back), run(rtmpe.Sender(v.Secret, v.ClientKey)))
		}
	}
}

// The keys of RC4 themselves, which no stream shows.
func TestStreamKeys(t *testing.T) {
	for _, name := range encryptedVectors {
		v := readVector(t, name)
		same(t, name+": key to the client", hmacOf(v.Secret, v.ClientKey)[:16], v.ToClient)
		same(t, name+": key to the server", hmacOf(v.Secret, v.ServerKey)[:16], v.ToServer)
	}
}

func hmacOf(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

// run gives the next bytes of a key stream.
func run(c cipher.Stream) []byte {
	p := make([]byte, 64)
	c.XORKeyStream(p, p)
	return p
}

func TestEncryptedClientMeetsServer(t *testing.T) {
	for _, form := range []Form{DigestFirst, KeyFirst} {
		for _, asked := range []uint8{6, 8, 9} {
			for _, answered := range []uint8{0, 6, 8, 9} {
				client := NewClient(Config{Type: asked, Form: form})
				server := NewServer(Config{Type: answered})
				meet(t, client, server, []int{1, 100, 1537, 1 << 20}[answered%4])
				want := asked
				if answered != 0 {
					want = answered
				}
				if client.Type() != want || server.Type() != want {
					t.Errorf("asked for %d, told to answer %d: client has %d, server %d",
						asked, answered, client.Type(), server.Type())
				}
				if c, s := client.Peer(), server.Peer(); c.Reply != Signed || s.Reply != Signed ||
					c.Form != form || s.Form != form || s.Version != asked || c.Version != want {
					t.Errorf("client saw %+v, server %+v", c, s)
				}
				if len(client.SWFKey()) != 32 || !bytes.Equal(client.SWFKey(), server.SWFKey()) {
					t.Errorf("keys for SWF %x, %x", client.SWFKey(), server.SWFKey())
				}
			}
		}
	}
}

// meet leads both through the handshake and compares their key streams.
func meet(t *testing.T, client *Client, server *Server, size int) {
	t.Helper()
	c0c1, _, _ := feed(t, client, nil, size)
	s0s1s2, _, _ := feed(t, server, c0c1, size)
	c2, _, clientDone := feed(t, client, s0s1s2, size)
	_, _, serverDone := feed(t, server, c2, size)
	if !clientDone || !serverDone {
		t.Fatalf("client done %v, server done %v", clientDone, serverDone)
	}
	clientIn, clientOut := client.Ciphers()
	serverIn, serverOut := server.Ciphers()
	same(t, "stream to the server", run(clientOut), run(serverIn))
	same(t, "stream to the client", run(serverOut), run(clientIn))
}

func TestPlainHasNoCiphers(t *testing.T) {
	server := NewServer(Config{Rand: seeded(3)})
	feed(t, server, handshakeBytes(t, captures+"ffmpeg-publish.c2s.bin"), 1<<20)
	if in, out := server.Ciphers(); in != nil || out != nil || server.Type() != 0 {
		t.Error("ciphers in plain RTMP")
	}
}

func TestServerRefusesEncrypted(t *testing.T) {
	v := readVector(t, "rtmpdump-rtmpe-v6")
	lie := bytes.Clone(v.client)
	lie[1+blockSize-5] ^= 1
	degenerate := bytes.Clone(v.client)
	c1 := degenerate[1 : 1+blockSize]
	clear(publicKey(c1, KeyFirst))
	publicKey(c1, KeyFirst)[rtmpe.KeySize-1] = 1
	clientSigner.stamp(c1, KeyFirst)
	tests := []struct {
		name   string
		config Config
		in     []byte
		used   int
		want   error
	}{
		{"switched off", Config{RefuseEncrypted: true}, v.client, 0, ErrEncrypted},
		{"wrong digest", Config{}, lie, 1 + blockSize, ErrDigest},
		{"degenerate key", Config{}, degenerate, 1 + blockSize, ErrKey},
	}
	for _, test := range tests {
		server := NewServer(test.config)
		out, n, done, err := server.Feed(test.in)
		if !errors.Is(err, test.want) || done || n != test.used || len(out) != 0 {
			t.Errorf("%s: used %d, sent %d, done %v, error %v", test.name, n, len(out), done, err)
		}
		if server.Type() != 6 {
			t.Errorf("%s: type %d", test.name, server.Type())
		}
	}
}

func TestClientRefuses(t *testing.T) {
	answer := func(change func(s []byte)) []byte {
		s := bytes.Clone(readVector(t, "rtmpdump-rtmpe-v6").server)
		change(s)
		return s
	}
	plain := answer(func(s []byte) { s[0] = 3 })
	lie := answer(func(s []byte) { s[blockSize-5] ^= 1 })
	degenerate := answer(func(s []byte) {
		s1 := s[1 : 1+blockSize]
		clear(publicKey(s1, KeyFirst))
		serverSigner.stamp(s1, KeyFirst)
	})
	// A secret that begins with zero: 2^x is below 2^1016.
	ambiguous := answer(func(s []byte) {
		s1 := s[1 : 1+blockSize]
		clear(publicKey(s1, KeyFirst))
		publicKey(s1, KeyFirst)[rtmpe.KeySize-1] = 2
		serverSigner.stamp(s1, KeyFirst)
	})
	for name, test := range map[string]struct {
		in      []byte
		private *rtmpe.PrivateKey
		want    error
	}{
		"not encrypted":  {plain, nil, ErrNotEncrypted},
		"wrong digest":   {lie, nil, ErrDigest},
		"degenerate key": {degenerate, nil, ErrKey},
		"ambiguous":      {ambiguous, rtmpe.NewPrivateKey([]byte{9}), ErrAmbiguous},
	} {
		client := NewClient(Config{Type: 6, Form: KeyFirst, Private: test.private})
		_, _, done, err := client.Feed(test.in)
		if !errors.Is(err, test.want) || done {
			t.Errorf("%s: done %v, error %v", name, done, err)
		}
	}
}

// A server that is left the choice takes no key whose secret is ambiguous.
func TestServerAvoidsAmbiguousSecret(t *testing.T) {
	client := NewClient(Config{Type: 6, Form: KeyFirst})
	c0c1, _, _ := feed(t, client, nil, 1)
	for seed := range byte(255) {
		// The first private key that this seed makes is an ambiguous one.
		random := io.MultiReader(bytes.NewReader(make([]byte, blockSize-bodyStart)), seeded(seed))
		first, err := rtmpe.GenerateKey(seeded(seed))
		if err != nil {
			t.Fatal(err)
		}
		if _, ambiguous, err := secret(first, publicKey(c0c1[1:], KeyFirst)); err != nil || !ambiguous {
			continue
		}
		server := NewServer(Config{Rand: random})
		out, _, _ := feed(t, server, c0c1, 1<<20)
		if bytes.Equal(publicKey(out[1:1+blockSize], KeyFirst), first.PublicKey()) {
			t.Error("the server took the ambiguous key")
		}
		if _, _, _, err := client.Feed(out); err != nil {
			t.Error(err)
		}
		return
	}
	t.Skip("none of 255 keys has an ambiguous secret")
}

func TestEncryptedRandomnessFails(t *testing.T) {
	v := readVector(t, "rtmpdump-rtmpe-v6")
	const filling = blockSize - bodyStart
	for _, room := range []int64{0, filling, filling + 31, filling + 32} {
		server := NewServer(Config{Rand: io.LimitReader(seeded(8), room)})
		if _, _, done, err := server.Feed(v.client); done || !eof(err) {
			t.Errorf("server with %d random bytes: done %v, error %v", room, done, err)
		}
	}
	client := NewClient(Config{Type: 6, Rand: io.LimitReader(seeded(8), filling)})
	if _, _, _, err := client.Feed(nil); !eof(err) {
		t.Errorf("client: error %v", err)
	}
}

func eof(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// FuzzEncryptedServer gives the server blocks with a right digest, so that what
// lies behind it is reached.
func FuzzEncryptedServer(f *testing.F) {
	for _, name := range encryptedVectors {
		f.Add(readVector(f, name).client, 1000, true)
	}
	f.Add([]byte("\x06"), 1, false)
	open := func() engine { return NewServer(Config{Rand: seeded(9)}) }
	f.Fuzz(func(t *testing.T, in []byte, size int, keyFirst bool) {
		in = bytes.Clone(in)
		if len(in) > 0 && !rtmpe.Type(in[0]) {
			in[0] = 6
		}
		if len(in) > blockSize {
			form := DigestFirst
			if keyFirst {
				form = KeyFirst
			}
			clientSigner.stamp(in[1:1+blockSize], form)
		}
		fuzz(t, open, in, size)
	})
}

// FuzzEncryptedClient is the same for the client.
func FuzzEncryptedClient(f *testing.F) {
	for _, name := range encryptedVectors {
		f.Add(readVector(f, name).server, 1000, true)
	}
	open := func() engine { return NewClient(Config{Rand: seeded(9), Type: 9, Form: KeyFirst}) }
	f.Fuzz(func(t *testing.T, in []byte, size int, keyFirst bool) {
		in = bytes.Clone(in)
		if len(in) > blockSize {
			form := DigestFirst
			if keyFirst {
				form = KeyFirst
			}
			serverSigner.stamp(in[1:1+blockSize], form)
		}
		fuzz(t, open, in, size)
	})
}

// TestKeyForEveryReader looks for the server's key where clients do that find
// the digest, and where FFmpeg does that publishes and does not look for it.
func TestKeyForEveryReader(t *testing.T) {
	for range 1000 {
		client := NewClient(Config{Type: rtmpe.Plain, Form: KeyFirst})
		opening, _, _, err := client.Feed(nil)
		if err != nil {
			t.Fatal(err)
		}
		out, _, _, err := NewServer(Config{}).Feed(opening)
		if err != nil {
			t.Fatal(err)
		}
		s1 := out[1 : 1+blockSize]
		if form, _ := serverSigner.find(s1); form != KeyFirst {
			t.Fatalf("the digest of S1 is not where the client's is: %v", form)
		}
		same(t, "key in the second half", publicKey(s1, DigestFirst), publicKey(s1, KeyFirst))
	}
}
