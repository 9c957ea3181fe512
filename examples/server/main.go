// Server is an RTMP server with its own rule for who may publish: those who
// know the password of the stream, rtmp://HOST/live/NAME?password=sesame.
// Everybody may watch.
//
//	server -addr :1935 -password sesame
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"

	"github.com/millrace-live/millrace/rtmp"
)

func main() {
	addr := flag.String("addr", ":1935", "address to listen on")
	password := flag.String("password", "sesame", "what publishers must know")
	flag.Parse()

	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, "listening on", l.Addr())
	log.Fatal(serve(l, *password))
}

// serve is the ten lines: who may publish, and what becomes of a stream.
func serve(l net.Listener, password string) error {
	var rooms rooms
	srv := &rtmp.Server{Handler: rtmp.HandlerFunc(func(s *rtmp.Stream) error {
		if !s.Publishing() {
			return rooms.play(s)
		}
		if s.Query().Get("password") != password {
			return rtmp.ErrBadName
		}
		return rooms.publish(s)
	})}
	return srv.Serve(l)
}
