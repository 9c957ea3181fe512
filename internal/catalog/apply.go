package catalog

import (
	"context"
	"errors"
	"slices"
)

// Apply makes the streams of a set so, all of them or none: it makes those that
// are not there and changes the others. With Prune it deletes what is not in the
// set, with their keys. What a stream of the set leaves out is as in a new one,
// but for playback ids, which stay. It returns what it did, or with DryRun what it
// would do.
func (c *Catalog) Apply(ctx context.Context, by Actor, set []Stream, o ApplyOptions) ([]Difference, error) {
	request, err := requestOf(ctx, "apply")
	if err != nil {
		return nil, err
	}
	var diff []Difference
	_, err = c.update(ctx, by, request, func(b *batch) error {
		var err error
		if diff, err = b.applySet(set, o); err != nil {
			return err
		}
		if o.DryRun || len(b.changes) == 0 {
			return errNothing
		}
		return nil
	})
	if err != nil && !isNothing(err) {
		return nil, err
	}
	return diff, nil
}

func (o *ApplyOptions) covers(s *Stream) bool {
	return (o.App == "" || s.App == o.App) && (len(o.Apps) == 0 || slices.Contains(o.Apps, s.App))
}

func (b *batch) applySet(set []Stream, o ApplyOptions) ([]Difference, error) {
	diff := []Difference{}
	wanted := make(map[string]bool, len(set))
	playback := map[string]bool{}
	for i := range set {
		s := set[i].clone()
		switch {
		case !o.covers(s):
			return nil, &FaultError{"streams", "the stream " + s.Path() + " is in another app"}
		case wanted[s.Path()]:
			return nil, &FaultError{"streams", "the stream " + s.Path() + " is in the set twice"}
		}
		wanted[s.Path()] = true
		d, err := b.applyOne(s)
		if err != nil {
			return nil, about(s, err)
		}
		for _, id := range s.PlaybackIDs {
			if playback[id] {
				return nil, about(s, &FaultError{"playback_ids", "one is that of another stream"})
			}
			playback[id] = true
		}
		if d != nil {
			diff = append(diff, *d)
		}
	}
	if !o.Prune {
		return diff, nil
	}
	labels := labelsOf(o.Labels)
	for _, s := range b.x.orders[0] {
		if wanted[s.Path()] || managed(s) || !o.covers(s) || !labelled(s, labels) {
			continue
		}
		if err := b.deleteStream(b.x.items[ref{KindStream, s.ID}]); err != nil {
			return nil, about(s, err)
		}
		diff = append(diff, Difference{Stream: s.Path(), ID: s.ID, Action: Deleted})
	}
	return diff, nil
}

// about says which stream of a set a fault is in.
func about(s *Stream, err error) error {
	var fault *FaultError
	var unsupported *UnsupportedError
	switch {
	case errors.As(err, &fault):
		return &FaultError{"streams." + s.Path() + "." + fault.Field, fault.Reason}
	case errors.As(err, &unsupported):
		return &UnsupportedError{"streams." + s.Path() + "." + unsupported.Field, unsupported.Reason}
	}
	return err
}

// applyOne returns nil if the stream is so already.
func (b *batch) applyOne(s *Stream) (*Difference, error) {
	old := b.x.paths[s.Path()]
	if old == nil {
		if err := b.createStream(s); err != nil {
			return nil, err
		}
		return &Difference{s.Path(), s.ID, Created, compare(nil, encode(s, ""))}, nil
	}
	if len(s.PlaybackIDs) == 0 {
		s.PlaybackIDs = slices.Clone(old.PlaybackIDs)
	}
	s.Meta = old.Meta
	if err := b.c.checkStream(b.x, old, s); err != nil {
		return nil, err
	}
	changes := compare(encode(old, ""), encode(s, ""))
	switch {
	case len(changes) == 0:
		return nil, nil
	case managed(old):
		return nil, b.c.managedError(KindStream, old)
	}
	b.put(KindStream, b.x.items[ref{KindStream, old.ID}], s, "")
	return &Difference{s.Path(), s.ID, Altered, changes}, nil
}
