//go:build linux

package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// bed is where loads and servers meet.
type bed struct {
	millrace string // the program
	dir      string
	recorded *recording // by the first that needs it
}

// sample measures one server under the loads of a size. A server that fails
// makes a sample that says so.
func (b *bed) sample(ctx context.Context, sc *scenario, z *size, name string, round int) *sample {
	s := &sample{Scenario: sc.name, Size: z.label, Server: name, Round: round}
	for _, l := range z.loads {
		run := b.run
		if sc.run != nil {
			run = func(ctx context.Context, name string, l load) (runOut, error) { return sc.run(ctx, b, name, l) }
		}
		out, err := run(ctx, name, l)
		s.Runs = append(s.Runs, out)
		if err != nil {
			s.Error = err.Error()
			break
		}
	}
	return s
}

// run measures a fresh server under one load.
func (b *bed) run(ctx context.Context, name string, l load) (out runOut, err error) {
	out.Load = l
	if need, limit := l.files(), fileLimit(); need > limit {
		return out, fmt.Errorf("it needs %d open files, the limit is %d", need, limit)
	}
	s, err := b.start(name)
	if err != nil {
		return out, err
	}
	defer func() { out.Floor = s.stop() }()
	bench, err := spawn(b.millrace, l.args(s)...)
	if err != nil {
		return out, fmt.Errorf("start millrace bench: %w", err)
	}
	kept := make(chan float64, 1)
	if s.ringBytes != nil {
		// Shortly before the end, when the rings are as full as they get.
		timer := time.AfterFunc(l.ramp()+l.Time-time.Second, func() {
			n, _ := s.ringBytes() // 0 is shown as unknown
			kept <- n
		})
		defer timer.Stop()
	}
	if err := finish(ctx, bench, l.lasts()+time.Minute); err != nil {
		return out, err
	}
	select {
	case out.RingBytes = <-kept:
	default:
	}
	if out.report, out.Report, err = lastReport(bench.out.bytes()); err != nil {
		return out, fmt.Errorf("%w: %s", err, bench.complaint())
	}
	return out, nil
}

// finish waits for the load to end; it is ended if ctx is, or when it takes
// too long.
func finish(ctx context.Context, bench *child, limit time.Duration) error {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	select {
	case <-bench.done:
		return nil
	case <-ctx.Done():
	}
	bench.end()
	if context.Cause(ctx) == context.DeadlineExceeded {
		return fmt.Errorf("millrace bench took more than %v", limit)
	}
	return context.Cause(ctx)
}

// args are those of millrace.
func (l load) args(s *server) []string {
	args := []string{
		"bench", "--json", "--pid", strconv.Itoa(s.pid),
		"--players", strconv.Itoa(l.Players), "--publishers", strconv.Itoa(l.Publishers),
		"--bitrate", strconv.Itoa(l.Bitrate), "--fps", strconv.Itoa(l.FPS),
		"--time", l.Time.String(), "--ramp", l.ramp().String(),
	}
	if l.Stall > 0 {
		args = append(args, "--stall", strconv.Itoa(l.Stall))
	}
	if l.Churn > 0 {
		args = append(args, "--churn", strconv.Itoa(l.Churn))
	}
	publish := "rtmp://" + s.address + "/live/load"
	if !l.HLS {
		return append(args, publish)
	}
	return append(args, "--keys", l.Keys.String(), "--publish-to", publish, "http://"+s.http+"/live/load/index.m3u8")
}
