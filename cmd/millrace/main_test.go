package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the tests run the program itself: the test binary, told by its
// environment, is it.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_MILLRACE") == "1" {
		os.Unsetenv("TEST_AS_MILLRACE")
		main()
		return
	}
	os.Exit(m.Run())
}

func program(args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	cmd = exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "TEST_AS_MILLRACE=1")
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

func TestBadInputIsOneSentenceAndStatus1(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	config := filepath.Join(dir, "c.yaml")
	os.WriteFile(file, nil, 0o600)
	os.WriteFile(config, []byte("rtmp: ':1935'\nappz: {}\n"), 0o600)
	newer := filepath.Join(dir, "newer")
	os.Mkdir(newer, 0o700)
	os.WriteFile(filepath.Join(newer, "format"), []byte("99\n"), 0o600)
	quiet := []string{"--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0"}
	tests := []struct {
		name string
		args []string
		env  string
		want string
	}{
		{
			"port in use",
			[]string{"--data", t.TempDir(), "--rtmp", busy.Addr().String(), "--http", "127.0.0.1:0"},
			"",
			`port \d+ is already in use by .*, or choose another port with --rtmp`,
		},
		{
			"http port in use",
			[]string{"--data", t.TempDir(), "--rtmp", "127.0.0.1:0", "--http", busy.Addr().String()},
			"",
			`port \d+ is already in use by .*, or choose another port with --http`,
		},
		{
			"data folder", append(quiet, "--data", filepath.Join(file, "x")), "",
			`cannot write to the data folder .* \(.*\): a file stands where a folder should: .* with --data`,
		},
		{"data folder of a newer server", append(quiet, "--data", newer), "", `was written by a newer Millrace`},
		{"address", []string{"--rtmp", "1935"}, "", `--rtmp: "1935": a port needs a colon before it; write :1935`},
		{"URL", []string{"--public-url", "tv"}, "", `--public-url: "tv" is not the address of a web site; write for instance https://tv.example.org`},
		{"unknown flag", []string{"--opne"}, "", `there is no flag --opne; did you mean --open\?`},
		{"unknown flag of serve", []string{"serve", "--htpp=:1"}, "", `there is no flag --htpp; did you mean --http\?`},
		{"flag like no other", []string{"--zzzzzzzz"}, "", `there is no flag --zzzzzzzz; millrace --help shows those that there are`},
		{"unknown command", []string{"srve"}, "", `there is no command srve; did you mean serve\?`},
		{"command like no other", []string{"qqqqqq"}, "", `there is no command qqqqqq; millrace --help shows those that there are`},
		{"time", []string{"--grace", "soon"}, "", `--grace: "soon" is not a length of time; write for instance 30s, 500ms or 5m`},
		{"missing value", []string{"--data"}, "", `--data has no value; write one behind it, millrace --help shows which`},
		{"--json alone", []string{"serve", "--json"}, "", `--json is for --dry-run: give both, or --log-format json for a log as JSON`},
		{"environment", nil, "MILLRACE_LOG_LEVEL=loud", `MILLRACE_LOG_LEVEL: "loud" is not a choice; give debug, info, warn or error`},
		{"config file", []string{"--config", config}, "", regexp.QuoteMeta(config) + `:2:1: there is no setting "appz"; did you mean "apps"\?`},
		{"no config file", []string{"--config", filepath.Join(dir, "none")}, "", `cannot read the config file: .*`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd, stdout, stderr := program(tt.args...)
			cmd.Env = append(cmd.Env, tt.env)
			cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != 1 {
				t.Errorf("status %d, want 1", code)
			}
			text := stderr.String()
			if strings.Count(text, "\n") != 1 || !regexp.MustCompile("^millrace: .*"+tt.want).MatchString(text) || stdout.Len() > 0 {
				t.Errorf("said\n%s%s\nwant %s", stdout, text, tt.want)
			}
		})
	}
}

func TestHelpTeaches(t *testing.T) {
	for args, want := range map[string][]string{
		"--help":       {"millrace --demo", "rtmp://localhost/live/film", "serve", "version"},
		"serve --help": {"--rtmp=ADDR", ":1935", "--open-world", "--delivery=MODE", "apps:", "MILLRACE_LOG_LEVEL"},
	} {
		cmd, stdout, stderr := program(strings.Fields(args)...)
		if err := cmd.Run(); err != nil || stderr.Len() > 0 {
			t.Errorf("%s: %v, %s", args, err, stderr)
		}
		for _, w := range want {
			if !strings.Contains(stdout.String(), w) {
				t.Errorf("%s does not show %q:\n%s", args, w, stdout)
			}
		}
		for line := range strings.SplitSeq(stdout.String(), "\n") {
			if len([]rune(line)) > 120 {
				t.Errorf("%s: a line is too long for a terminal: %s", args, line)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	cmd, stdout, _ := program("version")
	if err := cmd.Run(); err != nil || !strings.HasPrefix(stdout.String(), "millrace ") || !strings.Contains(stdout.String(), runtime.Version()) {
		t.Errorf("%v, %s", err, stdout)
	}
}

func TestSignalEndsTheServer(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no signals to send here")
	}
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		data := t.TempDir()
		cmd, _, stderr := program("--demo", "--data", data, "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--rtmps", "off")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		addresses := filepath.Join(data, "addresses.json")
		for started := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			if b, err := os.ReadFile(addresses); err == nil && json.Valid(b) {
				break
			}
			if time.Since(started) > 20*time.Second {
				cmd.Process.Kill()
				t.Fatalf("the server does not start:\n%s", stderr)
			}
		}
		cmd.Process.Signal(sig)
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%v: %v\n%s", sig, err, stderr)
			}
		case <-time.After(15 * time.Second):
			cmd.Process.Kill()
			<-done
			t.Errorf("%v does not end the server:\n%s", sig, stderr)
		}
		if _, err := os.Stat(addresses); err == nil {
			t.Error("addresses.json is still there")
		}
		if !strings.Contains(stderr.String(), `"msg":"stopped"`) {
			t.Errorf("the log does not say so:\n%s", stderr)
		}
	}
}
