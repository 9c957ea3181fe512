// Package deliver answers requests for bytes that many viewers share, as HTTP wants
// it: whole, in ranges, on conditions, compressed, and to nobody who never takes
// them.
//
//	deliver.Reads(w, r, "playlists")       GET and HEAD go on; preflights and all else are answered
//	deliver.Bytes(w, r, tag, pieces...)    a file in memory, never copied together for a viewer
//	deliver.Content(w, r, tag, t, file)    one on disk
//	deliver.NewText(b, tag, level).Serve   a document, compressed once for all
//	deliver.NewSender(w)                   one that is made while it leaves
//	deliver.Remote(r)                      who asks
//	deliver.ReadPass(r).Playlist(text)     what lets a viewer in, handed on to what a document lists
//	deliver.ParseSpan(query, now)          and for which time of a stream
//
// A tag tells bytes from all others that their address ever had, and stands in ETag.
package deliver
