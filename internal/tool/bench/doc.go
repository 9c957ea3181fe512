// Package bench loads a server with publishers and players in real time, and
// measures how they fare: what the command bench does.
//
// No payload is changed to measure delays. A publisher notes when it sent each
// message, players look that up by the message's kind and timestamp, and so
// any server can be measured.
package bench
