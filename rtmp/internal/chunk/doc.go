// Package chunk cuts messages into chunks and joins chunks to messages: the
// RTMP chunk stream (RTMP 1.0, 5.3).
//
// [Reader] is a push parser that can be fed bytes cut anywhere. [Writer] is
// the general way out, with compressed headers; [AppendHeader0] and
// [AppendHeader3] are the way of live media, whose chunk headers are the same
// for every player. None of them does I/O.
package chunk
