//go:build !unix

package database

func applyUntilKilled(string) {}
