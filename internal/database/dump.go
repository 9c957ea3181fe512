package database

import (
	"encoding/json"
	"time"
)

// A backup is lines of JSON: a head, then one line for each row, then an end.
// Every line has one field, which says what it is. The bodies are JSON as well,
// so that the file can be read, searched and mended by other tools.
type dumpLine struct {
	Head     *dumpHead     `json:"millrace,omitempty"`
	Heads    *dumpHeads    `json:"heads,omitempty"`
	Document *dumpDocument `json:"document,omitempty"`
	Change   *dumpChange   `json:"change,omitempty"`
	Event    *dumpEvent    `json:"event,omitempty"`
	Delivery *dumpDelivery `json:"delivery,omitempty"`
	End      *dumpEnd      `json:"end,omitempty"`
}

// dumpFormat is one more whenever a Millrace from before could not read it.
const dumpFormat = 1

type dumpHead struct {
	Format int       `json:"backup"`
	Time   time.Time `json:"time"`
}

type dumpHeads struct {
	History int64 `json:"history"`
	Events  int64 `json:"events"`
}

type dumpDocument struct {
	Kind     string          `json:"kind"`
	ID       string          `json:"id"`
	Revision int64           `json:"revision"`
	Sequence int64           `json:"sequence"`
	Created  time.Time       `json:"created"`
	Updated  time.Time       `json:"updated"`
	Body     json.RawMessage `json:"body"`
}

type dumpChange struct {
	Sequence int64           `json:"sequence"`
	Kind     string          `json:"kind"`
	ID       string          `json:"id"`
	Revision int64           `json:"revision"`
	Actor    string          `json:"actor"`
	Created  time.Time       `json:"created"`
	Time     time.Time       `json:"time"`
	Before   json.RawMessage `json:"before,omitempty"`
	After    json.RawMessage `json:"after,omitempty"`
}

type dumpEvent struct {
	Sequence int64           `json:"sequence"`
	ID       string          `json:"id"`
	Subject  string          `json:"subject"`
	Type     string          `json:"type"`
	Time     time.Time       `json:"time"`
	Body     json.RawMessage `json:"body"`
}

type dumpDelivery struct {
	Endpoint string    `json:"endpoint"`
	Sequence int64     `json:"sequence"`
	Subject  string    `json:"subject"`
	Attempts int       `json:"attempts,omitzero"`
	Problem  string    `json:"problem,omitzero"`
	Due      time.Time `json:"due,omitzero"`
	Died     time.Time `json:"died,omitzero"`
}

// dumpEnd tells a whole file from one that was cut or changed.
type dumpEnd struct {
	Lines int    `json:"lines"`  // before this one
	Sum   string `json:"sha256"` // of all of them, with their ends
}
