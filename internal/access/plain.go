package access

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/store"
)

// Plain says what becomes of those who come without TLS: by RTMP, RTMPE, which
// only obfuscates, or RTMPT.
type Plain uint8

// The ways to deal with them.
const (
	DefaultPlain Plain = iota // as for the stream, its app or the server; there, allow
	AllowPlain
	WarnOfPlain // they are let in, and whoever runs the server is told
	RefusePlain
)

func isRTMP(protocol string) bool { return strings.HasPrefix(protocol, "rtmp") }

// checkPlain refuses a publisher that is not protected where that is asked for,
// or warns of it in g.
func (c *Control) checkPlain(req *hub.PublishRequest, key Key, g *hub.Grant) error {
	rules, _ := c.rules(g.Stream)
	mode := rules.Plain
	if key.Plain != DefaultPlain {
		mode = key.Plain
	}
	since := c.Exposed.since(key.ID)
	switch {
	case mode != WarnOfPlain && mode != RefusePlain:
	case !req.Plain() && since.IsZero():
	case !req.Plain():
		g.Warning = fmt.Sprintf("its key was sent without TLS on %s, and may be known to others: replace it",
			since.UTC().Format(time.DateOnly))
	case mode == RefusePlain:
		// The stream is known to be one: somebody has shown its key, or needs none.
		stream := g.Stream
		*g = hub.Grant{}
		return &hub.Refusal{Code: hub.Plain, Stream: stream, Reason: c.plainRefused(req.Protocol, "publish", appOf(stream))}
	default:
		g.Warning = fmt.Sprintf("%s is not protected, so that anyone on the way can read key and pictures: "+
			"set the encoder's server to %s/%s", req.Protocol, c.Secure, appOf(g.Stream))
	}
	return nil
}

func (c *Control) plainRefused(protocol, what, path string) string {
	if what == "publish" {
		return fmt.Sprintf("%s is not protected and not accepted here: set the server to %s/%s and leave the stream key as it is",
			protocol, c.Secure, path)
	}
	return fmt.Sprintf("%s is not protected and not served here: play %s/%s", protocol, c.Secure, path)
}

// Exposed knows which keys were sent without TLS: anyone on the way may have
// read them. Nil is nobody's memory.
type Exposed struct {
	folder *store.Folder
	mu     sync.Mutex
	first  map[string]time.Time // by Key.ID
}

// LoadExposed reads what the data folder knows of its keys. Those of the config
// file are remembered as long as the server runs.
func LoadExposed(f *store.Folder) (*Exposed, error) {
	keys, _, err := f.Keys()
	if err != nil {
		return nil, err
	}
	e := &Exposed{folder: f, first: make(map[string]time.Time)}
	for _, k := range keys {
		if !k.SentPlain.IsZero() {
			e.first[k.ID] = k.SentPlain
		}
	}
	return e, nil
}

// since is when the key was first sent without TLS, zero if it never was.
func (e *Exposed) since(id string) time.Time {
	if e == nil {
		return time.Time{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.first[id]
}

// mark remembers that the key was sent without TLS.
func (e *Exposed) mark(id string, now time.Time) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, known := e.first[id]; known {
		return
	}
	// Where the folder cannot be written, the next time tries again; that is
	// no reason to keep an encoder off the air.
	if e.save(id, now.UTC().Truncate(time.Second)) == nil {
		e.first[id] = now
	}
}

func (e *Exposed) save(id string, now time.Time) error {
	keys, _, err := e.folder.Keys()
	if err != nil {
		return err
	}
	for i := range keys {
		if keys[i].ID == id {
			keys[i].SentPlain = now
			return e.folder.PutKeys(keys)
		}
	}
	return nil // of the config file, or the demo's
}
