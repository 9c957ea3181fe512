//go:build race

package rtmp

// slow is how many times slower the race detector makes things.
const slow = 10
