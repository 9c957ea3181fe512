// Package flv reads and writes FLV: the tag bodies that RTMP messages carry as
// well, in legacy and Enhanced RTMP (v1 and v2) form, and files or endless
// HTTP responses made of tags.
//
// A [Demuxer] turns tag bodies into [media.Frame] values and keeps the sequence
// headers; a [Muxer] does the reverse. A [Reader] and a [Writer] read and write
// files.
//
// Every codec that has a FourCC, and MP3, is parsed to bare access units,
// whichever form it came in, and leaves in the form that its reader takes
// ([Accept]). The other codecs of the Flash days, and those that nobody here
// knows, are classified (codec, key frame, track, time) and carried whole, so
// that they leave as they came.
package flv
