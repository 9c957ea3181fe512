package catalog

import (
	"testing"

	"github.com/millrace-live/millrace/internal/config"
)

func TestStats(t *testing.T) {
	h := small(t)
	ctx := t.Context()
	s := h.create("live/a")
	h.key(s, Key{})
	must(t, h.Declare(Declared{
		Streams: []Stream{{App: "live", Name: "declared"}},
		Keys:    []DeclaredKey{{Key: Key{Path: "live/declared"}, Secret: config.NewSecret("s3cret-enough")}},
	}))
	_, _, err := h.CreateToken(ctx, me, Token{Role: Viewer})
	must(t, err)
	got := h.Stats()
	// With live/main and its key, which the first start makes.
	for kind, want := range map[string]int{KindStream: 3, KindKey: 3, KindToken: 1, KindCredential: 0, KindBan: 0, KindWebhook: 0} {
		if n, ok := got.Objects[kind]; n != want || !ok {
			t.Errorf("%d of the kind %s, want %d", n, kind, want)
		}
	}
	if got.Away {
		t.Error("the database is said to be away")
	}
}
