package callback

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/config"
)

// ownObject is what is sent in the mode millrace. docs/callbacks.md describes it.
type ownObject struct {
	Event    string            `json:"event"`
	Time     string            `json:"time"`
	Stream   string            `json:"stream"`
	App      string            `json:"app"`
	Name     string            `json:"name"`
	Session  string            `json:"session"`
	Protocol string            `json:"protocol"`
	TLS      string            `json:"tls"`
	Address  string            `json:"address"`
	Software string            `json:"software"`
	Page     string            `json:"page"`
	Query    map[string]string `json:"query"`
	Bearer   string            `json:"bearer"`
	Vouched  string            `json:"vouched"`
	Key      string            `json:"key"`
	// Of updates and ends only; bytes of ends.
	Seconds  *float64 `json:"seconds,omitempty"`
	BytesIn  *uint64  `json:"bytes_in,omitempty"`
	BytesOut *uint64  `json:"bytes_out,omitempty"`
	Reason   string   `json:"reason,omitempty"`
}

// timeLayout is RFC 3339 with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z"

var ownNames = map[Event]string{
	OnPublish: "publish", OnPlay: "play", OnUpdate: "update", OnPublishDone: "publish_done", OnPlayDone: "play_done",
}

func ownBody(q *question, now time.Time) []byte {
	o := ownObject{
		Event: ownNames[q.event], Time: now.UTC().Format(timeLayout), Stream: q.stream(), App: q.app, Name: q.name,
		Session: q.session, Protocol: q.protocol, TLS: q.tls, Address: q.address(), Software: q.flashVer(), Page: q.client.PageURL,
		Query: make(map[string]string, len(q.query)), Bearer: q.client.Bearer, Vouched: "nobody", Key: q.owner,
	}
	for name := range q.query {
		o.Query[name] = q.query.Get(name)
	}
	switch {
	case q.owner != "":
		o.Vouched = "key"
	case q.open:
		o.Vouched = "open"
	}
	switch q.event {
	case OnUpdate, OnPublishDone, OnPlayDone:
		seconds := float64(q.age.Milliseconds()) / 1000
		o.Seconds, o.Reason = &seconds, q.reason
	}
	switch q.event {
	case OnPublishDone, OnPlayDone:
		o.BytesIn, o.BytesOut = &q.in, &q.out
	}
	return encodeJSON(o)
}

// ownAnswer is what is answered in the mode millrace.
type ownAnswer struct {
	Allow  *bool  `json:"allow"`
	Reason string `json:"reason"`
	Stream string `json:"stream"`
	Cache  string `json:"cache"`
	Limits struct {
		Bitrate int64 `json:"bitrate"`
		Width   int   `json:"width"`
		Height  int   `json:"height"`
	} `json:"limits"`
}

func readOwn(status int, body []byte) (verdict, error) {
	faulty := func(problem string, args ...any) (verdict, error) {
		return verdict{}, &FaultyError{Millrace, fmt.Sprintf(problem, args...)}
	}
	switch {
	case status == http.StatusNoContent:
		return verdict{}, nil
	case status/100 == 4:
		v := verdict{refused: true}
		var a ownAnswer
		if json.Unmarshal(body, &a) == nil {
			v.reason = sentence(a.Reason)
		}
		return v, nil
	case status != http.StatusOK:
		return faulty("the status is %d", status)
	}
	var a ownAnswer
	d := json.NewDecoder(bytes.NewReader(body))
	// A limit with a slip in its name must not be no limit.
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return faulty("it is not JSON, or has a field or type that is not known")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return faulty("something follows the object")
	}
	if a.Allow == nil {
		return faulty("it does not say allow")
	}
	v := verdict{refused: !*a.Allow, reason: sentence(a.Reason), limits: limits{a.Limits.Bitrate, a.Limits.Width, a.Limits.Height}}
	if a.Stream != "" {
		if access.CheckName(a.Stream) != nil {
			return faulty("its stream is not the name of one")
		}
		v.rename, v.whole = a.Stream, true
	}
	if a.Cache != "" {
		cache, err := config.ParseDuration(a.Cache)
		if err != nil || cache < 0 {
			return faulty("its cache is not a length of time, as 30s")
		}
		v.cache = min(cache, maxCache)
	}
	if l := v.limits; l.bitrate < 0 || l.width < 0 || l.height < 0 {
		return faulty("its limits are below 0")
	}
	return v, nil
}
