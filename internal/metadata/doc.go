// Package metadata keeps onMetaData true: what an encoder says of its stream is
// held against what the bitstream of the default tracks says.
package metadata
