package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// handshake is what openssl prints of a handshake with a port. It is done when
// openssl has got to the end of its input.
func (f *fortress) handshake(t *testing.T, port string, flags ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	args := slices.Concat([]string{
		"s_client", "-connect", f.ports[port], "-servername", "localhost", "-CAfile", f.signer.file, "-verify_return_error",
	}, flags)
	// The exit status is that of the handshake, which is in the text as well.
	out, _ := exec.CommandContext(ctx, "openssl", args...).CombinedOutput()
	return string(out)
}

// Every port speaks TLS 1.2 and 1.3, and nothing older unless it is told to.
func TestTLSVersions(t *testing.T) {
	t.Parallel()
	modern := fortified(t)
	old := fortified(t, "--tls-min", "1.0")
	old.logged(t, `"level":"WARN"`, "tls-min")
	for _, c := range []struct {
		flag, version string
		modern        bool
	}{{"-tls1", "1", false}, {"-tls1_1", "1.1", false}, {"-tls1_2", "1.2", true}, {"-tls1_3", "1.3", true}} {
		for _, port := range []string{"rtmp", "rtmps", "http"} {
			flags := []string{c.flag, "-cipher", "ALL:@SECLEVEL=0"}
			version := regexp.MustCompile(`(?m)^New, TLSv1.3, |^ *Protocol  : TLSv` + regexp.QuoteMeta(c.version) + "$")
			spoken := func(text string) bool {
				return version.MatchString(text) && !strings.Contains(text, "Cipher is (NONE)") && strings.Contains(text, "Verification: OK")
			}
			text := modern.handshake(t, port, flags...)
			if spoken(text) != c.modern || strings.Contains(text, "alert protocol version") == c.modern {
				t.Errorf("openssl %s at --%s:\n%s", c.flag, port, text)
			}
			if text := old.handshake(t, port, flags...); !spoken(text) {
				t.Errorf("openssl %s at --%s with --tls-min 1.0:\n%s", c.flag, port, text)
			}
		}
	}
	modern.logged(t, "connection refused", "the client offers at most TLS 1.1, and this server wants at least TLS 1.2", "tls-min")
	modern.logged(t, "connection refused", "the client offers at most TLS 1.0, and this server wants at least TLS 1.2", "tls-min")
}

// A certificate that is replaced is there for the next client, and a bad one is
// not; the stream that is on air over the old one loses no packet.
func TestCertificateReplacedOnAir(t *testing.T) {
	t.Parallel()
	f := fortified(t, "--open")
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)
	url := f.at("rtmps", "rtmps", "live/replaced")
	played := filepath.Join(t.TempDir(), "played.flv")
	player := ffmpeg7Run(t, f.signer.trust("rtmps"), "-i", url, "-c", "copy", played)
	f.waitState(t, "live/replaced", "waiting")
	publisher := ffmpeg7Run(t, slices.Concat([]string{"-re", "-i", file, "-c", "copy"}, f.signer.trust("rtmps")), "-f", "flv", url)
	f.waitState(t, "live/replaced", "live")

	serial := func(port string) string {
		text := f.handshake(t, port)
		cert := regexp.MustCompile(`(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----`).FindString(text)
		read := exec.Command("openssl", "x509", "-noout", "-serial")
		read.Stdin = strings.NewReader(cert)
		out, err := read.Output()
		if err != nil {
			t.Fatalf("read the certificate of --%s: %v\n%s", port, err, text)
		}
		return strings.TrimLeft(strings.TrimPrefix(strings.TrimSpace(string(out)), "serial="), "0")
	}
	is := func(want string) func() bool {
		return func() bool {
			return !slices.ContainsFunc([]string{"rtmp", "rtmps", "http"}, func(port string) bool { return serial(port) != want })
		}
	}
	first := fmt.Sprintf("%X", f.leaf.SerialNumber)
	if !is(first)() {
		t.Errorf("the certificate is not number %s", first)
	}
	second := fmt.Sprintf("%X", f.signer.issue(t, f.pair).SerialNumber)
	wait(t, 20*time.Second, "the new certificate on every port", is(second))

	if err := os.WriteFile(f.pair.cert, []byte("no certificate\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.logged(t, `"level":"ERROR"`, f.pair.cert)
	if !is(second)() {
		t.Error("a bad file took the place of a good certificate")
	}
	if !publisher.running() || !player.running() {
		t.Error("the stream was over before the certificates were replaced")
	}
	if code := publisher.wait(t, time.Minute); code != 0 {
		t.Errorf("the publisher ended with status %d", code)
	}
	if code := player.wait(t, 30*time.Second); code != 0 {
		t.Errorf("the player ended with status %d", code)
	}
	got := probe(t, played).packets(t, 20*time.Second)
	equal(t, "the stream", in, got, 0)
	if len(got) != len(in) {
		t.Errorf("%d of %d packets came out", len(got), len(in))
	}
}

// Chromium shows the page of a stream from the port that encoders use, over
// HTTP and HTTPS.
func TestPageFromRTMPPort(t *testing.T) {
	parallelInBrowser(t)
	f := fortified(t, "--open")
	publish(t, clip(t, "long", 60), f.rtmpURL("live/page"))
	f.waitState(t, "live/page", "live")
	wait(t, 30*time.Second, "a few seconds of the broadcast", func() bool { return f.stream(t, "live/page").Frames >= 5*(25+43) })
	// It takes this certificate for a good one, and no other.
	pin := sha256.Sum256(f.leaf.RawSubjectPublicKeyInfo)
	page := browser(t, chromedp.Flag("ignore-certificate-errors-spki-list", base64.StdEncoding.EncodeToString(pin[:])))
	for scheme, protocol := range map[string]string{"http": "http/1.1", "https": "h2"} {
		see(t, page, 20*time.Second, "open the page", chromedp.Navigate(f.at(scheme, "rtmp", "live/page")))
		plays(t, page, 20*time.Second)
		const spoken = `performance.getEntriesByType('navigation')[0].nextHopProtocol`
		if got := see(t, page, 10*time.Second, "the protocol", chromedp.Evaluate[string](spoken)); got != protocol {
			t.Errorf("%s: the page came by %s, want %s", scheme, got, protocol)
		}
		screenshot(t, page, "page-"+scheme+"-from-the-rtmp-port")
	}
}
