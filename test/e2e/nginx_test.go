package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// nginx-rtmp as the server between our two commands gets and gives every packet.
func TestCommandsAgainstNginx(t *testing.T) {
	t.Parallel()
	const module = "/usr/lib/nginx/modules/ngx_rtmp_module.so"
	if _, err := os.Stat(module); err != nil {
		t.Fatalf("nginx-rtmp is not installed (make setup): %v", err)
	}
	l := listen(t)
	address := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	config, log := filepath.Join(dir, "nginx.conf"), filepath.Join(dir, "error.log")
	text := fmt.Sprintf(`
load_module %s;
daemon off; master_process off; pid %s/pid; error_log %s info;
events {}
rtmp { server { listen %s; application live { live on; publish_notify on; } } }
`, module, dir, log, address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	launch(t, "nginx", "-e", log, "-c", config)
	wait(t, 10*time.Second, "nginx to listen", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})

	file := clip(t, "film", 4)
	in := probe(t, file).packets(t, 20*time.Second)
	url, out := "rtmp://"+address+"/live/relayed", filepath.Join(dir, "out.flv")
	player := launch(t, program, "play", "-o", out, url)
	wait(t, 10*time.Second, "the player to play", func() bool {
		said, _ := os.ReadFile(log)
		return strings.Contains(string(said), "play: name='relayed'")
	})
	publisher := launch(t, program, "publish", file, url)
	if code := publisher.wait(t, 30*time.Second); code != 0 {
		t.Errorf("publish ended with status %d", code)
	}
	if code := player.wait(t, 30*time.Second); code != 0 {
		t.Errorf("play ended with status %d", code)
	}
	got := probe(t, out).packets(t, 20*time.Second)
	equal(t, "nginx-rtmp", in, got, 0)
	if len(got) != len(in) {
		t.Errorf("%d of %d packets came out", len(got), len(in))
	}
}
