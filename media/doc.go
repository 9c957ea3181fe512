// Package media holds the vocabulary that every part of Millrace shares: the
// [Frame] that travels from an encoder to its viewers, the [Track] and
// [TrackSet] that say how to decode it, and the codec configurations ([Format])
// that players and packagers read.
//
// It knows no container and no protocol, does no I/O, and imports nothing
// outside the standard library.
package media
