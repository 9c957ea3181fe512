// Package tool is what the commands that deal with any server, publish, play
// and probe, have in common: addresses that are shown without their secrets,
// streams read as a viewer reads them, progress, exit statuses.
package tool
