package rtmp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/millrace-live/millrace/rtmpt"
)

// open makes the connection that a dialect asks for, as far as RTMP's own
// handshake.
func (d *Dialer) open(ctx context.Context, u *URL, way dialect, timeout time.Duration) (net.Conn, error) {
	if way.tunnel {
		return d.openTunnel(ctx, u, way)
	}
	dial := d.NetDial
	if dial == nil {
		dial = (&net.Dialer{Timeout: max(timeout, 0)}).DialContext
	}
	c, err := dial(ctx, "tcp", u.Host)
	if err != nil || !way.tls {
		return c, err
	}
	if timeout >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	secure := tls.Client(c, d.tlsConfig(u))
	if err := secure.HandshakeContext(ctx); err != nil {
		c.Close()
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, fmt.Errorf("%w: the server does not answer TLS, and may not speak it on this port", err)
		}
		return nil, explainTLS(err)
	}
	return secure, nil
}

func (d *Dialer) openTunnel(ctx context.Context, u *URL, way dialect) (net.Conn, error) {
	t := &rtmpt.Dialer{NetDial: d.NetDial, Timeout: d.Timeout}
	address := "http://" + u.Host
	if way.tls {
		address, t.TLSConfig = "https://"+u.Host, d.tlsConfig(u)
	}
	c, err := t.Dial(ctx, address)
	if err != nil {
		return nil, explainTLS(err)
	}
	return c, nil
}

// tlsConfig is the caller's, with the name of the server in it.
func (d *Dialer) tlsConfig(u *URL) *tls.Config {
	config := d.TLSConfig.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(u.Host)
	}
	return config
}

// explainTLS adds to an error what to do about it.
func explainTLS(err error) error {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &authority):
		return fmt.Errorf("%w: the server's certificate comes from an authority that is not trusted here: "+
			"give the authority's certificate in RootCAs of Dialer.TLSConfig", err)
	case errors.As(err, &name):
		return fmt.Errorf("%w: the server's certificate is for other names: connect to one of them", err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: the server's certificate must be renewed, or the clock set right", err)
	case errors.As(err, &record):
		return fmt.Errorf("%w: the server does not speak TLS on this port", err)
	}
	return err
}
