//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
)

// report is what is used of the report of millrace bench, whose own words
// explain the fields.
type report struct {
	Event      string  `json:"event"`
	Players    group   `json:"players"`
	Publishers group   `json:"publishers"`
	Delay      *spread `json:"delay"`
	Delivery   *spread `json:"delivery"`
	Failures   float64 `json:"request_failures"`
	Stalls     float64 `json:"stalls"`
	Lost       float64 `json:"lost"`
	LateMS     float64 `json:"late_ms"`
	Churn      *struct {
		Joins   float64 `json:"joins"`
		Failed  float64 `json:"failed"`
		Connect *spread `json:"connect"`
		Start   *spread `json:"start"`
		Join    *spread `json:"join"`
	} `json:"churn"`
	NeverJoined int `json:"never_joined"`
	Steady      *struct {
		Seconds   float64 `json:"seconds"`
		Players   float64 `json:"players"`
		Gbit      float64 `json:"gbit"`
		BytesSent float64 `json:"bytes_sent"`
		Requests  float64 `json:"requests"`
		CPU       float64 `json:"cpu"`
	} `json:"steady"`
	Server *struct {
		CPU      float64 `json:"cpu"`
		RSSAfter float64 `json:"rss_after"`
	} `json:"server"`
	Ends []struct {
		Reason string `json:"reason"`
		Count  int    `json:"count"`
	} `json:"ends"`
}

type group struct {
	Asked     int `json:"asked"`
	Connected int `json:"connected"`
	Kept      int `json:"kept"`
}

// spread is in milliseconds.
type spread struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

var errNoReport = errors.New("millrace bench printed no report")

// lastReport finds the report behind the lines of progress.
func lastReport(out []byte) (*report, json.RawMessage, error) {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	last := lines[len(lines)-1]
	r := &report{}
	if err := json.Unmarshal(last, r); err != nil || r.Event != "report" {
		return nil, nil, errNoReport
	}
	return r, bytes.Clone(last), nil
}
