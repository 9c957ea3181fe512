package catalog

import (
	"fmt"
	"testing"

	"github.com/millrace-live/millrace/internal/database"
)

// big has 10,000 streams with 20,000 keys, of which it returns some secrets.
func big(b *testing.B) (*house, []string) {
	h := filled(b, 10_000)
	page, _, err := h.Streams(StreamQuery{Limit: 1000})
	must(b, err)
	var secrets []string
	for at := 0; at < 10_000; at += 5000 {
		var changes []database.Change
		for _, s := range h.index.orders[0][at : at+5000] {
			for range 2 {
				secret := newSecret(keySecret).Reveal()
				k := &Key{Path: s.Path(), Hash: digestOf(secret).String()}
				changes = append(changes, database.Change{Kind: KindKey, ID: newID(keyPrefix), Body: encode(k, "")})
				secrets = append(secrets, secret)
			}
		}
		_, err := h.db.Apply(b.Context(), database.Batch{Actor: "test", Changes: changes})
		must(b, err)
	}
	must(b, h.catchUp(b.Context()))
	if len(page) != 1000 || len(h.index.hashes) < 20_000 {
		b.Fatalf("there are %d keys", len(h.index.hashes))
	}
	return h, secrets
}

func BenchmarkCatalog(b *testing.B) {
	h, secrets := big(b)
	b.Run("FindKey", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, _, ok := h.FindKey(secrets[i%len(secrets)]); !ok {
				b.Fatal("not found")
			}
		}
	})
	b.Run("FindKey/parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				h.FindKey(secrets[i%len(secrets)])
			}
		})
	})
	for name, q := range map[string]StreamQuery{
		"first":  {Limit: 100},
		"last":   {Sort: "-updated", Limit: 100},
		"search": {Search: "camera 9999"},
		"labels": {Labels: map[string]string{"n": "3", "x": "y"}},
		"whole":  {Limit: MaxLimit, Visibility: Private, Keep: func(s *Stream) bool { return s.App == "live" }},
	} {
		b.Run("Streams/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, err := h.Streams(q)
				must(b, err)
			}
		})
	}
	b.Run("ChangeStream", func(b *testing.B) {
		s, _ := h.StreamByPath("live/cam00100")
		for i := 0; b.Loop(); i++ {
			_, err := h.ChangeStream(b.Context(), me, s.ID, 0, func(s *Stream) error { s.Title = fmt.Sprint(i); return nil })
			must(b, err)
		}
	})
	b.Run("Declare", func(b *testing.B) {
		for b.Loop() {
			must(b, h.Declare(Declared{Streams: []Stream{{App: "live", Name: "declared"}}}))
		}
	})
	b.Run("Open", func(b *testing.B) {
		for b.Loop() {
			h.end()
			h.open()
		}
	})
}
