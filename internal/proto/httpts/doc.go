// Package httpts is the door of MPEG-TS: over HTTP as one stream, and in segments of
// HLS (RFC 8216; § numbers in comments are its) for players that know no other.
//
//	GET /APP/NAME.ts            the stream, until it ends
//	GET /APP/NAME/ts.m3u8       a playlist of the one below
//	GET /APP/NAME/ID_ts.m3u8    segments of a broadcast
//
// A run makes the transport stream of a stream once, as long as somebody watches
// it either way. Viewers of HTTP share every byte, and each has no more than a place
// in it. A show cuts the same bursts into segments: from the first request for
// ts.m3u8, out of what is kept already, until a minute after the last.
package httpts
