package rtmpt

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Dialer opens sessions on servers. The zero value is ready. Of the durations,
// zero means the default.
type Dialer struct {
	// NetDial makes TCP connections; a net.Dialer if nil.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLSConfig is for https; verification is on if it is nil.
	TLSConfig *tls.Config
	// Timeout bounds Dial, and how long the server may take to begin the reply
	// to any request, 10 s by default; less than 0 is no limit.
	Timeout time.Duration
	// PollInterval is the longest time between two requests when there is
	// nothing to send and nothing comes, 250 ms by default.
	PollInterval time.Duration
}

const (
	defaultTimeout = 10 * time.Second
	defaultPoll    = 250 * time.Millisecond
	maxID          = 256
)

// Dial opens a session on the server of an address, http://host:port or
// https://host:port. ctx matters for that only.
func (d *Dialer) Dial(ctx context.Context, address string) (net.Conn, error) {
	base, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("rtmpt: %w", err)
	}
	if base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("rtmpt: address %q is neither http://host:port nor https://host:port", address)
	}
	timeout := d.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	c := newClientConn(d, base, max(timeout, 0))
	if err := c.open(ctx); err != nil {
		c.cancel()
		c.transport.CloseIdleConnections()
		return nil, fmt.Errorf("rtmpt: open a session on %s: %w", base.Host, err)
	}
	go c.run()
	return c, nil
}

func (c *clientConn) open(ctx context.Context) error {
	resp, err := c.post(ctx, "/open/1", []byte{0})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return statusError(resp)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxID+1))
	if err != nil {
		return err
	}
	id := string(bytes.TrimSpace(b))
	if id == "" || len(id) > maxID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the answer is no identifier: this is not an RTMPT server")
	}
	c.id = url.PathEscape(id)
	return nil
}

func statusError(resp *http.Response) error {
	if resp.StatusCode == http.StatusNotFound {
		return fmt.Errorf("the server answered %s: it has no RTMPT tunnel there", resp.Status)
	}
	return fmt.Errorf("the server answered %s", resp.Status)
}
