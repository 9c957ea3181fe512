// Package rehearsal runs the checks of `millrace probe` on what is published with a
// rehearsal key, as long as it is on: the encoder, the network and the server are
// the real ones, and nobody watches.
package rehearsal
