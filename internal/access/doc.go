// Package access decides who may publish and play: it knows the names of
// streams, the stream keys and the admin token.
package access
