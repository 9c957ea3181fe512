// Package mp4 reads MP4 files (ISO/IEC 14496-12), progressive and fragmented,
// into frames, and writes frames into fragmented ones.
//
// Clauses are those of ISO/IEC 14496-12 where no other standard is named.
package mp4
