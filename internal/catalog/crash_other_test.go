//go:build !unix

package catalog

func createUntilKilled(string, string) {}
