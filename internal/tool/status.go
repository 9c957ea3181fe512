package tool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/millrace-live/millrace/rtmp"
)

// Status is the exit status of a command.
type Status int

// The exit statuses.
const (
	OK          Status = 0
	Failed      Status = 1 // none of the others
	Usage       Status = 2 // an address or a file that cannot be used
	Refused     Status = 3 // the server said no
	Unreachable Status = 4 // no server answers there
	Lost        Status = 5 // the connection broke, or went silent, while the stream was on
	Troubled    Status = 6 // probe: viewers of the stream will have trouble
)

// Error is the end of a command that is not a success. Its text holds no
// secrets of the address.
type Error struct {
	Status Status
	Text   string
	Err    error // for errors.Is; its own text may hold secrets
}

func (e *Error) Error() string { return e.Text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// StatusOf returns the exit status for what a command returned.
func StatusOf(err error) Status {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e):
		return e.Status
	}
	return Failed
}

// Fail makes an error of a command about a server.
func (a *Address) Fail(doing string, err error) error {
	e := &Error{Status: Failed, Err: err}
	var said *rtmp.StatusError
	var dial *net.OpError
	untrusted := distrust(err)
	switch {
	case errors.As(err, &said):
		e.Status = Refused
		e.Text = fmt.Sprintf("%s: the server says %s", doing, said.Error())
	case untrusted != "":
		e.Text = doing + ": " + untrusted
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Status = Unreachable
		e.Text = doing + ": nothing listens there (connection refused): start the server, or set host and port right"
	case isName(err):
		e.Status = Unreachable
		e.Text = doing + ": the name of the host is not known: write it right, or give its IP address"
	case errors.As(err, &dial) && dial.Op == "dial":
		e.Status = Unreachable
		e.Text = fmt.Sprintf("%s: %v", doing, err)
	case errors.Is(err, rtmp.ErrSlowReader):
		e.Status = Lost
		e.Text = doing + ": the server takes no more data (the network is too slow, or the server hangs)"
	case errors.Is(err, rtmp.ErrConnectionLost), errors.Is(err, rtmp.ErrSilent), errors.Is(err, rtmp.ErrStreamClosed):
		e.Status = Lost
		e.Text = fmt.Sprintf("%s: %v", doing, err)
	case errors.Is(err, rtmp.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		e.Status = Unreachable
		e.Text = fmt.Sprintf("%s: the server does not answer in time (%v)", doing, err)
	default:
		e.Text = fmt.Sprintf("%s: %v", doing, err)
	}
	e.Text = a.Scrub(e.Text)
	return e
}

func isName(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns)
}
