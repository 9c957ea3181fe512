package media

import "testing"

func TestLevelName(t *testing.T) {
	for _, tt := range []struct {
		c    AVCConfig
		want string
	}{
		{AVCConfig{Profile: 100, Level: 40}, "4.0"},
		{AVCConfig{Profile: 66, Level: 11, Compat: 0x10}, "1b"},
		{AVCConfig{Profile: 100, Level: 9}, "1b"},
		{AVCConfig{Profile: 66, Level: 11}, "1.1"},
	} {
		if got := tt.c.LevelName(); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.c, got, tt.want)
		}
	}
}
