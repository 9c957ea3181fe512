// Package ts turns frames into an MPEG-2 transport stream (ISO/IEC 13818-1, the
// same text as ITU-T H.222.0), made once for a stream and shared by everyone who
// watches it.
//
// A [Muxer] appends the packets of one frame after another. A [Packager] makes
// bursts of them, which begin where a viewer can join; a [Cutter] makes segments
// for playlists. The transport stream has one program: the default video track
// and the audio tracks.
package ts
