// Package httpts is the door of MPEG-TS over HTTP: GET /APP/NAME.ts.
//
// A run makes the transport stream of a stream once, as long as somebody watches
// it. Its viewers share every byte, and each has no more than a place in it.
package httpts
