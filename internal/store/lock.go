package store

import "errors"

// errLocked says that another process holds the lock.
var errLocked = errors.New("locked by another process")
