package guard

import "fmt"

// Media is what one publisher may send. 0 is no limit.
type Media struct {
	Bitrate       int64 // bit/s
	Width, Height int
}

// Media gives the tighter limits of server and app on what one publisher of an app may send.
func (g *Guard) Media(app string) Media {
	l := g.limits.Load()
	var m Media
	for _, s := range [...]Scope{l.Server, l.Apps[app]} {
		m.Bitrate = tightest(m.Bitrate, s.Bitrate)
		m.Width, m.Height = tightest(m.Width, s.Width), tightest(m.Height, s.Height)
	}
	return m
}

func tightest[T int | int64](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Rate says with an *Exceeded that a publisher sends too much.
func (m Media) Rate(bits int64) error {
	if m.Bitrate == 0 || bits <= m.Bitrate {
		return nil
	}
	return &Exceeded{
		Limit: "bit rate of a publisher", Setting: "max-bitrate", Most: m.Bitrate,
		text: fmt.Sprintf("The encoder sends %s, and may send at most %s (max-bitrate).", bitrate(bits), bitrate(m.Bitrate)),
	}
}

// Picture says with an *Exceeded that a publisher's picture is too large.
func (m Media) Picture(width, height int) error {
	// Upright or on its side, it is the same number of pixels to carry.
	long, short := max(width, height), min(width, height)
	if fits(long, max(m.Width, m.Height)) && fits(short, min(m.Width, m.Height)) {
		return nil
	}
	return &Exceeded{
		Limit: "resolution of a publisher", Setting: "max-resolution", Most: int64(m.Width) * int64(m.Height),
		text: fmt.Sprintf("The picture is %dx%d, and may be at most %dx%d (max-resolution).", width, height, m.Width, m.Height),
	}
}

func fits(n, most int) bool { return most == 0 || n <= most }

// bitrate writes bit/s for people.
func bitrate(bits int64) string {
	if bits >= 1_000_000 {
		return fmt.Sprintf("%.4g Mbit/s", float64(bits)/1e6)
	}
	return fmt.Sprintf("%.4g kbit/s", float64(bits)/1e3)
}
