// Package guard bounds what the server takes: connections, publishers and viewers, their rates, and how often a key may
// be wrong. It counts and says no; whoever asks it tells the client. Each refusal names its limit and the setting.
//
// All that it keeps is bounded: what it counts by address exists only while something of that address is open, what it
// remembers of addresses is in tables of a fixed size.
package guard

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Scope is a set of limits. 0 is none, everywhere.
type Scope struct {
	Connections, Publishers, Viewers int
	// Bitrate bounds what one publisher may send, in bit/s.
	Bitrate int64
	// Width and Height bound the picture of one publisher. A picture on its side fits like the same one upright.
	Width, Height int
	// Egress is at how many bit/s no further viewer is taken. Who watches is never slowed.
	Egress int64
}

// Limits are all limits of a server.
type Limits struct {
	// Server bounds everything together, Apps what belongs to one app; connections know no app.
	Server Scope
	Apps   map[string]Scope
	// Address bounds each address (of IPv6: each /64), Key each key: connections, publishers and viewers, and nothing
	// else.
	Address, Key Scope
}

// Options are what a guard is made of.
type Options struct {
	Limits Limits
	// Sent gives how many bytes went to viewers since the start, by app; nil if there is no limit on them. It is asked
	// once a second by Run.
	Sent func() map[string]uint64
	// Failures decides about wrong keys; the zero value is a good one.
	Failures FailureOptions
}

// Guard holds the limits and what counts against them. Its methods may be called from any goroutine.
type Guard struct {
	limits    atomic.Pointer[Limits]
	bans      atomic.Pointer[bans]
	failures  failures
	passwords failures
	egress    egress
	refused   tally

	mu     sync.Mutex
	counts counts
}

// New makes a guard. Egress is measured while Run runs.
func New(o Options) *Guard {
	g := &Guard{counts: newCounts()}
	g.failures.init(o.Failures, "keys or tokens")
	g.passwords.init(o.Failures, "passwords")
	g.egress.sent = o.Sent
	g.bans.Store(new(bans))
	g.SetLimits(o.Limits)
	return g
}

// SetLimits replaces the limits. What is over a new one stays; nothing joins it until it is below.
func (g *Guard) SetLimits(l Limits) { g.limits.Store(&l) }

// Run measures until ctx is done.
func (g *Guard) Run(ctx context.Context) { g.egress.run(ctx) }

// network is what of an address counts: all of IPv4, the /64 of IPv6, which is the least that anybody gets.
func network(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() {
		return addr
	}
	b := addr.As16()
	clear(b[8:])
	return netip.AddrFrom16(b)
}
