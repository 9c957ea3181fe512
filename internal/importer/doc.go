// Package importer turns the config of another server into ours, and says line
// by line what became of it.
//
// [Import] reads a file of nginx-rtmp, SRS or MediaMTX. What it writes passes
// the check of our own settings; a setting that this build does not carry out
// is never written, but named as one without a counterpart (the table is
// [feature] in feature.go).
//
// The files come from strangers: they are bounded in size, depth and number,
// nothing in them is run, and of their words only the names of directives and
// what is written into the new file are shown. Addresses of back ends, stream
// keys and passwords stand in the new file alone.
package importer
