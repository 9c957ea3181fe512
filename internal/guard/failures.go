package guard

import (
	"fmt"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// FailureOptions say how often keys, tokens and passwords may be wrong. Zeros are the defaults.
type FailureOptions struct {
	// Free is how many different wrong ones an address has before it must wait (20); one comes back each Refill (10 s).
	Free   int
	Refill time.Duration
	// Longest is the longest wait of an address: the first is a second, each further failure doubles it (1 min). It
	// begins anew when all free ones are back.
	Longest time.Duration
	// PerSecond and Burst are what all addresses have together (100, 1000). When that is used up, only addresses wait
	// from which nothing right has come in the last day.
	PerSecond float64
	Burst     float64
	// Addresses is how many of them are remembered (65536).
	Addresses int
}

// failures remembers who was wrong, and who was right.
type failures struct {
	o    FailureOptions
	seed maphash.Seed
	name string // what is wrong, in plural, for people

	mu    sync.Mutex
	wrong table[netip.Addr, failure]
	right table[netip.Addr, time.Time] // when, for a day
	seen  map[string]uint64            // all failures, by what it was
	// full is when all addresses together have all back that they may have, empty until when they have nothing.
	full, empty time.Time
}

// failure is what is remembered of an address.
type failure struct {
	full  time.Time // when all its free ones are back
	until time.Time // it waits
	over  uint8     // failures behind the free ones
	tried [4]uint64 // hashes of the last wrong ones
}

const trusted = 24 * time.Hour

func (f *failures) init(o FailureOptions, name string) {
	o.Free = defaultTo(o.Free, 20)
	o.Refill = defaultTo(o.Refill, 10*time.Second)
	o.Longest = defaultTo(o.Longest, time.Minute)
	o.PerSecond = defaultTo(o.PerSecond, 100)
	o.Burst = defaultTo(o.Burst, 1000)
	o.Addresses = defaultTo(o.Addresses, 65536)
	f.o, f.name, f.seed = o, name, maphash.MakeSeed()
	f.seen = make(map[string]uint64)
	f.wrong = newTable[netip.Addr, failure](o.Addresses)
	f.right = newTable[netip.Addr, time.Time](o.Addresses)
}

func defaultTo[T int | float64 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// Password is what [Guard.Failed] is told of a wrong answer to a challenge.
const Password = "password"

// Failed counts a wrong key, token or password from an address. what names it, for Stats: "key", "token", [Password].
// secret is what was tried: an encoder that comes again and again with the same wrong key is not guessing, and counts
// once. It is kept as a hash of 64 bits with a random seed. Where tries cannot be told apart, "" counts each.
//
// Passwords are counted apart. The answers to a challenge all look different, so that one encoder with a wrong password
// would lock out all those behind its address who have keys.
func (g *Guard) Failed(addr netip.Addr, what, secret string) {
	f := &g.failures
	if what == Password {
		f = &g.passwords
	}
	now, who := time.Now(), network(addr)
	var tried uint64
	if secret != "" {
		tried = maphash.String(f.seed, secret) | 1 // 0 is none
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[what]++
	was, _ := f.wrong.get(who)
	for i, t := range was.tried {
		if tried != 0 && t == tried {
			copy(was.tried[1:i+1], was.tried[:i]) // the last one is kept the longest
			was.tried[0] = tried
			f.wrong.put(who, was)
			return
		}
	}
	if tried != 0 {
		copy(was.tried[1:], was.tried[:])
		was.tried[0] = tried
	}
	f.together(now)
	if !was.full.After(now) {
		was.full, was.over = now, 0
	}
	was.full = was.full.Add(f.o.Refill)
	if rest := time.Duration(f.o.Free) * f.o.Refill; was.over > 0 || was.full.Sub(now) > rest {
		// From here on each one costs, until it has been quiet for long enough to have all back.
		was.full = now.Add(rest)
		was.until = now.Add(min(time.Second<<was.over, f.o.Longest))
		was.over = min(was.over+1, 30)
	}
	f.wrong.put(who, was)
}

// together counts one failure against what all addresses have; f is locked.
func (f *failures) together(now time.Time) {
	each := time.Duration(float64(time.Second) / f.o.PerSecond)
	burst := time.Duration(f.o.Burst * float64(each))
	if f.full.Before(now) {
		f.full = now
	}
	// Those who were let in at the same time may all be wrong: that debt is bounded.
	f.full = f.full.Add(each)
	if most := now.Add(burst + time.Second); f.full.After(most) {
		f.full = most
	}
	f.empty = f.full.Add(each - burst)
}

// Passed takes note that something right came from an address. It forgives nothing: who has one key could guess others.
func (g *Guard) Passed(addr netip.Addr) {
	g.failures.passed(addr)
	g.passwords.passed(addr)
}

func (f *failures) passed(addr netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.right.put(network(addr), time.Now())
}

// Allowed says with an *Exceeded that an address must wait before a key or token is looked at that it brings.
func (g *Guard) Allowed(addr netip.Addr) error { return g.allowed(&g.failures, addr) }

// AllowedPassword is Allowed for answers to a challenge.
func (g *Guard) AllowedPassword(addr netip.Addr) error { return g.allowed(&g.passwords, addr) }

func (g *Guard) allowed(f *failures, addr netip.Addr) error {
	now, who := time.Now(), network(addr)
	f.mu.Lock()
	defer f.mu.Unlock()
	if was, ok := f.wrong.get(who); ok && was.until.After(now) {
		wait := roundUp(was.until.Sub(now))
		return g.exceeded(&Exceeded{
			Limit: "wrong " + f.name + " from one address", Most: int64(f.o.Free), Retry: wait,
			text: fmt.Sprintf("Too many wrong %s came from your address: try again in %s.", f.name, seconds(wait)),
		})
	}
	if !f.empty.After(now) {
		return nil
	}
	if at, ok := f.right.get(who); ok && now.Sub(at) < trusted {
		return nil
	}
	wait := roundUp(f.empty.Sub(now))
	return g.exceeded(&Exceeded{
		Limit: "wrong " + f.name + " from all addresses", Most: int64(f.o.PerSecond), Retry: wait,
		text: fmt.Sprintf("Too many wrong %s come from everywhere: try again in %s.", f.name, seconds(wait)),
	})
}

// seconds writes whole seconds for people.
func seconds(d time.Duration) string {
	if d == time.Second {
		return "1 second"
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}

// roundUp gives whole seconds: less would be a promise to the millisecond.
func roundUp(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }
