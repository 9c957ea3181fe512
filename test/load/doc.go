// Load measures Millrace beside nginx-rtmp and beside the floor: bare loops
// that do nothing but the system calls. Loads and servers take turns, so that a
// machine whose speed drifts is unfair to all of them alike.
//
//	cd test && go run ./load --rounds 5 --time 10s
//
// It prints Markdown, and keeps all that was measured in a file of JSON.
package main
