package hub

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// PlainPublisher is an encoder that no TLS protects: it publishes, or it was
// refused for that alone.
type PlainPublisher struct {
	Stream, Protocol, Software string
	Remote                     netip.Addr
	First, Last                time.Time
	Refused                    bool // the last time
	OnAir                      bool // it publishes now
}

// maxPlain bounds the list; the one that was seen longest ago goes.
const maxPlain = 1_000

// plainList is who was seen publishing without TLS.
type plainList struct {
	mu   sync.Mutex
	list []PlainPublisher
}

// isPlain reports whether a client came over a network without TLS.
func isPlain(tls string, remote netip.AddrPort) bool { return tls == "" && remote.IsValid() }

// Plain reports whether the client came over a network without TLS.
func (r *PublishRequest) Plain() bool { return isPlain(r.TLS, r.Remote) }

// Plain is as that of PublishRequest.
func (r *PlayRequest) Plain() bool { return isPlain(r.TLS, r.Remote) }

// see remembers a publisher that was let in, or refused because it is plain.
// Who has no key is nobody's encoder.
func (l *plainList) see(req *PublishRequest, g Grant, err error) {
	if !req.Plain() {
		return
	}
	why, refused := errors.AsType[*Refusal](err)
	switch {
	case refused && why.Code == Plain && why.Stream != "":
		g.Stream = why.Stream
	case err != nil:
		return
	}
	l.put(PlainPublisher{
		Stream: g.Stream, Protocol: req.Protocol, Software: req.Software, Remote: req.Remote.Addr(), Refused: refused,
	}, time.Now())
}

func (l *plainList) put(p PlainPublisher, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.First, p.Last = now, now
	if i := slices.IndexFunc(l.list, p.same); i >= 0 {
		p.First = l.list[i].First
		l.list = slices.Delete(l.list, i, i+1)
	} else if len(l.list) == maxPlain {
		l.list = slices.Delete(l.list, 0, 1)
	}
	l.list = append(l.list, p)
}

func (p PlainPublisher) same(o PlainPublisher) bool {
	return p.Stream == o.Stream && p.Protocol == o.Protocol && p.Software == o.Software && p.Remote == o.Remote
}

// PlainPublishers lists the encoders that published without TLS since the
// server began, the last ones first.
func (r *Registry) PlainPublishers() []PlainPublisher {
	r.plain.mu.Lock()
	all := slices.Clone(r.plain.list)
	r.plain.mu.Unlock()
	now := time.Now()
	for _, s := range r.all() {
		on, ok := s.plainPublisher()
		if !ok {
			continue
		}
		if i := slices.IndexFunc(all, on.same); i >= 0 {
			all[i].OnAir, all[i].Last = true, now
		}
	}
	slices.SortStableFunc(all, func(a, b PlainPublisher) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Stream, b.Stream))
	})
	return all
}

// plainPublisher is who publishes s, if no TLS protects it.
func (s *stream) plainPublisher() (PlainPublisher, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pub == nil || !isPlain(s.pub.id.tls, s.pub.id.remote) {
		return PlainPublisher{}, false
	}
	id := s.pub.id
	return PlainPublisher{Stream: s.name, Protocol: id.protocol, Software: id.software, Remote: id.remote.Addr()}, true
}
