package access

// Keyrings are several rings as one: of two that hold a key the first counts.
type Keyrings []*Keyring

// Find implements [Keys]. It looks into every ring, as long as that takes.
func (rs Keyrings) Find(secret string) (Key, bool) {
	var found Key
	for _, r := range rs {
		if k, ok := r.Find(secret); ok && found.Stream == "" {
			found = k
		}
	}
	return found, found.Stream != ""
}

// HasStream implements [Keys].
func (rs Keyrings) HasStream(stream string) bool {
	for _, r := range rs {
		if r.HasStream(stream) {
			return true
		}
	}
	return false
}
