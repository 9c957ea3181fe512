// Package httpflv is the door for viewers who take a stream as one endless FLV
// file, over HTTP or over WebSocket.
package httpflv
