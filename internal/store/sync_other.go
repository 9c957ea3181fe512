//go:build !unix

package store

import "os"

// syncDir does nothing: folders cannot be synced here.
func syncDir(*os.Root) error { return nil }
