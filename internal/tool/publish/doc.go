// Package publish sends a file to an RTMP server in real time.
package publish
