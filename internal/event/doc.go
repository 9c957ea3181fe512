// Package event tells the world what happens: to webhooks, by way of the queue
// in the database, and to those who follow the server's own feed.
//
// A [Feed] takes what the hub and the catalogue tell, makes CloudEvents of it
// and writes them to the database, from which everybody reads. Nobody who
// streams waits for that: what the database has not taken yet stands in a queue
// in memory, with a bound.
//
// # Exactly one live and one idle
//
// A broadcast has one stream.live and one stream.idle, whatever reconnects in
// between, and even if the server is killed. That holds by a document that the
// database has for each broadcast which is on air: it is made in the
// transaction that adds the live event, and removed in the one that adds the
// idle event, so neither can be added twice. Whoever starts finds the documents
// of broadcasts that were on air when it was killed, and adds what is missing
// before anything else.
package event
