package database

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

func benchBoth(b *testing.B, bench func(*testing.B, *store)) {
	for _, k := range kinds {
		b.Run(k.Name, func(b *testing.B) { bench(b, open(b, k.URL(b))) })
	}
}

// stream is about what a stream's document looks like.
func stream(i int) Change {
	return Change{Kind: "stream", ID: fmt.Sprintf("st_%016d", i), Body: body(
		`{"app":"live","name":"camera-%d","labels":{"room":"hall","floor":"2"},"visibility":"unlisted",`+
			`"playback":["pb_0123456789abcdefghijkl"],"second_publisher":"take-over","grace":"30s","delivery":"balanced",`+
			`"passthrough":"customer-%d"}`, i, i)}
}

func BenchmarkApply(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store) {
		i := 0
		for b.Loop() {
			i++
			_, err := s.Apply(b.Context(), Batch{
				Actor: "bench", Changes: []Change{stream(i)},
				Events: []Event{{ID: fmt.Sprint(i), Subject: fmt.Sprint(i), Type: "created", Body: body(`{}`), To: []string{"x"}}},
			})
			must(b, err)
		}
	})
}

func BenchmarkApplyAtOnce(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store) {
		var n atomic.Int64
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				apply(b, s, stream(int(n.Add(1))))
			}
		})
	})
}

// A declared set of 10,000 streams in one batch.
func BenchmarkApply10000(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store) {
		changes := make([]Change, 10_000)
		for i := range changes {
			changes[i] = stream(i)
		}
		revision := int64(0)
		for b.Loop() {
			apply(b, s, changes...)
			revision++
			for i := range changes {
				changes[i].Revision = revision
			}
		}
	})
}

func BenchmarkLoad10000(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store) {
		changes := make([]Change, 10_000)
		for i := range changes {
			changes[i] = stream(i)
		}
		apply(b, s, changes...)
		for b.Loop() {
			n := 0
			must(b, s.Load(b.Context(), func(Doc) error { n++; return nil }))
			if n != 10_000 {
				b.Fatal(n)
			}
		}
	})
}

// One event to one endpoint: kept, taken and done, with 100,000 others waiting
// for endpoints and subjects that do not get on.
func BenchmarkDeliver(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store) {
		for i := range 100 {
			events := make([]Event, 1000)
			for j := range events {
				events[j] = Event{ID: fmt.Sprintf("w%d-%d", i, j), Subject: "stuck", Type: "t", Body: body(`{}`), To: []string{"x"}}
			}
			must(b, s.Append(b.Context(), events...))
		}
		due, err := s.Due(b.Context(), "x", time.Now(), 24*time.Hour, 1)
		must(b, err)
		if len(due) != 1 {
			b.Fatal(due)
		}
		i := 0
		for b.Loop() {
			i++
			must(b, s.Append(b.Context(), Event{ID: fmt.Sprint(i), Subject: fmt.Sprint(i), Type: "t", Body: body(`{}`), To: []string{"x"}}))
			due, err := s.Due(b.Context(), "x", time.Now(), time.Minute, 10)
			must(b, err)
			if len(due) != 1 {
				b.Fatal(due)
			}
			must(b, s.Done(b.Context(), "x", due[0].Event.Sequence))
		}
	})
}
