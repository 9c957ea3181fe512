package tool

import (
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

func TestJoiner(t *testing.T) {
	const ms = int64(time.Millisecond)
	type frame struct {
		kind    media.Kind
		in, out int64 // DTS in ms
	}
	const v, a = media.Video, media.Audio
	for _, c := range []struct {
		name    string
		restart int // the frame before which another pass begins; 0 for none
		joints  int
		frames  []frame
	}{
		{"even", 0, 0, []frame{{v, 100, 100}, {a, 105, 105}, {v, 140, 140}, {a, 126, 126}, {v, 180, 180}}},
		{"jump ahead", 0, 1, []frame{{v, 0, 0}, {v, 40, 40}, {v, 9040, 80}, {v, 9080, 120}}},
		{"jump back", 0, 1, []frame{{v, 9000, 9000}, {v, 9040, 9040}, {v, 0, 9080}, {a, 10, 9090}, {v, 40, 9120}}},
		{"a hole is kept", 0, 0, []frame{{v, 0, 0}, {v, 40, 40}, {v, 4000, 4000}}},
		{"a little back is kept", 0, 0, []frame{{v, 0, 0}, {v, 400, 400}, {v, 100, 100}}},
		{"another pass", 4, 0, []frame{{v, 0, 0}, {a, 0, 0}, {v, 40, 40}, {a, 23, 23}, {v, 0, 80}, {a, 0, 80}, {v, 40, 120}}},
		{
			"another pass, sound is longer", 4, 0,
			[]frame{{v, 0, 0}, {a, 0, 0}, {a, 50, 50}, {a, 100, 100}, {v, 0, 150}, {a, 5, 155}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j Joiner
			for i, f := range c.frames {
				if c.restart > 0 && i == c.restart {
					j.Restart()
				}
				in := &media.Frame{Kind: f.kind, DTS: f.in * ms, PTS: (f.in + 7) * ms}
				got := j.Join(in)
				if got.DTS != f.out*ms || got.PTS != (f.out+7)*ms {
					t.Errorf("frame %d: %d ms, want %d", i, got.DTS/ms, f.out)
				}
				if in.DTS != f.in*ms {
					t.Error("the frame itself was changed")
				}
			}
			if j.Joints() != c.joints {
				t.Errorf("%d joints", j.Joints())
			}
		})
	}
}
