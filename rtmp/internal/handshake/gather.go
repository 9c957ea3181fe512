package handshake

// gather collects the parts of the handshake, which have known sizes, from
// input that is cut anywhere.
type gather struct {
	buf [1 + blockSize]byte
	n   int
}

// take moves bytes of p into the part that is being collected, which is size
// bytes long. The part, when it is whole, is valid until the next call.
func (g *gather) take(p []byte, size int) (part []byte, n int) {
	n = copy(g.buf[g.n:size], p)
	g.n += n
	if g.n < size {
		return nil, n
	}
	g.n = 0
	return g.buf[:size], n
}

// first gives the version when p begins with it, before anything is taken: a
// caller may try another protocol on the same bytes.
func (g *gather) first(p []byte) (version byte, ok bool) {
	if g.n > 0 || len(p) == 0 {
		return 0, false
	}
	return p[0], true
}
