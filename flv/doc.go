// Package flv reads and writes FLV: the tag bodies that RTMP messages carry as
// well, in legacy and Enhanced RTMP (v1 and v2) form, and files or endless
// HTTP responses made of tags.
//
// A [Demuxer] turns tag bodies into [media.Frame] values and keeps the sequence
// headers; a [Muxer] does the reverse. A [Reader] and a [Writer] read and write
// files.
//
// H.264 and AAC in their legacy form are parsed to bare access units. All other
// codecs and forms are classified (codec, key frame, track, time) and carried
// whole, so that they leave as they came.
package flv
