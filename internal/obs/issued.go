package obs

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"github.com/millrace-live/millrace/media"
)

// Rendition is one track that an encoder was asked for.
type Rendition struct {
	Width, Height int
	Bitrate       int // kbit/s
	Codec         media.Codec
}

// Issued is a ladder that an encoder was given.
type Issued struct {
	Stream     string
	At         time.Time
	Renditions []Rendition // by track
}

const (
	maxIssued = 1_000
	keepTime  = 24 * time.Hour
)

// memory is which ladder stands behind an identifier. The one that was given
// longest ago goes first.
type memory struct {
	mu     sync.Mutex
	byID   map[string]Issued
	oldest []string
}

// put remembers a ladder and returns its identifier.
func (m *memory) put(i Issued) string {
	var random [10]byte
	rand.Read(random[:]) // never fails
	id := hex.EncodeToString(random[:])
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID == nil {
		m.byID = make(map[string]Issued)
	}
	for len(m.oldest) > 0 && (len(m.oldest) >= maxIssued || i.At.Sub(m.byID[m.oldest[0]].At) > keepTime) {
		delete(m.byID, m.oldest[0])
		m.oldest = slices.Delete(m.oldest, 0, 1)
	}
	m.byID[id] = i
	m.oldest = append(m.oldest, id)
	return id
}

func (m *memory) get(id string, now time.Time) (Issued, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.byID[id]
	return i, ok && now.Sub(i.At) <= keepTime
}
