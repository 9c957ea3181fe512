// Package certs gives each TLS client its certificate: one of the operator's
// own files, one by ACME (RFC 8555), or a self-signed one that the data folder
// keeps. It says in one line why a handshake failed and what to do about it.
package certs
