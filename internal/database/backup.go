package database

import "context"

func (s *store) Backup(context.Context, string) error  { return nil }
func (s *store) Restore(context.Context, string) error { return nil }
