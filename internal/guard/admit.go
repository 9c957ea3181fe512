package guard

import (
	"net/netip"
	"sync/atomic"
)

// scope is one of those that limits hold for.
type scope struct {
	kind scopeKind
	addr netip.Addr // of byAddress
	name string     // of byApp, byKey
}

type scopeKind uint8

const (
	server scopeKind = iota
	byApp
	byAddress
	byKey
)

// use is what is counted.
type use uint8

const (
	connections use = iota
	publishers
	viewers
	uses
)

// count is what one scope has open. It goes when nothing is.
type count [uses]int

func (c *count) idle() bool { return *c == count{} }

// most is the limit on u in s.
func (s *Scope) most(u use) int {
	return [uses]int{s.Connections, s.Publishers, s.Viewers}[u]
}

// of gives the limits of a scope.
func (l *Limits) of(s scope) Scope {
	switch s.kind {
	case byApp:
		return l.Apps[s.name]
	case byAddress:
		return l.Address
	case byKey:
		return l.Key
	}
	return l.Server
}

// Admit lets a connection in, or says with an *Exceeded why not. release must be called when it is closed; a second
// call does nothing.
func (g *Guard) Admit(addr netip.Addr) (release func(), err error) {
	return g.enter(connections, addr, "", "")
}

// Publisher lets a publisher in, or says with an *Exceeded why not. key is the id of what it publishes with, "" if there
// is none.
func (g *Guard) Publisher(addr netip.Addr, key, app string) (release func(), err error) {
	return g.enter(publishers, addr, key, app)
}

// Viewer lets a viewer in, or says with an *Exceeded why not: too many watch, or too much leaves already.
func (g *Guard) Viewer(addr netip.Addr, app string) (release func(), err error) {
	if err := g.roomFor(app); err != nil {
		return nil, err
	}
	release, err = g.enter(viewers, addr, "", app)
	if err == nil {
		g.egress.joined(app)
	}
	return release, err
}

// pass is what somebody holds who was let in.
type pass struct {
	guard    *Guard
	use      use
	scopes   [byKey + 1]scope
	n        int
	released atomic.Bool
}

func (p *pass) add(s scope) {
	p.scopes[p.n] = s
	p.n++
}

func (g *Guard) enter(u use, addr netip.Addr, key, app string) (release func(), err error) {
	limits := g.limits.Load()
	p := &pass{guard: g, use: u}
	p.add(scope{kind: server})
	p.add(scope{kind: byAddress, addr: network(addr)})
	if app != "" {
		p.add(scope{kind: byApp, name: app})
	}
	if key != "" {
		p.add(scope{kind: byKey, name: key})
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range p.scopes[:p.n] {
		of := limits.of(s)
		most := of.most(u)
		if c := g.counts[s]; most > 0 && c != nil && c[u] >= most {
			return nil, &Exceeded{Limit: limitName(u, s.kind), Setting: settingName(u, s), Most: int64(most), text: crowd(u, s, most)}
		}
	}
	for _, s := range p.scopes[:p.n] {
		c := g.counts[s]
		if c == nil {
			c = new(count)
			g.counts[s] = c
		}
		c[u]++
	}
	return p.release, nil
}

func (p *pass) release() {
	if p.released.Swap(true) {
		return
	}
	g := p.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range p.scopes[:p.n] {
		c := g.counts[s]
		c[p.use]--
		if c.idle() {
			delete(g.counts, s)
		}
	}
}

// open is how much of u is open now in s.
func (g *Guard) open(u use, s scope) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.counts[s]; c != nil {
		return c[u]
	}
	return 0
}
