package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// obs starts OBS Studio with the profile of docs/obs.md; rename changes what
// stands in its files.
func (k *kitchen) obs(t *testing.T, rename ...string) *process {
	t.Helper()
	return launch(t, "../clients/obs", t.TempDir(), k.obsProfile(t, rename...))
}

func (k *kitchen) obsProfile(t *testing.T, rename ...string) string {
	t.Helper()
	profile := t.TempDir()
	small := []string{"=1280", "=640", "=720", "=360"}
	for _, name := range []string{"service.json", "streamEncoder.json", "basic.ini"} {
		text := strings.NewReplacer(append(small, rename...)...).Replace(k.recipe(t, "docs/obs.md", name))
		if err := os.WriteFile(filepath.Join(profile, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return profile
}

// OBS publishes with a key, and everything that it sends comes out of every
// output. It comes back by itself when the server was restarted.
func TestOBS(t *testing.T) {
	t.Parallel()
	k := locked(t)
	k.obs(t)
	for _, round := range []string{"first", "after a restart"} {
		k.waitState(t, "live/main", "live")
		players := make([]*reading, len(outputs))
		for i, o := range outputs {
			flags := slices.Concat(o.flags, []string{"-read_intervals", "%+3"}) // seconds
			players[i] = probe(t, o.url(k.server, "live/main"), flags...)
		}
		for i, o := range outputs {
			got := players[i].packets(t, 20*time.Second)
			video, audio := of("video", got), of("audio", got)
			if len(video) < 60 || len(audio) < 90 || !video[0].key {
				t.Fatalf("%s: %s gave %d video and %d audio packets", round, o.name, len(video), len(audio))
			}
			for _, track := range [][]packet{video, audio} {
				for i := 1; i < len(track); i++ {
					if step := track[i].dts - track[i-1].dts; step <= 0 || step > 0.5 {
						t.Errorf("%s: %s has a step of %.3f s at packet %d", round, o.name, step, i)
					}
				}
			}
		}
		if v := k.stream(t, "live/main").Video; v == nil || v.Codec != "H.264" || v.Width != 640 {
			t.Errorf("%s: the picture is %+v", round, v)
		}
		if round == "first" {
			k.stop(t)
			k.server = startIn(t, k.data, "--rtmp", k.rtmp)
		}
	}
}

// OBS with the key in the server's address and none in its own field is let
// in; OBS with a wrong key shows the server's sentence.
func TestOBSTypedOtherwise(t *testing.T) {
	t.Parallel()
	k := locked(t)
	right := k.obs(t, "/live\"", "/live/"+k.key+"\"", `"key": "`+k.key+`"`, `"key": ""`)
	k.waitState(t, "live/main", "live")
	right.kill()

	wrong := k.obs(t, k.key, k.key[:len(k.key)-1])
	const sentence = "NetStream.Publish.BadName (this stream key is not known here: " +
		"compare it letter by letter, or ask for a new one)"
	wait(t, 20*time.Second, "OBS to show the refusal", func() bool { return strings.Contains(wrong.out.String(), sentence) })
	if strings.Contains(k.log.String(), k.key[5:len(k.key)-1]) {
		t.Error("the key is in the server's log")
	}
}
