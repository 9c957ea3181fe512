// Relay plays a stream from one server and publishes it on another.
//
//	relay rtmp://FROM/live/NAME rtmp://TO/live/NAME
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/millrace-live/millrace/rtmp"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: relay rtmp://FROM/live/NAME rtmp://TO/live/NAME")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := relay(ctx, os.Args[1], os.Args[2])
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func relay(ctx context.Context, from, to string) error {
	in, err := rtmp.Play(ctx, from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := rtmp.Publish(ctx, to)
	if err != nil {
		return err
	}
	defer out.Close()
	defer context.AfterFunc(ctx, func() { in.Close() })()

	for {
		f, err := in.ReadFrame()
		if errors.Is(err, rtmp.ErrStreamClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := out.WriteFrame(f); err != nil {
			return err
		}
	}
}
