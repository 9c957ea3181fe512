// Package play plays a stream into a file, or into nothing, and shows how it
// arrives.
package play
