package importer

import "net/netip"

// permit is a line that lets addresses in, or keeps them out.
type permit struct {
	at    *directive
	allow bool
	from  netip.Prefix
	all   bool
}

// openness is who may come in without a key, from nobody to everybody.
type openness int

const (
	nobody  openness = iota // else than by addresses that are not private
	locals                  // loopback and private addresses
	anybody                 // except for some addresses
)

// judge says who is let in by rules of which the first that fits counts; who
// fits none comes in if otherwise says so.
func judge(rules []permit, otherwise bool) openness {
	seen := nobody
	for _, r := range rules {
		switch {
		case r.all && r.allow:
			return anybody
		case r.all:
			return seen
		case r.allow && private(r.from):
			seen = locals
		}
	}
	if otherwise {
		return anybody
	}
	return seen
}
