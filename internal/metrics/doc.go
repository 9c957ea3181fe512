// Package metrics counts what the server does, in the words of Prometheus.
//
// What the hub and the doors count by themselves is read when somebody asks;
// what happens seldom (refusals, ends, take-overs) is counted as it happens.
// Streams and viewers have no labels of their own: there is no bound to their
// number, and the API has what each of them does.
package metrics
