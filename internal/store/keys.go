package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// KeysFile is the name of the stream keys' file.
const KeysFile = "keys.json"

// Key is a stream key as it is kept: without the key itself.
type Key struct {
	ID     string `json:"id"`     // names the key where the key must not stand
	Stream string `json:"stream"` // what it publishes, "app/name"
	Label  string `json:"label,omitempty"`
	// Hash is the SHA-256 of the key in hexadecimal. A key is 160 random bits,
	// so that neither salt nor a slow hash would add anything.
	Hash    string    `json:"hash"`
	Created time.Time `json:"created"`
	// SentPlain is when the key was first sent without TLS: from then on
	// others may know it.
	SentPlain time.Time `json:"sent_plain,omitzero"`
}

type keysFile struct {
	Format int   `json:"format"`
	Keys   []Key `json:"keys"`
}

// Keys returns the keys in the folder; first is true when there has never been
// any.
func (f *Folder) Keys() (keys []Key, first bool, err error) {
	b, err := f.Read(KeysFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	var file keysFile
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, false, fmt.Errorf("%s is damaged (%w): restore it from a backup", f.Path(KeysFile), err)
	}
	if file.Format != 1 {
		return nil, false, fmt.Errorf("%s has the unknown format %d: use the Millrace that wrote it", f.Path(KeysFile), file.Format)
	}
	return file.Keys, false, nil
}

// PutKeys replaces the keys in the folder.
func (f *Folder) PutKeys(keys []Key) error {
	b, err := json.MarshalIndent(keysFile{Format: 1, Keys: keys}, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write the stream keys: %w", err)
	}
	return f.Write(KeysFile, append(b, '\n'), 0o600)
}
