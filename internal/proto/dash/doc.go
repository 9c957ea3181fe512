// Package dash serves streams as MPEG-DASH (ISO/IEC 23009-1; § numbers in
// comments are of its fourth edition) with CMAF segments.
//
// All of a stream is at /APP/NAME/: the manifest, which players load again every
// half second or so, the files that it names, and a clock (UTCTiming) by which
// players find the live edge. The files are what [window] has packaged; HLS sends
// the same bytes.
//
// Segments are addressed by their time in a timeline (SegmentTimeline), not by
// numbers that a player works out from the clock: that takes segments of one
// length, and encoders place their key frames as they like. The segment that is
// being made is listed as soon as its first part is there, with the length that
// the one before had, and leaves part by part while it is made
// (availabilityTimeOffset, chunked transfer): so the manifest has to be loaded
// once a segment, not once a part.
//
// Media time is time of the manifest, without an offset: zero is
// availabilityStartTime, periods start where their media does, and the
// presentationTimeOffset of each track says the same in its own ticks. A publisher
// who comes back, or changes the configuration of a track, begins another period,
// and so does another set of tracks or codecs within a broadcast: what is another
// presentation for [window] goes on in the same manifest. Identifiers of adaptation
// sets and representations follow from the encoder's tracks and stay.
//
// Video tracks of one codec and one kind of light are an adaptation set, so that an
// encoder's ladder plays adaptively. Each audio track is a set of its own: sounds
// of one stream are languages and mixes, and no player must switch between them.
package dash
