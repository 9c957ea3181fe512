// Publish-file sends an FLV file to an RTMP server in real time.
//
//	publish-file FILE.flv rtmp://HOST/live/NAME
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/rtmp"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: publish-file FILE.flv rtmp://HOST/live/NAME")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := publish(ctx, os.Args[1], os.Args[2])
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func publish(ctx context.Context, path, address string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	stream, err := rtmp.Publish(ctx, address)
	if err != nil {
		return err
	}
	defer stream.Close()

	frames := flv.NewFrameReader(file)
	start, first := time.Now(), time.Duration(-1)
	for {
		f, err := frames.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at := time.Duration(f.DTS)
		if first < 0 {
			first = at
		}
		select {
		case <-time.After(time.Until(start.Add(at - first))):
		case <-ctx.Done():
			return nil
		}
		if err := stream.WriteFrame(f); err != nil {
			return err
		}
	}
}
