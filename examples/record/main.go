// Record plays a stream into an FLV file until the stream ends.
//
//	record rtmp://HOST/live/NAME FILE.flv
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/rtmp"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: record rtmp://HOST/live/NAME FILE.flv")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := record(ctx, os.Args[1], os.Args[2])
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func record(ctx context.Context, address, path string) (err error) {
	stream, err := rtmp.Play(ctx, address)
	if err != nil {
		return err
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, func() { stream.Close() })()

	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	tags := flv.NewWriter(file, true, true)
	for {
		m, err := stream.ReadMessage()
		if errors.Is(err, rtmp.ErrStreamClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		tag := flv.Tag{Type: flv.TagType(m.Type), Timestamp: m.Timestamp, Payload: m.Payload}
		if err := tags.WriteTag(&tag); err != nil {
			return err
		}
	}
}
