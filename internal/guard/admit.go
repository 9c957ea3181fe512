package guard

import "net/netip"

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
type count struct {
	scope
	n [uses]int
}

// counts are what is open now, of everybody.
type counts struct {
	server    count
	addresses map[netip.Addr]*count
	apps      map[string]*count
	keys      map[string]*count
}

func newCounts() counts {
	return counts{addresses: make(map[netip.Addr]*count), apps: make(map[string]*count), keys: make(map[string]*count)}
}

// of gives the count of a scope, nil if it has nothing open.
func (c *counts) of(s scope) *count {
	switch s.kind {
	case byApp:
		return c.apps[s.name]
	case byAddress:
		return c.addresses[s.addr]
	case byKey:
		return c.keys[s.name]
	}
	return &c.server
}

// begin gives the count of a scope that had nothing open.
func (c *counts) begin(s scope) *count {
	n := &count{scope: s}
	switch s.kind {
	case byApp:
		c.apps[s.name] = n
	case byAddress:
		c.addresses[s.addr] = n
	case byKey:
		c.keys[s.name] = n
	case server:
	}
	return n
}

// drop forgets a count that has nothing open.
func (c *counts) drop(n *count) {
	switch n.kind {
	case byApp:
		delete(c.apps, n.name)
	case byAddress:
		delete(c.addresses, n.addr)
	case byKey:
		delete(c.keys, n.name)
	case server:
	}
}

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
	released bool
	counts   [byKey + 1]*count
}

func (g *Guard) enter(u use, addr netip.Addr, key, app string) (release func(), err error) {
	limits := g.limits.Load()
	scopes := [byKey + 1]scope{{kind: server}, {kind: byAddress, addr: network(addr)}}
	n := 2
	if app != "" {
		scopes[n] = scope{kind: byApp, name: app}
		n++
	}
	if key != "" {
		scopes[n] = scope{kind: byKey, name: key}
		n++
	}
	p := &pass{guard: g, use: u}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, s := range scopes[:n] {
		c := g.counts.of(s)
		p.counts[i] = c
		if c == nil {
			continue
		}
		of := limits.of(s)
		if most := of.most(u); most > 0 && c.n[u] >= most {
			return nil, g.exceeded(&Exceeded{
				Limit: limitName(u, s.kind), Setting: settingName(u, s), Most: int64(most), text: crowd(u, s, most),
			})
		}
	}
	for i, s := range scopes[:n] {
		if p.counts[i] == nil {
			p.counts[i] = g.counts.begin(s)
		}
		p.counts[i].n[u]++
	}
	return p.release, nil
}

func (p *pass) release() {
	g := p.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.released {
		return
	}
	p.released = true
	for _, c := range p.counts {
		if c == nil {
			break
		}
		c.n[p.use]--
		if c.n == [uses]int{} {
			g.counts.drop(c)
		}
	}
}

// open is how much of u is open now in s.
func (g *Guard) open(u use, s scope) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.counts.of(s); c != nil {
		return c.n[u]
	}
	return 0
}
