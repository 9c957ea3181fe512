package event

import (
	"fmt"
	"strings"
	"testing"
)

func push(q *queue, words string) {
	for w := range strings.FieldsSeq(words) {
		t := map[byte]Type{'v': Viewers, 's': SessionOpened, 'k': KeyUsed, 'l': StreamLive, 'i': StreamIdle}[w[0]]
		q.push(item{t: t, subject: w})
	}
}

func TestQueue(t *testing.T) {
	for _, c := range []struct {
		name       string
		push, want string
		dropped    string
	}{
		{"order", "k1 v2 l3 s4", "k1 v2 l3 s4", "[0 0 0]"},
		{"the oldest cheap one goes", "k1 v2 s3 k4 k5", "k1 s3 k4 k5", "[1 0 0]"},
		{"then the oldest plain one", "k1 k2 k3 k4 k5", "k2 k3 k4 k5", "[0 1 0]"},
		{"a cheap one does not push out a plain one", "k1 k2 k3 k4 v5", "k1 k2 k3 k4", "[1 0 0]"},
		{"live and idle have room always", "l1 k2 i3 k4 l5 k6 i7 k8 l9 i10", "l1 k2 i3 k4 l5 k6 i7 k8 l9 i10", "[0 0 0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := newQueue(4)
			push(q, c.push)
			var got []string
			for {
				some := q.take(3)
				if len(some) == 0 {
					break
				}
				for _, i := range some {
					got = append(got, i.subject)
				}
			}
			if g := strings.Join(got, " "); g != c.want {
				t.Errorf("it gives %q, not %q", g, c.want)
			}
			if n, dropped := q.size(); n != 0 || fmt.Sprint(dropped) != c.dropped {
				t.Errorf("%d wait, %v were dropped", n, dropped)
			}
		})
	}
}
