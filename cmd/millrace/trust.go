package main

import (
	"crypto/tls"

	"github.com/millrace-live/millrace/internal/tool"
)

// trust is how the commands that connect to a server verify it.
type trust struct {
	CA       string `name:"ca" placeholder:"FILE" help:"Trust the authorities of this PEM file, or the one certificate in it (those of the system)."`
	Insecure bool   `name:"insecure" help:"Trust any certificate. Whoever is in between can read and change the stream."`
}

func (t *trust) config() (*tls.Config, error) { return tool.TLSConfig(t.CA, t.Insecure) }
