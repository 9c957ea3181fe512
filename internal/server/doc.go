// Package server puts the parts together: it opens the data folder and the
// listeners, joins each door to the hub, and ends everything in order.
package server
