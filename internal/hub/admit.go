package hub

import (
	"context"
	"strings"
)

// nowhere ends names that no stream can have.
const nowhere = "\x00"

// Nowhere returns a name by which nothing is ever on air, for players from whom a
// stream is hidden: they wait as long, and are told the same, as those who ask for
// a stream that there is not.
func Nowhere(stream string) string { return stream + nowhere }

// isName reports whether a name can be that of a stream, and not of what the
// registry hides beside them.
func isName(s string) bool { return strings.IndexByte(s, 0) < 0 }

// IsNowhere reports whether a name is one of Nowhere.
func IsNowhere(stream string) bool { return strings.HasSuffix(stream, nowhere) }

type admission struct {
	stream string
	permit Permit
}

type admissionKey struct{}

// Admit returns the context of a request whose sender may play the stream,
// "app/name", by the permit, which may be nil. Play and Still with that context
// then ask nobody whether he may. Doors that are asked for files need this: they
// play a stream once for all their viewers, each of whose requests somebody else has
// to look at.
func Admit(ctx context.Context, stream string, p Permit) context.Context {
	return context.WithValue(ctx, admissionKey{}, admission{stream, p})
}

// admitted completes a request whose context was made by Admit.
func (r *PlayRequest) admitted(ctx context.Context) {
	if a, ok := ctx.Value(admissionKey{}).(admission); ok && a.stream == r.Stream {
		r.Admitted, r.Permit = true, a.permit
	}
}
