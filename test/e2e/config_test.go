package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The JSON schema is one, and says of config files what the server says.
func TestSchemaOfTheConfig(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("../../docs/millrace.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../docs/millrace.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	everything := regexp.MustCompile(`(?m)^( *)#([-a-z])`).ReplaceAllString(string(example), "$1$2")
	for _, c := range []struct {
		name, text string
		good       bool
	}{
		{"the example", string(example), true},
		{"the example with every line", everything, true},
		{"times", "grace: 0\nplay-wait: 1m30s\n", true},
		{"booleans", "open: yes\ndemo: true\n", true},
		{"one file instead of a list", "cert: a.pem\nkey: a.key\n", true},
		{"no such setting", "grcae: 1s\n", false},
		{"no such setting in an app", "apps: {live: {grcae: 1s}}\n", false},
		{"no such choice", "delivery: fast\n", false},
		{"no time", "grace: 30\n", false},
		{"no list", "keys: {stream: live/a}\n", false},
		{"a key without its stream", "keys: [{key: open-sesame}]\n", false},
		{"a file that names another", "config: other.yaml\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var value any
			if err := yaml.Unmarshal([]byte(c.text), &value); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); (err == nil) != c.good {
				t.Errorf("the schema says %v", err)
			}
			file := filepath.Join(t.TempDir(), "millrace.yaml")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			check := launch(t, program, "check", file)
			if code := check.wait(t, 10*time.Second); (code == 0) != c.good {
				t.Errorf("millrace check ended with status %d:\n%s", code, check.out)
			}
		})
	}
}
