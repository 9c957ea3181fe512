package catalog

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/store"
)

// KeyFile is the name of the file that seals secrets. It stands in the data
// folder and not in the database, so that who has a copy of the database has no
// secrets.
const KeyFile = "secret.key"

const sealBytes = 32 // AES-256

// sealer seals secrets for the database by AES-GCM.
type sealer struct {
	key  []byte
	aead cipher.AEAD
}

// openSealer reads the key file, and makes it when there is none. Without a
// folder the key is gone with the process.
func openSealer(f *store.Folder) (*sealer, error) {
	if f == nil {
		return newSealer(randomKey()), nil
	}
	text, err := f.Read(KeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		key := randomKey()
		if err := f.Write(KeyFile, []byte(hex.EncodeToString(key)+"\n"), 0o600); err != nil {
			return nil, err
		}
		return newSealer(key), nil
	}
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != sealBytes {
		// The error of the decoder would show a part of the key.
		return nil, fmt.Errorf("%s is damaged: restore it from a backup", f.Path(KeyFile))
	}
	return newSealer(key), nil
}

func randomKey() []byte {
	key := make([]byte, sealBytes)
	rand.Read(key) // never fails
	return key
}

func newSealer(key []byte) *sealer {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for another length of the key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for a cipher of other blocks
	}
	return &sealer{key, aead}
}

// seal hides a secret, bound to the object that it belongs to: moved to another
// one it does not open.
func (s *sealer) seal(kind, id string, secret config.Secret) string {
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(secret.Reveal())+s.aead.Overhead())
	rand.Read(nonce) // never fails
	return base64.RawStdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(secret.Reveal()), bound(kind, id)))
}

func (s *sealer) open(kind, id, sealed string) (config.Secret, error) {
	b, err := base64.RawStdEncoding.DecodeString(sealed)
	if err == nil && len(b) < s.aead.NonceSize() {
		err = errors.New("it is cut off")
	}
	var text []byte
	if err == nil {
		text, err = s.aead.Open(nil, b[:s.aead.NonceSize()], b[s.aead.NonceSize():], bound(kind, id))
	}
	if err != nil {
		// What failed in the cipher tells nobody anything.
		return config.Secret{}, fmt.Errorf("the secret of the %s %s cannot be opened", kind, id)
	}
	return config.NewSecret(string(text)), nil
}

func bound(kind, id string) []byte { return []byte(kind + "\x00" + id) }
