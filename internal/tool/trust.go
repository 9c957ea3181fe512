package tool

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"

	"github.com/millrace-live/millrace/rtmp"
)

// TLSConfig is how servers are verified: by the authorities of the system, or
// by those in the PEM file ca instead, or not at all. It is nil if nothing is
// asked for.
func TLSConfig(ca string, insecure bool) (*tls.Config, error) {
	if ca == "" && !insecure {
		return nil, nil
	}
	config := &tls.Config{InsecureSkipVerify: insecure}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			why := err
			if path := new(fs.PathError); errors.As(err, &path) {
				why = path.Err
			}
			return nil, &Error{Status: Usage, Text: fmt.Sprintf("--ca: %s cannot be read: %v", ca, why), Err: err}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &Error{Status: Usage, Text: fmt.Sprintf(
				"--ca: %s holds no certificate; give a PEM file, which says BEGIN CERTIFICATE", ca)}
		}
	}
	return config, nil
}

// NewClients are clients that verify servers by config; nil is the usual way.
func NewClients(config *tls.Config) Clients {
	c := Clients{RTMP: rtmp.Dialer{TLSConfig: config}}
	if config != nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.TLSClientConfig = config.Clone()
		c.HTTP = &http.Client{Transport: t}
	}
	return c
}

// distrust says what to do about a server whose certificate does not satisfy,
// or that has none; "" if err is about something else.
func distrust(err error) string {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &authority):
		return "the server's certificate is not trusted here: give that of its authority, " +
			"or its own if it is self-signed, with --ca FILE, or do without by --insecure"
	case errors.As(err, &name):
		return fmt.Sprintf("%v: put a name that the certificate has into the address, or do without by --insecure", name)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("%v: renew the server's certificate, or set the clock right", invalid)
	case errors.As(err, &record):
		return "the server does not speak TLS on this port: give its TLS port, or rtmp:// (or http://) if plain will do"
	}
	return ""
}
