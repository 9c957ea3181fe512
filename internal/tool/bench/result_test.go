package bench

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestReport(t *testing.T) {
	for name, r := range map[string]Result{
		"full": {
			Address: "rtmp://localhost/live/***", Clip: "noise of 2.0 Mbit/s, 30 pictures a second", Seconds: 31,
			Players: Group{1000, 998, 990}, Publishers: Group{1, 1, 1},
			Messages: 2_263_000, Bytes: 7_750_000_000, Gbit: 62,
			Connect: &Spread{998, 0.7, 12.3, 40}, Join: &Spread{996, 1.2, 18.9, 55.5}, Delay: &Spread{2_200_000, 31.2, 48, 110.04},
			Stalls: 9, StalledPlayers: 8, NeverJoined: 2, Lost: 120, LostPlayers: 3, Unknown: 4, LateMS: 240.5,
			Ends:      []End{{"play rtmp://localhost/live/***: rtmp: connection lost", 8}},
			Observers: 20, Start: &Spread{998, 0.3, 2.1, 8.25},
			Stuck:  &Stuck{Asked: 10, Connected: 10, Closed: 9, After: &Spread{8, 10_100, 10_900, 11_020}},
			Churn:  &Churn{PerSecond: 20, Joins: 600, Failed: 1, Connect: &Spread{599, 0.7, 3, 9}, Join: &Spread{598, 1.4, 9, 21}, NeverJoined: 1},
			CPU:    21.5,
			Steady: &Steady{Seconds: 29, Players: 998, Bytes: 7_250_000_000, Gbit: 58, CPU: 4.25},
			Server: &Server{
				PID: 7, CPU: 17.25, CPUPerGbit: 0.29741, RampCPU: 1, RSSBefore: 18_100_000, RSSAfter: 58_100_000, RSSPerPlayer: 40_080,
				AnonBefore: 9_000_000, AnonAfter: 45_000_000, AnonPerPlayer: 36_000,
			},
		},
		"players": {
			Address: "http://localhost:8080/live/cam1.flv", Seconds: 11,
			Players: Group{100, 100, 100}, Messages: 80_000, Bytes: 275_000_000, Gbit: 2.2,
			Connect: &Spread{100, 0.7, 12.3, 40}, Join: &Spread{100, 1.2, 18.9, 55.5}, CPU: 1.5,
		},
		"viewers": {
			Address: "http://localhost:8080/live/cam1/index.m3u8", Seconds: 11,
			Players: Group{100, 100, 100}, Observers: 100, Bytes: 275_000_000, Gbit: 2.2, Requests: 21_450, Failures: 2,
			Connect: &Spread{100, 0.7, 12.3, 40}, Join: &Spread{100, 1.2, 18.9, 55.5}, Delivery: &Spread{9000, 12.5, 60, 75},
			Stalls: 3, StalledPlayers: 2, CPU: 1.5,
			Steady: &Steady{Seconds: 9, Requests: 18_000, CPU: 0.5},
			Server: &Server{PID: 7, CPU: 0.9, CPUPerRequest: 50, RSSBefore: 18_100_000, RSSAfter: 68_100_000},
		},
		"publishers": {
			Address: "rtmp://localhost/live/***", Clip: "film.mp4", Seconds: 30, Publishers: Group{500, 500, 500}, CPU: 9.1, LateMS: 9.7,
			Server: &Server{PID: 7, CPU: 4, RSSBefore: 18_100_000, RSSAfter: 68_100_000},
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".txt")
			got := r.String()
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("report\n%s\nwant\n%s", got, want)
			}
		})
	}
}
