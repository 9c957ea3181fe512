package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var updateErrors = flag.Bool("update", false, "write docs/errors.md anew")

// fault is one thing that people get wrong, or that goes wrong under them.
type fault struct {
	name string // as docs/errors.md calls it
	// names is what the sentence must have, divided by bars, whatever else it
	// says: what is wrong, where, and what to do.
	names string
	// plant makes the fault and returns what was said.
	plant func(t *testing.T, d *desk) string
}

// section is a part of docs/errors.md.
type section struct {
	title, intro string
	faults       []fault
}

// sections are all the faults that are planted.
func sections() []section {
	return []section{
		startFaults, databaseFaults, configFaults, permissionFaults, flagFaults, warnings, encoderFaults, viewerFaults,
		connectionFaults, commandFaults, managementFaults,
	}
}

// desk is where a fault is planted: a folder of its own, and what differs from
// run to run in what is said of it.
type desk struct {
	dir   string // shown as /srv
	shown []string
	wrap  []string // a command before the program's
	env   []string
}

// show has a text that is not the same in each run written as another one.
func (d *desk) show(text, shown string) { d.shown = append(d.shown, text, shown) }

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *desk) write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return d.path(name)
}

// secret begins every key that the faults have to do with: it may be nowhere in
// what is said.
const secret = "hush-hush-"

// Each fault gives one sentence that names what is wrong, where, and the mend;
// docs/errors.md has it.
func TestFaults(t *testing.T) {
	t.Parallel()
	page := &errorsPage{said: make(map[string]string)}
	if !*updateErrors {
		page.read(t)
	}
	beginPatients(t)
	t.Run("walk", func(t *testing.T) {
		for _, s := range sections() {
			for _, f := range s.faults {
				t.Run(f.name, func(t *testing.T) {
					t.Parallel()
					page.check(t, f)
				})
			}
		}
	})
	if *updateErrors && !t.Failed() {
		page.write(t)
	}
}

// errorsPage is docs/errors.md: what is said of each fault, by its name.
type errorsPage struct {
	mu   sync.Mutex
	said map[string]string
}

const errorsFile = "../../docs/errors.md"

var (
	errorsRow = regexp.MustCompile("(?m)^\\| (.*?) \\| `` (.*) `` \\|$")
	processID = regexp.MustCompile(`process \d+`)
	traces    = regexp.MustCompile(`goroutine \d|panic|runtime error|\.go:\d|0x[0-9a-f]{6}|%!|<nil>`)
)

func (p *errorsPage) read(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(errorsFile)
	if err != nil {
		t.Fatal(err)
	}
	planted := make(map[string]bool)
	for _, s := range sections() {
		for _, f := range s.faults {
			if planted[f.name] {
				t.Errorf("two faults have the name %q", f.name)
			}
			planted[f.name] = true
		}
	}
	if len(planted) < 40 {
		t.Errorf("only %d faults are planted", len(planted))
	}
	for _, row := range errorsRow.FindAllStringSubmatch(string(text), -1) {
		if !planted[row[1]] {
			t.Errorf("docs/errors.md has a row for %q, which nothing plants; run this test with -update", row[1])
		}
		p.said[row[1]] = strings.ReplaceAll(row[2], `\|`, "|")
	}
}

// check plants one fault.
func (p *errorsPage) check(t *testing.T, f fault) {
	dir := t.TempDir()
	d := &desk{dir: dir}
	said := f.plant(t, d)
	if said == "" || strings.Contains(said, "\n") {
		t.Fatalf("this is not one sentence:\n%s", said)
	}
	if trace := traces.FindString(said); trace != "" {
		t.Errorf("%q is nothing that people understand:\n%s", trace, said)
	}
	if strings.Contains(said, secret) {
		t.Errorf("a secret is in\n%s", said)
	}
	said = strings.NewReplacer(append(d.shown, dir, "/srv")...).Replace(processID.ReplaceAllString(said, "process 812"))
	for part := range strings.SplitSeq(f.names, " | ") {
		if !strings.Contains(said, part) {
			t.Errorf("it does not name %q:\n%s", part, said)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if *updateErrors {
		p.said[f.name] = said
	} else if want := p.said[f.name]; said != want {
		t.Errorf("it says\n%s\nand docs/errors.md has\n%s\nIf the new sentence is a good one, run this test with -update.", said, want)
	}
}

func (p *errorsPage) write(t *testing.T) {
	t.Helper()
	var b strings.Builder
	b.WriteString("# What is said when something is wrong\n\n" +
		"Each of these faults is planted by a test, which wrote this page. `/srv` is a folder, and addresses, ports and\n" +
		"process numbers are examples.\n")
	for _, s := range sections() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| what is wrong | what is said |\n| --- | --- |\n", s.title, s.intro)
		for _, f := range s.faults {
			said, ok := p.said[f.name]
			if !ok {
				t.Fatalf("%q was not planted here, so that the page cannot be written", f.name)
			}
			fmt.Fprintf(&b, "| %s | `` %s `` |\n", f.name, strings.ReplaceAll(said, "|", `\|`))
		}
	}
	if err := os.WriteFile(errorsFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
