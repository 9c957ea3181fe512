// Package examples holds small programs that use the library: publish-file,
// record, relay, and a server with its own rule for who may publish. Its tests
// build them and run them against each other.
package examples
