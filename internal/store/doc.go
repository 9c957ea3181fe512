// Package store keeps what must last: the data folder, its lock and its format,
// and the stream keys in it.
package store
