package docs

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// program is the path of the millrace that the pages speak of: MILLRACE names
// it, else it is built.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "millrace-docs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if program = os.Getenv("MILLRACE"); program == "" {
		program = filepath.Join(dir, "millrace")
		build := exec.Command("go", "build", "-o", program, "./cmd/millrace")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build millrace: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// checks are how a block of each language is checked, beside the recipes, which
// the end-to-end tests run.
var checks = map[string]func(*testing.T, Block){
	"sh":   checkShell,
	"go":   checkGo,
	"yaml": checkConfig,
	"json": checkJSON,
	"html": func(*testing.T, Block) {},
	"ini":  checkLines,
	"text": checkSentences,

	// Programs of developers, which the tests of the events and the callbacks run, and
	// what those send and get.
	"python": nil, "js": nil, "http": nil,

	// Files of other programs; the tests of those programs read them.
	"nginx": nil, "haproxy": nil, "caddyfile": nil, "toml": nil, "dockerfile": nil, "promql": nil,
}

// Every code block of every page is right as far as it can be told without
// running it.
func TestBlocks(t *testing.T) {
	blocks, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		t.Run(b.Where(), func(t *testing.T) {
			check, known := checks[b.Language]
			switch {
			case !known:
				t.Errorf("nobody checks a block of the language %q: add it to checks", b.Language)
			case check != nil && !b.Other:
				check(t, b)
			}
		})
	}
}

// Every recipe is named by an end-to-end test.
func TestRecipesAreRun(t *testing.T) {
	files, err := filepath.Glob("../*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(b)
	}
	blocks, err := All()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, b := range blocks {
		if b.Recipe == "" {
			continue
		}
		for _, word := range []string{b.Page, b.Recipe} {
			if !strings.Contains(tests.String(), strconv.Quote(word)) {
				t.Errorf("%s: no test runs the recipe %s: none has the word %q", b.Where(), b.Recipe, word)
			}
		}
		if id := b.Page + " " + b.Recipe; seen[id] {
			t.Errorf("%s: there are two recipes %s", b.Where(), b.Recipe)
		} else {
			seen[id] = true
		}
	}
}

// Links between the pages lead somewhere.
func TestLinks(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			to := filepath.Join(root, filepath.Dir(page), string(m[1]))
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, m[1])
			}
		}
	}
}

// checkShell lets the shell read the block, and looks for the commands and flags
// of millrace and for the targets of make that stand in it.
func checkShell(t *testing.T, b Block) {
	read := exec.Command("bash", "-n")
	read.Stdin = strings.NewReader(b.Text)
	if out, err := read.CombinedOutput(); err != nil {
		t.Errorf("the shell cannot read it: %s", out)
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(b.Text, "\\\n", " "), "\n") {
		line, _, _ = strings.Cut(line, " #")
		words := strings.Fields(line)
		for i, w := range words {
			switch {
			case w == "make":
				checkTargets(t, words[i+1:])
			case w == "millrace" || strings.HasSuffix(w, "/millrace"):
				if i == 0 || words[i-1] == "sudo" {
					checkCommand(t, words[i+1:])
				}
			}
		}
	}
}

func checkTargets(t *testing.T, words []string) {
	for _, target := range words {
		makeIt := exec.Command("make", "-n", target)
		makeIt.Dir = root
		if out, err := makeIt.CombinedOutput(); err != nil {
			t.Errorf("make has no target %s: %s", target, out)
		}
	}
}

// checkCommand compares the words behind millrace with its help.
func checkCommand(t *testing.T, words []string) {
	if i := slices.IndexFunc(words, func(w string) bool { return strings.ContainsAny(w, "|&;><") }); i >= 0 {
		words = words[:i]
	}
	args := []string{"serve"}
	if len(words) > 0 && !strings.HasPrefix(words[0], "-") {
		args = words[:1]
		// Some have commands below them; of others the second word is no business
		// of --help.
		if len(words) > 1 && !strings.HasPrefix(words[1], "-") {
			args = words[:2]
		}
	}
	help, err := exec.Command(program, append(slices.Clone(args), "--help")...).CombinedOutput()
	if err != nil {
		t.Errorf("millrace has no command %s", args[0])
	}
	for _, w := range words {
		flag, _, _ := strings.Cut(w, "=")
		if strings.HasPrefix(flag, "--") && !regexp.MustCompile(regexp.QuoteMeta(flag)+`\b`).Match(help) {
			t.Errorf("millrace %s has no flag %s", args[0], flag)
		}
	}
}

// checkGo builds the block as a program of a module of its own.
func checkGo(t *testing.T, b Block) {
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/millrace-live/millrace"
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.go": b.Text,
		"go.mod":  fmt.Sprintf("module page\n\ngo 1.26.0\n\nrequire %s v0.0.0\n\nreplace %s => %s\n", module, module, here),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	vet := exec.Command("go", "vet", "-mod=mod", ".")
	vet.Dir = dir
	if out, err := vet.CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
	if out, err := exec.Command("gofmt", "-l", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("it is not formatted: %v\n%s", err, out)
	}
}

func checkConfig(t *testing.T, b Block) {
	file := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(file, []byte(b.Text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "check", file).CombinedOutput(); err != nil {
		t.Errorf("it is no config file: %s", out)
	}
}

func checkJSON(t *testing.T, b Block) {
	if !json.Valid([]byte(b.Text)) {
		t.Error("it is no JSON")
	}
}

func checkLines(t *testing.T, b Block) {
	line := regexp.MustCompile(`^(\[\w+\]|[\w.-]+ *=.*|[#;].*|)$`)
	for text := range strings.SplitSeq(b.Text, "\n") {
		if !line.MatchString(text) {
			t.Errorf("%q is no line of such a file", text)
		}
	}
}

// checkSentences looks for each line of the page about troubles in the texts of
// the program, where %s and the like stand for anything.
func checkSentences(t *testing.T, b Block) {
	if b.Page != "docs/troubleshooting.md" {
		return // what other programs print, or a sketch
	}
	for line := range strings.Lines(b.Text) {
		line = strings.TrimSpace(line)
		if line != "" && !slices.ContainsFunc(texts(t), func(r *regexp.Regexp) bool { return r.MatchString(line) }) {
			t.Errorf("the program does not say %q", line)
		}
	}
}

var said []*regexp.Regexp

// texts are the string constants of the program of more than one word.
func texts(t *testing.T) []*regexp.Regexp {
	if said != nil {
		return said
	}
	verb := regexp.MustCompile(`%[sdqvw]`)
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				e, ok := n.(ast.Expr)
				if !ok {
					return true
				}
				text, ok := constant(e)
				if !ok || !strings.Contains(text, " ") {
					return !ok
				}
				pattern := verb.ReplaceAllString(regexp.QuoteMeta(text), ".+")
				said = append(said, regexp.MustCompile("^"+pattern+"$"))
				return false
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return said
}

// constant is the value of a string literal, or of some that are added.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok1 := constant(e.X)
		right, ok2 := constant(e.Y)
		return left + right, ok1 && ok2 && e.Op == token.ADD
	}
	return "", false
}
