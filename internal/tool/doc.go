// Package tool is what the commands that deal with any server (publish, play,
// probe, bench) have in common: addresses that are shown without their secrets,
// streams read as a viewer reads them, progress, exit statuses.
package tool
