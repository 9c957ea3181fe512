//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	// Children end with the thread that spawned them: this one, the first.
	runtime.LockOSThread()
	err := run(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 && args[0] == "floor" {
		return floorCommand(args[1:])
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	raiseFileLimit()
	dir, err := os.MkdirTemp("", "millrace-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bed{millrace: o.millrace, dir: dir}
	root, err := repository()
	if err != nil {
		return err
	}
	if b.millrace == "" {
		if b.millrace, err = buildMillrace(root, dir); err != nil {
			return err
		}
	}
	if o.out == "" {
		o.out = filepath.Join(root, "dist", "load.json")
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return err
	}
	w := about(args, b.millrace)
	w.Samples = measure(ctx, b, o, os.Stderr)
	if err := w.save(o.out); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "all that was measured is in %s\n", o.out)
	w.print(os.Stdout, o.scenarios)
	return context.Cause(ctx)
}

// options are what the command line asks for.
type options struct {
	rounds    int
	millrace  string
	out       string
	scenarios []scenario
}

func parse(args []string) (*options, error) {
	o := &options{}
	s := scale{players: []int{100, 500, 1000, 2000, 5000}, publishers: []int{50, 200, 500, 2000}, viewers: []int{500, 750, 1000, 1500, 2000, 3000}}
	var only, servers []string
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 5, "how often each is measured")
	flags.DurationVar(&s.time, "time", 10*time.Second, "how long each run goes on when all players have come")
	flags.StringVar(&o.millrace, "millrace", "", "the program to measure, and to measure with (it is built)")
	flags.StringVar(&o.out, "out", "", "the file for all that was measured (dist/load.json)")
	names := func(to *[]string) func(string) error {
		return func(text string) error { *to = strings.Split(text, ","); return nil }
	}
	numbers := func(to *[]int) func(string) error {
		return func(text string) (err error) { *to, err = parseNumbers(text); return err }
	}
	flags.Func("only", "scenarios, with commas: fan-out, sound, ingest, joins, stalled, memory, hls, hls-files (all)", names(&only))
	flags.Func("servers", "servers, with commas: floor, floor-30ms, floor-100ms, floor-nagle, floor-reader, nginx-rtmp, realtime, balanced, economy, nginx (all)", names(&servers))
	flags.Func("players", "sizes of fan-out (100,500,1000,2000,5000)", numbers(&s.players))
	flags.Func("publishers", "sizes of ingest (50,200,500,2000)", numbers(&s.publishers))
	flags.Func("viewers", "sizes of hls, until one is too much (500,750,1000,1500,2000,3000)", numbers(&s.viewers))
	quick := flags.Bool("quick", false, "one round of fan-out to 1,000 players and of ingest from 200 publishers, 5 s each")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if *quick {
		o.rounds, s = 1, scale{players: []int{1000}, publishers: []int{200}, viewers: s.viewers, time: 5 * time.Second}
		if len(only) == 0 {
			only = []string{"fan-out", "ingest"}
		}
	}
	if flags.NArg() > 0 || o.rounds < 1 || s.time < 3*time.Second {
		return nil, errors.New("give flags only, --rounds of at least 1 and a --time of at least 3s")
	}
	var err error
	o.scenarios, err = choose(scenarios(s), only, servers)
	return o, err
}

func parseNumbers(text string) ([]int, error) {
	var list []int
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of players or publishers", field)
		}
		list = append(list, n)
	}
	return list, nil
}

// repository is the folder of the module that is measured.
func repository() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/millrace-live/millrace").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository; run this in its folder test: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// work is the file of all that was measured.
type work struct {
	Command string    `json:"command"`
	Begun   time.Time `json:"begun"`
	Machine string    `json:"machine"`
	Version string    `json:"version"`
	Nginx   string    `json:"nginx,omitempty"`
	Samples []*sample `json:"samples"`
}

func (w *work) save(path string) error {
	b, err := json.MarshalIndent(w, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

func (w *work) print(to io.Writer, scenarios []scenario) {
	fmt.Fprintf(to, "    %s\n\n%s; %s", w.Command, w.Machine, w.Version)
	if w.Nginx != "" {
		fmt.Fprintf(to, "; %s", w.Nginx)
	}
	fmt.Fprintf(to, ". Medians of all rounds, in parentheses the least and the most. A ratio is made within each round.\n")
	for i := range scenarios {
		fmt.Fprintf(to, "\n%s", table(&scenarios[i], w.Samples))
	}
}
