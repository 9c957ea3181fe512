// Package hls serves streams as HTTP Live Streaming (RFC 8216 and its
// successor, rfc8216bis; § numbers in comments are those of the latter) with
// CMAF segments.
//
// A stream is packaged from the first request for it, out of what the hub
// keeps, so that the first playlist has segments at once; it rests a minute
// after the last. Each playlist and each segment is made once and the same
// bytes go to every viewer.
//
// Video tracks are variants, so that an encoder's own ladder plays adaptively.
// Audio tracks are renditions, in a group for each codec. A track that no player
// of HLS takes is left out, and said to be ([Refuses]).
//
// What a player holds is a presentation: its playlists and segments carry an
// identifier that no other has. A publisher who comes back, or changes the
// configuration of a track, makes a discontinuity in it. Another broadcast, or
// another set of tracks or codecs, makes another presentation: the former one is
// ended and stays for a minute, so that players see a clean end and load
// index.m3u8 again. So no playlist ever goes back in its numbers.
//
// EXT-X-PROGRAM-DATE-TIME is when the first frame of a segment arrived at this
// server: a player's delay since then is the wall clock less that of what it
// shows. Within a period the dates and the durations lie on one line
// ([cmaf.Packager] says how it follows a drifting encoder).
package hls
