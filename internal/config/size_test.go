package config

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "1": 1, "64MiB": 64 << 20, "4GiB": 4 << 30, "4 gib": 4 << 30, "1.5TiB": 3 << 39, "500MB": 500e6, "2kB": 2000,
		"10B": 10, " 1KiB ": 1024, "4294967296": 4 << 30,
	} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q is %d, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "GiB", "-1GiB", "4 Gi", "four", "NaN", "inf", "Inf", "9000000TiB", "0x10", "1e3", "4G"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %d", text, s)
		}
	}
	for s, want := range map[Size]string{0: "0", 1: "1B", 4 << 30: "4GiB", 1e9: "1GB", 1536: "1536B", 3 << 39: "1536GiB"} {
		if got := s.String(); got != want {
			t.Errorf("%d is %s, want %s", int64(s), got, want)
		}
	}
}
