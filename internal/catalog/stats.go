package catalog

// Stats is how much there is.
type Stats struct {
	Objects map[string]int // by kind, those of the config file included
	// Away says that the database did not answer when it was last asked what other
	// nodes changed, about a second ago.
	Away bool
}

// Stats counts what there is now, without asking the database.
func (c *Catalog) Stats() Stats {
	s := Stats{Objects: make(map[string]int), Away: c.gone.Load()}
	c.mu.RLock()
	defer c.mu.RUnlock()
	x := c.index
	s.Objects[KindStream], s.Objects[KindKey], s.Objects[KindCredential] = len(x.paths), len(x.hashes), len(x.users)
	for kind, items := range x.others {
		s.Objects[kind] = len(items)
	}
	return s
}
