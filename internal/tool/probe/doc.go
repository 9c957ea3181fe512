// Package probe measures a stream for some seconds and says in plain words what
// will trouble its viewers, and what to set in the encoder.
//
// The analysis is fed with frames and knows neither network nor clock:
// [Analyzer], [Report], [Advise].
package probe
