// Package cmaf turns frames into CMAF (ISO/IEC 23000-19): fragmented MP4 with
// one track a file, made once for a stream and shared by everyone who watches
// it.
//
// A [Packager] takes the frames of one stream and emits a [Segment] of each
// track at each cut. A segment is a run of chunks (moof and mdat), so that
// chunks may later leave by themselves as low-latency parts. Segments of one
// [Period] join without a seam; between two periods lies a discontinuity.
//
// Access units come out byte for byte and in the order in which they came in.
package cmaf
