// Package rtmp is the door for encoders and players that speak RTMP, in every
// dialect of it: they differ below [rtmp.Session], and not here.
package rtmp
