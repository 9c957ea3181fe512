package database

func applyUntilKilled(url string) {}
