package guard

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"time"
)

// Ban keeps an address or a key out.
type Ban struct {
	ID string
	// Address is who is banned, or Key with which key's id.
	Address netip.Prefix
	Key     string
	// Reason is for the operator; the banned are not told.
	Reason string
	// Until is when it ends by itself; zero: never.
	Until time.Time
}

func (b *Ban) over(now time.Time) bool { return !b.Until.IsZero() && !now.Before(b.Until) }

// Banned is the refusal of somebody who is banned. Its text is a sentence for him.
type Banned struct{ Ban Ban }

// Error is the sentence.
func (e *Banned) Error() string {
	what := "Your address is banned"
	if e.Ban.Key != "" {
		what = "This key is banned"
	}
	if e.Ban.Until.IsZero() {
		return what + " from this server."
	}
	return fmt.Sprintf("%s from this server until %s.", what, e.Ban.Until.UTC().Format("2006-01-02 15:04 MST"))
}

// bans are never changed once they are in use.
type bans struct {
	four, six prefixes
	keys      map[string][]Ban
}

// prefixes are sorted by their first address, the wider ones first. Any two of them are apart or one is inside of the
// other, so that all that hold an address are the last one that begins at or before it, or around that one.
type prefixes []prefix

type prefix struct {
	first  netip.Addr
	around int // the narrowest one that this one is in, -1 if none
	ban    Ban
}

// SetBans replaces all bans. Sessions that are open already are not its business.
func (g *Guard) SetBans(list []Ban) {
	b := &bans{keys: make(map[string][]Ban)}
	for _, ban := range list {
		if ban.Key != "" {
			b.keys[ban.Key] = append(b.keys[ban.Key], ban)
		}
		if !ban.Address.IsValid() {
			continue
		}
		p := ban.Address.Masked()
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		ban.Address = p
		to := &b.four
		if p.Addr().Is6() {
			to = &b.six
		}
		*to = append(*to, prefix{first: p.Addr(), around: -1, ban: ban})
	}
	b.four.nest()
	b.six.nest()
	g.bans.Store(b)
}

func (p prefixes) nest() {
	slices.SortStableFunc(p, func(a, b prefix) int {
		if c := a.first.Compare(b.first); c != 0 {
			return c
		}
		return a.ban.Address.Bits() - b.ban.Address.Bits()
	})
	at := -1
	for i := range p {
		for at >= 0 && !p[at].ban.Address.Contains(p[i].first) {
			at = p[at].around
		}
		p[i].around = at
		at = i
	}
}

func (p prefixes) find(addr netip.Addr, now time.Time) *Ban {
	i := sort.Search(len(p), func(i int) bool { return addr.Less(p[i].first) }) - 1
	for ; i >= 0; i = p[i].around {
		if b := &p[i].ban; b.Address.Contains(addr) && !b.over(now) {
			return b
		}
	}
	return nil
}

// Banned says with a *Banned that an address is banned.
func (g *Guard) Banned(addr netip.Addr) error {
	b := g.bans.Load()
	addr = addr.Unmap().WithZone("")
	list := b.four
	if addr.Is6() {
		list = b.six
	}
	if len(list) == 0 {
		return nil
	}
	if ban := list.find(addr, time.Now()); ban != nil {
		g.refused.add("banned address")
		return &Banned{*ban}
	}
	return nil
}

// BannedKey says with a *Banned that the key of an id is banned.
func (g *Guard) BannedKey(id string) error {
	now := time.Now()
	for _, ban := range g.bans.Load().keys[id] {
		if !ban.over(now) {
			g.refused.add("banned key")
			return &Banned{ban}
		}
	}
	return nil
}
