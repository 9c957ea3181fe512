//go:build !linux

package poster

func priority() int { return 0 }
