//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// measure takes all samples: rounds outside and servers inside, so that they
// all see the same machine, and in each round another one is first. It ends
// early if ctx does, with the samples until then.
func measure(ctx context.Context, b *bed, o *options, progress io.Writer) []*sample {
	left, count := plan(o)
	fmt.Fprintf(progress, "%d measurements, about %s\n", count, left.Round(time.Minute))
	var samples []*sample
	for i := range o.scenarios {
		sc := &o.scenarios[i]
		for j := range sc.sizes {
			z, held := &sc.sizes[j], false
			for round := range o.rounds {
				for k := range sc.servers {
					name := sc.servers[(k+round)%len(sc.servers)]
					s := b.sample(ctx, sc, z, name, round+1)
					if ctx.Err() != nil {
						return samples
					}
					samples, held = append(samples, s), held || sc.holds == nil || sc.holds(s)
					left -= z.lasts()
					fmt.Fprintf(progress, "[%d/%d, %s left] %s, %s, round %d, %s: %s\n", len(samples), count,
						max(left, 0).Round(time.Second), sc.name, z.label, round+1, name, sc.brief(s))
				}
			}
			if !held {
				break
			}
		}
	}
	return samples
}

// plan estimates how long it takes.
func plan(o *options) (all time.Duration, count int) {
	for _, sc := range o.scenarios {
		for _, z := range sc.sizes {
			n := o.rounds * len(sc.servers)
			all += time.Duration(n) * z.lasts()
			count += n
		}
	}
	return all, count
}

func (z *size) lasts() (all time.Duration) {
	for _, l := range z.loads {
		all += l.lasts()
	}
	return all
}

// brief is a sample in a line of progress.
func (sc *scenario) brief(s *sample) string {
	text := ""
	for _, c := range sc.columns {
		if v, ok := c.value(s); ok && c.base == "" {
			text += fmt.Sprintf("%s %s, ", c.head, digits(v))
		}
	}
	return text + s.remarks()
}
