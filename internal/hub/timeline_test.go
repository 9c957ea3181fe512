package hub

import (
	"testing"
	"testing/quick"
	"time"

	"github.com/millrace-live/millrace/media"
)

// step is one frame: its track, source time and arrival, and what becomes of
// it. All in milliseconds.
type step struct {
	track byte // v, w (a second video track), c (an end of sequence), a, d
	src   int
	at    int
	want  int
	epoch uint32
}

func (s step) frame() *media.Frame {
	switch s.track {
	case 'v':
		return inter(s.src)
	case 'w':
		f := inter(s.src)
		f.Track = 1
		return f
	case 'c':
		f := inter(s.src)
		f.Class = media.Command
		return f
	case 'a':
		return sound(s.src)
	}
	return metadata(s.src, "x")
}

func TestTimeline(t *testing.T) {
	const again = 'p' // another publication begins
	tests := []struct {
		name  string
		steps []step
	}{
		{"the first publication keeps its timestamps", []step{
			{'v', 4294960000, 0, 4294960000, 0}, {'a', 4294960003, 5, 4294960003, 0}, {'v', 4294960040, 40, 4294960040, 0},
		}},
		{"sound that lies behind the picture stays there", []step{
			{'v', 5000, 0, 5000, 0}, {'a', 3500, 10, 3500, 0}, {'v', 5040, 40, 5040, 0}, {'a', 3523, 50, 3523, 0},
		}},
		{"media that runs ahead of its arrivals is no fault", []step{
			{'v', 0, 0, 0, 0}, {'v', 4000, 1, 4000, 0}, {'v', 8000, 2, 8000, 0}, {'v', 12000, 3, 12000, 0}, {'v', 16000, 4, 16000, 0},
		}},
		{"a sparse track in a file that is sent fast", []step{
			{'v', 0, 0, 0, 0},
			{'a', 0, 0, 0, 0},
			{'a', 4000, 1, 4000, 0},
			{'a', 8000, 2, 8000, 0},
			{'a', 9900, 3, 9900, 0},
			{'v', 10000, 4, 10000, 0},
		}},
		{"a pause is kept", []step{
			{'v', 0, 0, 0, 0}, {'a', 10, 10, 10, 0}, {'v', 30000, 30000, 30000, 0}, {'a', 30010, 30010, 30010, 0},
		}},
		{"5 s forward is no fault, more is", []step{
			{'v', 0, 0, 0, 0}, {'v', 5040, 40, 5040, 0}, {'v', 10081, 80, 5080, 1}, {'v', 10121, 120, 5120, 1},
		}},
		{"an end of sequence shares the time of the last picture", []step{
			{'v', 0, 0, 0, 0}, {'v', 40, 40, 40, 0}, {'c', 40, 41, 40, 0}, {'v', 40, 42, 41, 0}, {'c', 30, 43, 41, 0},
		}},
		{"a small step back is clamped", []step{
			{'v', 1000, 0, 1000, 0},
			{'v', 1040, 40, 1040, 0},
			{'v', 100, 80, 1041, 0},
			{'v', 1041, 120, 1042, 0},
			{'v', 1081, 160, 1081, 0},
		}},
		{"a timestamp that stands still is clamped", []step{
			{'v', 1000, 0, 1000, 0}, {'v', 1000, 40, 1001, 0}, {'v', 1000, 80, 1002, 0},
		}},
		{"more than 1 s back is a fault", []step{
			{'v', 9000, 0, 9000, 0}, {'v', 7999, 40, 9040, 1}, {'v', 8039, 80, 9080, 1},
		}},
		{"a clock that stood still while time went on is joined", []step{
			{'v', 1000, 0, 1000, 0},
			{'a', 1000, 0, 1000, 0},
			{'v', 1040, 20000, 21000, 1},
			{'a', 1030, 20000, 20990, 1},
			{'v', 1080, 20040, 21040, 1},
		}},
		{"sound and picture jump together, in one epoch", []step{
			{'v', 1000, 0, 1000, 0},
			{'a', 1005, 5, 1005, 0},
			{'v', 90000, 40, 1040, 1},
			{'a', 90005, 45, 1045, 1},
			{'v', 90040, 80, 1080, 1},
			{'a', 90045, 85, 1085, 1},
		}},
		{"frames from before a jump are still on their way", []step{
			{'v', 1000, 0, 1000, 0},
			{'a', 1000, 0, 1000, 0},
			{'v', 90000, 40, 1040, 1},
			{'a', 1040, 41, 1040, 1},
			{'v', 90040, 80, 1080, 1},
			{'a', 1080, 81, 1080, 1},
			{'a', 90120, 120, 1160, 1},
			{'v', 90080, 120, 1120, 1},
		}},
		{"a jump back to zero, sound first", []step{
			{'v', 60000, 0, 60000, 0},
			{'a', 60010, 5, 60010, 0},
			{'a', 0, 28, 60033, 1},
			{'v', 0, 40, 60033, 1},
			{'a', 23, 51, 60056, 1},
			{'v', 40, 80, 60073, 1},
		}},
		{"a jump a little beyond the bound moves both", []step{
			{'v', 10000, 0, 10000, 0},
			{'a', 10000, 0, 10000, 0},
			{'v', 15060, 40, 10040, 1},
			{'a', 15010, 40, 10001, 1},
			{'v', 15100, 80, 10080, 1},
			{'a', 15060, 80, 10040, 1},
		}},
		{"a track that begins late begins in the stream's time", []step{
			{'v', 0, 0, 0, 0}, {'v', 4000, 4000, 4000, 0}, {'v', 8000, 8000, 8000, 0}, {'a', 7900, 8001, 7900, 0},
		}},
		{"a late track with a clock of its own is joined and leaves the others alone", []step{
			{'v', 100000, 0, 100000, 0},
			{'a', 0, 10, 100010, 1},
			{'v', 100040, 40, 100040, 1},
			{'a', 23, 33, 100033, 1},
			{'v', 100080, 80, 100080, 1},
		}},
		{"a take-over goes on where the stream is", []step{
			{'v', 5000, 0, 5000, 0},
			{'a', 5010, 5, 5010, 0},
			{again, 0, 0, 0, 0},
			{'v', 77000, 105, 5110, 1},
			{'a', 76980, 106, 5090, 1},
			{'v', 77040, 145, 5150, 1},
		}},
		{"a return goes on after the time that it took", []step{
			{'v', 5000, 0, 5000, 0}, {again, 0, 0, 0, 0}, {'d', 0, 11900, 5000, 0}, {'v', 0, 12000, 17000, 1}, {'a', 3, 12001, 17003, 1},
		}},
		{"a publication that never sent media leaves the time alone", []step{
			{'d', 3, 0, 0, 0}, {again, 0, 0, 0, 0}, {'v', 800, 100, 800, 0},
		}},
		{"data follows and never drives", []step{
			{'d', 5, 0, 0, 0},
			{'v', 60000, 0, 60000, 0},
			{'d', 0, 10, 60000, 0},
			{'d', 60500, 20, 60500, 0},
			{'d', 60200, 25, 60500, 0},
			{'d', 99999999, 30, 60500, 0},
			{'v', 60040, 40, 60040, 0},
		}},
		{"tracks of one kind are judged apart", []step{
			{'v', 1000, 0, 1000, 0}, {'w', 500, 1, 500, 0}, {'v', 1040, 40, 1040, 0}, {'w', 540, 41, 540, 0},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tl timeline
			for i, s := range tt.steps {
				if s.track == again {
					tl.begin()
					continue
				}
				f := s.frame()
				f.PTS += ms(80)
				tl.stamp(f, ms(s.at))
				if f.DTS != ms(s.want) || f.Epoch != s.epoch {
					t.Fatalf("step %d: %c %d ms: got %v in epoch %d, want %d ms in %d", i, s.track, s.src,
						time.Duration(f.DTS), f.Epoch, s.want, s.epoch)
				}
				if f.PTS-f.DTS != ms(80) {
					t.Fatalf("step %d: PTS-DTS is %v, was 80 ms", i, time.Duration(f.PTS-f.DTS))
				}
			}
		})
	}
}

// Whatever the source says, DTS rises in each track, and epochs rise.
func TestTimelineIsMonotonic(t *testing.T) {
	check := func(steps []struct {
		Track uint8
		Src   int32
		Wait  uint16
		Begin uint8
	},
	) bool {
		var tl timeline
		last := make(map[byte]int64)
		var at int64
		var epoch uint32
		for _, s := range steps {
			at += ms(int(s.Wait))
			track := "vwad"[s.Track%4]
			if s.Begin < 10 {
				tl.begin()
			}
			f := step{track: track, src: int(s.Src)}.frame()
			tl.stamp(f, at)
			if was, ok := last[track]; ok && (f.DTS < was || track != 'd' && f.DTS == was) || f.Epoch < epoch {
				return false
			}
			last[track], epoch = f.DTS, f.Epoch
		}
		return true
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 3000}); err != nil {
		t.Error(err)
	}
}
