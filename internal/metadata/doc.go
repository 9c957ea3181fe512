// Package metadata keeps onMetaData true: what an encoder says of its stream is
// held against what the bitstream of the default tracks says. It also reads the
// clocks that encoders send along.
package metadata
