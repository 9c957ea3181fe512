//go:build race

package api

// raced is that the race detector makes everything slow.
const raced = true
