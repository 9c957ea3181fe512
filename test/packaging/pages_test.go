package packaging

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/millrace-live/millrace/test/docs"
)

// recipe is a block of one of the pages.
func recipe(t *testing.T, page, name string) string {
	t.Helper()
	text, err := docs.Recipe(page, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestInstallPageDebian(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the page has the package for amd64")
	}
	s := inSandbox(t)
	if s == nil {
		return
	}
	s.run(t, "rm", "-rf", "/etc/millrace", "/var/lib/millrace")
	s.standInForSystemd(t)
	s.bring(t, filepath.Join(s.dist, "millrace_0.9.0_amd64.deb"))
	s.write(t, "/usr/bin/sudo", "#!/bin/sh\nexec \"$@\"\n", 0o755)
	install, key, _ := strings.Cut(recipe(t, "docs/install.md", "debian"), "\n")
	s.run(t, "sh", "-ec", "cd /tmp; "+install)
	s.serve(t).stop(t)
	if got := s.run(t, "sh", "-ec", key); len(strings.TrimSpace(got)) < 32 {
		t.Errorf("the second line shows %q", got)
	}
}

func TestInstallPageSystemd(t *testing.T) {
	s := inSandbox(t)
	if s == nil {
		return
	}
	s.run(t, "rm", "-rf", "/etc/millrace", "/var/lib/millrace", "/usr/bin/millrace")
	s.standInForSystemd(t)
	archive := s.bring(t, filepath.Join(s.dist, "millrace_"+version+"_linux_"+runtime.GOARCH+".tar.gz"))
	s.run(t, "tar", "-C", "/tmp", "-xzf", archive)
	install, key, ok := strings.Cut(recipe(t, "docs/install.md", "systemd"), "cat ")
	if !ok {
		t.Fatal("the page shows no key")
	}
	s.run(t, "sh", "-ec", "cd "+strings.TrimSuffix(archive, ".tar.gz")+"\n"+install)
	s.called(t, "enable")
	s.run(t, "systemd-analyze", "verify", "/etc/systemd/system/millrace.service")
	s.run(t, "install", "-d", "-o", "millrace", "-g", "millrace", "-m", "0700", "/var/lib/millrace") // as StateDirectory= does
	s.serve(t).stop(t)
	if got := s.run(t, "sh", "-ec", "cat "+key); len(strings.TrimSpace(got)) < 32 {
		t.Errorf("the last line shows %q", got)
	}
}

func TestInstallPageCheck(t *testing.T) {
	cmd := exec.Command("sh", "-ec", recipe(t, "docs/install.md", "check"))
	cmd.Dir = dist
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "millrace "+version) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestProxyPage runs nginx with the page's configuration in front of a server.
func TestProxyPage(t *testing.T) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Fatal("nginx is not installed: make setup")
	}
	rtmp, web := serve(t, "--demo", "--public-url", "https://tv.example.org", "--trusted-proxy", "127.0.0.1")
	dir := t.TempDir()
	replace := func(text string, pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(text, pairs[i]) {
				t.Fatalf("the page has no %q", pairs[i])
			}
		}
		return strings.NewReplacer(pairs...).Replace(text)
	}
	// Sockets of the file system cannot be taken by somebody else.
	httpBlock := replace(recipe(t, "docs/behind-a-proxy.md", "http"), "listen 80;", "listen unix:"+dir+"/http;", "127.0.0.1:8080", web)
	streamBlock := replace(recipe(t, "docs/behind-a-proxy.md", "stream"), "listen 1935;", "listen unix:"+dir+"/rtmp;", "127.0.0.1:11935", rtmp)
	config := "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\ndaemon off; pid nginx.pid; error_log error.log;\nevents {}\n" +
		"http { access_log off; client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;\n" +
		httpBlock + "}\n" + streamBlock
	if err := os.WriteFile(dir+"/nginx.conf", []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, exec.Command(program, "-p", dir, "-e", "error.log", "-c", dir+"/nginx.conf"))
	dial := func(name string) net.Conn {
		var c net.Conn
		eventually(t, "nginx", func() bool {
			c, err = net.Dial("unix", dir+"/"+name)
			return err == nil
		})
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(15 * time.Second))
		return c
	}

	ask := func(method, path string, header http.Header) *http.Response {
		c := dial("http")
		req, err := http.NewRequestWithContext(t.Context(), method, "http://tv.example.org"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		if err := req.Write(c); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), req)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	for path, want := range map[string]int{
		"/": 200, "/live/demo": 200, "/live/demo/index.m3u8": 200, "/api/v1/streams": 200, "/api/v1/streams/live/demo": 200,
		"/api/v1/reload": 404, "/api/v1/sessions": 404, "/metrics": 404, "/readyz": 200,
	} {
		if got := ask("GET", path, http.Header{}); got.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, got.StatusCode, want)
		}
	}
	head := make([]byte, 3)
	if _, err := io.ReadFull(ask("GET", "/live/demo.flv", http.Header{}).Body, head); err != nil || string(head) != "FLV" {
		t.Errorf("HTTP-FLV begins with %q, %v", head, err)
	}
	upgrade := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-WebSocket-Version": {"13"}, "Sec-WebSocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	if got := ask("GET", "/live/demo.flv", upgrade); got.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("WebSocket-FLV: status %d", got.StatusCode)
	}
	var list struct {
		Streams []struct{ Addresses struct{ Page string } }
	}
	if err := json.NewDecoder(ask("GET", "/api/v1/streams", http.Header{}).Body).Decode(&list); err != nil ||
		len(list.Streams) != 1 || list.Streams[0].Addresses.Page != "https://tv.example.org/live/demo" {
		t.Errorf("the addresses behind the proxy: %+v, %v", list, err)
	}

	// RTMP's handshake: version 3 and 1,536 bytes, which come back.
	c := dial("rtmp")
	if _, err := c.Write(append([]byte{3}, make([]byte, 1536)...)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 1+1536)
	if _, err := io.ReadFull(c, answer); err != nil || answer[0] != 3 {
		t.Errorf("RTMP's handshake: %d, %v", answer[0], err)
	}
}

// start runs a program until the test ends.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		stuck := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		stuck.Stop()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s:\n%s", cmd.Path, text)
		}
		log.Close()
	})
}

// serve runs the released server on free ports and returns its addresses.
func serve(t *testing.T, flags ...string) (rtmp, web string) {
	t.Helper()
	data := t.TempDir()
	start(t, exec.Command(binary, append([]string{"serve", "--data", data, "--rtmp", "127.0.0.1:0", "--rtmps", "off", "--http", "127.0.0.1:0"}, flags...)...))
	eventually(t, "the server", func() bool {
		return exec.CommandContext(context.Background(), binary, "health", "--data", data).Run() == nil
	})
	text, err := os.ReadFile(data + "/addresses.json")
	if err != nil {
		t.Fatal(err)
	}
	var addresses map[string]string
	if err := json.Unmarshal(text, &addresses); err != nil {
		t.Fatal(err)
	}
	return addresses["rtmp"], addresses["http"]
}
