package cmaf

import (
	"bytes"
	"testing"
)

func TestAppendChunk(t *testing.T) {
	a, b := []byte("first"), []byte("2nd")
	for name, samples := range map[string][]Sample{
		"one":      {{Duration: 7, Flags: FlagsSync, Payload: a}},
		"alike":    {{7, 0, FlagsSync, a}, {7, 0, FlagsSync, a}},
		"sizes":    {{7, 0, FlagsSync, a}, {7, 0, FlagsSync, b}},
		"duration": {{7, 0, FlagsSync, a}, {8, 0, FlagsSync, a}},
		"flags":    {{7, 0, FlagsSync, a}, {7, 0, FlagsInter, a}},
		"offsets":  {{7, 0, FlagsSync, a}, {7, -3, FlagsSync, a}, {7, 14, FlagsSync, a}},
		"all":      {{7, 14, FlagsSync, a}, {8, 28, FlagsInter, b}, {9, 1 << 20, FlagsDisposable, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			const begin = 386_546_400_000_000 // 2^32 seconds at 90 kHz
			chunk := AppendChunk([]byte("before"), 5, begin, samples)
			if n := len(chunk) - len("before"); n > ChunkSize(samples) {
				t.Errorf("%d bytes, ChunkSize says %d", n, ChunkSize(samples))
			}
			fragments := readSegment(t, chunk[len("before"):])
			f := fragments[0]
			if len(fragments) != 1 || f.sequence != 5 || f.decode != begin || len(f.samples) != len(samples) {
				t.Fatalf("read %+v", fragments)
			}
			at := int64(begin)
			for i, s := range samples {
				got := f.samples[i]
				if got.decode != at || got.present != at+int64(s.Offset) || got.duration != s.Duration ||
					got.flags != s.Flags || !bytes.Equal(got.payload, s.Payload) {
					t.Errorf("sample %d: wrote %+v, read %+v", i, s, got)
				}
				at += int64(s.Duration)
			}
		})
	}
}

// benchSamples are two seconds of 30 frames each, six megabits a second.
func benchSamples() []Sample {
	samples := make([]Sample, 60)
	for i := range samples {
		samples[i] = Sample{Duration: 3000 + uint32(i%2), Offset: 6000, Flags: FlagsInter, Payload: make([]byte, 25_000+i)}
	}
	return samples
}

func TestAppendChunkAllocatesNothing(t *testing.T) {
	samples := benchSamples()
	dst := make([]byte, 0, ChunkSize(samples))
	if n := testing.AllocsPerRun(20, func() { AppendChunk(dst, 1, 0, samples) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendChunk(b *testing.B) {
	samples := benchSamples()
	dst := make([]byte, 0, ChunkSize(samples))
	b.SetBytes(int64(len(AppendChunk(dst, 1, 0, samples))))
	b.ReportAllocs()
	for b.Loop() {
		AppendChunk(dst, 1, 0, samples)
	}
}
