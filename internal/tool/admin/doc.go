// Package admin lists what a running server does, over its API: the commands
// `millrace streams list` and `millrace sessions list`.
package admin
