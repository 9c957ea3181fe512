package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/problem"
)

// timestamp is a time as RFC 3339 has it, in UTC and milliseconds.
type timestamp time.Time

// MarshalText implements [encoding.TextMarshaler].
func (t timestamp) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z07:00")), nil
}

// Schema implements [huma.SchemaProvider].
func (timestamp) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// Patch is a change of a T, or a new one: a merge patch (RFC 7396).
type Patch[T any] struct{ raw []byte }

// UnmarshalJSON implements [json.Unmarshaler].
func (p *Patch[T]) UnmarshalJSON(b []byte) error {
	p.raw = bytes.Clone(b)
	return nil
}

// Schema implements [huma.SchemaProvider].
func (Patch[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

// onto returns v with the change.
func (p Patch[T]) onto(v T) (T, error) {
	var changed T
	was, err := json.Marshal(v)
	if err != nil {
		return changed, fmt.Errorf("change a %T: %w", v, err)
	}
	var have, change any
	if err := json.Unmarshal(was, &have); err != nil {
		return changed, fmt.Errorf("change a %T: %w", v, err)
	}
	if err := json.Unmarshal(p.raw, &change); err != nil {
		return changed, problem.New(http.StatusBadRequest, "the body is not JSON")
	}
	merged, err := json.Marshal(merge(have, change))
	if err != nil {
		return changed, fmt.Errorf("change a %T: %w", v, err)
	}
	if err := json.Unmarshal(merged, &changed); err != nil {
		return changed, problem.New(http.StatusUnprocessableEntity, "the body cannot be understood: "+err.Error())
	}
	return changed, nil
}

// merge is MergePatch of RFC 7396, 2.
func merge(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, ok := target.(map[string]any)
	if !ok {
		object = make(map[string]any)
	}
	for name, value := range changes {
		if value == nil {
			delete(object, name)
			continue
		}
		object[name] = merge(object[name], value)
	}
	return object
}

// Labels are words by which streams are found. In a change null removes one.
type Labels map[string]string

// Schema implements [huma.SchemaProvider].
func (Labels) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, Nullable: true,
		AdditionalProperties: &huma.Schema{Type: huma.TypeString, Nullable: true},
	}
}

// labelQuery reads the labels that streams are asked for: "city=Bremen,camera".
func labelQuery(text string) map[string]string {
	labels := make(map[string]string)
	for part := range strings.SplitSeq(text, ",") {
		if name, value, _ := strings.Cut(part, "="); name != "" {
			labels[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return labels
}

// prefixes are addresses and networks.
func prefixes(texts []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range texts {
		p, err := prefix("addresses", text)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func prefix(field, text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, &catalog.FaultError{Field: field, Reason: "this is neither an address nor a network: write 192.0.2.7 or 192.0.2.0/24"}
	}
	return p.Masked(), nil
}

// texts writes what prefixes reads.
func texts(list []netip.Prefix) []string {
	var out []string
	for _, p := range list {
		if p.IsSingleIP() {
			out = append(out, p.Addr().String())
		} else {
			out = append(out, p.String())
		}
	}
	return out
}

// pointer is a time that may be none.
func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// etag names a revision (RFC 9110, 8.8.3).
func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }

// matched is the revision that an object must have for a request with this If-Match
// to be carried out, 0 for any. have is the one it has.
func matched(header string, have int64) (int64, error) {
	if header == "" || strings.TrimSpace(header) == "*" {
		return 0, nil
	}
	for tag := range strings.SplitSeq(header, ",") {
		if strings.TrimSpace(tag) == etag(have) {
			return have, nil
		}
	}
	d := problem.New(http.StatusPreconditionFailed,
		fmt.Sprintf("it was changed meanwhile: it is %s now, and you have %s; read it again", etag(have), header))
	d.Code = "changed"
	return 0, huma.ErrorWithHeaders(d, http.Header{"Etag": {etag(have)}})
}

// Objects are what most requests and answers have in common.
type (
	// Object is one that the address names.
	Object struct {
		ID string `path:"id" doc:"The identifier of the object."`
	}
	// OneStream is a stream that the address names.
	OneStream struct {
		ID string `path:"id" doc:"The identifier of a stream, or its name: st_… or live%2Fcam1." example:"live%2Fcam1"`
	}
	// Condition is what must hold for a change.
	Condition struct {
		IfMatch string `header:"If-Match" doc:"The ETag of what is to be changed: if somebody else has changed it, the answer is 412."`
	}
	// Once keeps a request from being carried out twice.
	Once struct {
		IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"Any text of your own: a repeat with the same text within 24 hours does nothing and gets the same answer."`
	}
	// Meta is what all objects have.
	Meta struct {
		ID       string    `json:"id"`
		Revision int64     `json:"revision" doc:"Rises with each change; the ETag is made of it."`
		Managed  string    `json:"managed" enum:"api,config" doc:"Who manages it: config is declared in the config file, and can only be read here."`
		Created  timestamp `json:"created"`
		Updated  timestamp `json:"updated"`
	}
	// Use is the last use of a secret.
	Use struct {
		At       timestamp `json:"at"`
		Address  string    `json:"address,omitempty"`
		Encoder  string    `json:"encoder,omitempty"`
		Protocol string    `json:"protocol,omitempty"`
	}
	// Paging is how much of a list is asked for.
	Paging struct {
		Before int64 `query:"before" minimum:"0" doc:"The next of the page before."`
		Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	}
	// Nothing is a request without parameters, or an answer without a body.
	Nothing struct{}
	// Tagged is an answer with one object.
	Tagged[T any] struct {
		ETag string `header:"ETag"`
		Body T
	}
	// Made is an answer with a new object.
	Made[T any] struct {
		ETag     string `header:"ETag"`
		Location string `header:"Location" doc:"The address of what was made."`
		Body     T
	}
	// Plain is an answer without a header of its own.
	Plain[T any] struct{ Body T }
)

func newMeta(m catalog.Meta) Meta {
	return Meta{m.ID, m.Revision, m.Managed, timestamp(m.Created), timestamp(m.Updated)}
}

func newUse(u *catalog.Use) *Use {
	if u == nil {
		return nil
	}
	return &Use{timestamp(u.At), u.Address, u.Encoder, u.Protocol}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// stamp is a time that may be none.
func stamp(t time.Time) *timestamp {
	if t.IsZero() {
		return nil
	}
	s := timestamp(t)
	return &s
}
