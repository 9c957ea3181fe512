// Package hubtest is for tests only: a hub with a publisher that sends pictures and
// sound, and somebody who asks a door for files of the stream. All of it runs as well
// in a bubble of testing/synctest as outside.
package hubtest
