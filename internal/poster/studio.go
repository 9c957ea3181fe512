package poster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	// makers is how many pictures are made at once. They are not to keep a small
	// machine from its viewers.
	makers = 2
	// queueTime is how long a picture waits for its turn.
	queueTime = 5 * time.Second
	// makeTime is how long making one may take, and makeCPU how much of that the
	// processor may work: on a machine that has better to do, a picture waits.
	makeTime = 20 * time.Second
	makeCPU  = 5 * time.Second
)

// Why there is no picture, beside what ffmpeg said.
var (
	errMissing  = errors.New("there is no ffmpeg")
	errCrowded  = errors.New("too many others are being made")
	errTooSlow  = fmt.Errorf("it took longer than %v", makeTime)
	errTooLarge = fmt.Errorf("it made more than %d MiB", maxOutput>>20)
)

// studio makes pictures, a few at a time.
type studio struct {
	program string
	turns   chan struct{}
	// limit and memory are what each making may take.
	limit  time.Duration
	memory uint64
}

func newStudio(program string) *studio {
	return &studio{program: cmp.Or(program, Default), turns: make(chan struct{}, makers), limit: makeTime, memory: maxMemory}
}

// paint makes a JPEG of a key frame.
func (s *studio) paint(ctx context.Context, of *media.Frame) ([]byte, error) {
	// Looked for each time: who installs it need not start the server anew.
	path, err := exec.LookPath(s.program)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMissing, err)
	}
	format, input, err := wrap(of)
	if err != nil {
		return nil, err
	}
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	defer func() { <-s.turns }()
	c := child{path: path, args: arguments(format), limit: s.limit, memory: s.memory}
	b, err := c.run(ctx, input)
	if err != nil {
		return nil, err
	}
	if err := checkJPEG(b); err != nil {
		return nil, err
	}
	return b, nil
}

func (s *studio) wait(ctx context.Context) error {
	t := time.NewTimer(queueTime)
	defer t.Stop()
	select {
	case s.turns <- struct{}{}:
		return nil
	case <-t.C:
		return errCrowded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
