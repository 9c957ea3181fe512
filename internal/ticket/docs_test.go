package ticket

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const page = "../../docs/tokens.md"

// block is a fenced block of the page, with the heading above it.
type block struct{ heading, language, text string }

func blocks(t *testing.T) (all []block, text string) {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	heading := ""
	for _, m := range regexp.MustCompile("(?ms)^#+ ([^\n]*)$|^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(b), -1) {
		if m[2] == "" {
			heading = m[1]
		} else {
			all = append(all, block{heading, m[2], m[3]})
		}
	}
	return all, string(b)
}

// What the page tells developers to sign with makes tokens and links that are taken.
func TestPageSigns(t *testing.T) {
	k := NewKey()
	v := newVerifier(t, Options{Keys: []Key{NewKey(), k}})
	needs := map[string]string{"Shell": "openssl", "Node": "node", "Python": "python3", "Go": "go"}
	all, _ := blocks(t)
	for _, b := range all {
		program, ok := needs[b.heading]
		if !ok {
			continue
		}
		delete(needs, b.heading)
		t.Run(b.heading, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is not installed: %v", program, err)
			}
			lines := strings.Split(strings.TrimSpace(runBlock(t, b, k)), "\n")
			if len(lines) != 2 {
				t.Fatalf("it prints %d lines", len(lines))
			}
			checkSigned(t, v, k, lines)
		})
	}
	if len(needs) > 0 {
		t.Errorf("the page has no program for %v", needs)
	}
}

// checkSigned takes the two lines that each program prints.
func checkSigned(t *testing.T, v *Verifier, k Key, lines []string) {
	t.Helper()
	now := time.Now()
	for i, verify := range []func(url.Values) (Claims, error){
		func(q url.Values) (Claims, error) {
			return v.Verify(t.Context(), now, q.Get("token"), "live/cam1", viewer)
		},
		func(q url.Values) (Claims, error) { return v.VerifyLink(now, "live/cam1", q, viewer) },
	} {
		q, err := url.ParseQuery(strings.TrimSpace(lines[i]))
		if err != nil {
			t.Errorf("line %d is no query: %v", i+1, err)
			continue
		}
		c, err := verify(q)
		left := c.Expires.Sub(now)
		if err != nil || c.Key != k.ID || c.Subject != "live/cam1" || left > time.Hour+time.Second || left < 50*time.Minute {
			t.Errorf("line %d: claims %+v, %v", i+1, c, err)
		}
	}
}

// runBlock runs a block in a folder of its own and returns what it prints.
func runBlock(t *testing.T, b block, k Key) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", b.text)
	dir := t.TempDir()
	if b.language == "go" {
		for name, text := range map[string]string{"main.go": b.text, "go.mod": "module page\n\ngo 1.26.0\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd = exec.CommandContext(ctx, "go", "run", ".", "live/cam1", "3600")
	}
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "MILLRACE_KEY_ID="+k.ID, "MILLRACE_SECRET="+k.Secret.Reveal())
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, problems.String())
	}
	return string(out)
}

// What the page says is signed for a link is what is signed.
func TestPageShowsWhatALinkSigns(t *testing.T) {
	all, _ := blocks(t)
	var shown []string
	for _, b := range all {
		if b.heading == "What a link says" {
			shown = append(shown, strings.TrimSpace(b.text))
		}
	}
	q := url.Values{"exp": {"1800000000"}}
	bound := url.Values{"exp": {"1800000000"}, "ip": {viewer.String()}}
	want := []string{linkMessage("live/cam1", q), linkMessage("live/cam1", bound)}
	if fmt.Sprint(shown) != fmt.Sprint(want) {
		t.Errorf("the page shows %v, not %v", shown, want)
	}
}

// The page has the sentences that are said, and the numbers that hold.
func TestPageSaysWhatIsSaid(t *testing.T) {
	_, text := blocks(t)
	at := time.Unix(1800000000, 0)
	k := key("k1")
	v := newVerifier(t, Options{Keys: []Key{k}})
	refusal := func(claims object) error {
		token := handmade(t, object{"alg": "HS256", "kid": "k1"}, claims, k.Secret.Reveal())
		_, err := v.Verify(t.Context(), at, token, "live/cam1", viewer)
		return err
	}
	_, badLink := v.VerifyLink(at, "live/cam1", url.Values{"exp": {"1800000000"}, "sig": {strings.Repeat("0", 64)}}, viewer)
	said := []error{
		&ExpiredError{Token, at},
		&EarlyError{Token, at},
		&StreamError{Token, "live/cam1"},
		&AddressError{Token, viewer},
		&RevokedError{Token, "visit"},
		&UnknownKeyError{Token, "", "k1"},
		errSignature,
		badLink,
		refusal(object{"sub": "live/cam1", "exp": at.UnixMilli()}),
		refusal(object{"sub": "live/cam1", "exp": at.Unix(), "aud": "shop"}),
		&UnavailableError{Issuer: "https://shop.example"},
	}
	_, table, _ := strings.Cut(text, "| what is said | what to do |\n")
	rows := strings.Split(strings.TrimSpace(table), "\n")[1:]
	if len(rows) != len(said) {
		t.Fatalf("the table has %d rows for %d errors", len(rows), len(said))
	}
	for i, err := range said {
		if !strings.HasPrefix(rows[i], fmt.Sprintf("| `%v` |", err)) {
			t.Errorf("the row\n%s\nshould be for\n%v", rows[i], err)
		}
	}
	for what, number := range map[string]any{
		"by %v seconds: a permission": int(Leeway.Seconds()),
		"more than %v bytes":          maxToken,
		"at most %v bytes":            maxID,
		"`%v` must be in it":          Audience,
		"have %v to ":                 minRSA,
		" to %v bits":                 maxRSA,
		"At most %v keys":             maxIssued,
		"at most every %v seconds":    int(lookAgain.Seconds()),
		"stay good, for %v hours":     int(staleAfter.Hours()),
	} {
		if want := fmt.Sprintf(what, number); !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, m := range publicMethods {
		family, size := m.Alg()[:2], m.Alg()[2:]
		if !strings.Contains(text, m.Alg()) && (!strings.Contains(text, family) || !strings.Contains(text, size)) {
			t.Errorf("the page does not name %s", m.Alg())
		}
	}
}
