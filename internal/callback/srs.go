package callback

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
)

// srsObject is what SRS sends (http_hooks), with its fields in its order. What an
// event does not have is nil.
type srsObject struct {
	ServerID  string  `json:"server_id"`
	ServiceID string  `json:"service_id"`
	Action    Event   `json:"action"`
	ClientID  string  `json:"client_id"`
	IP        string  `json:"ip"`
	VHost     string  `json:"vhost"`
	App       string  `json:"app"`
	TCURL     *string `json:"tcUrl,omitempty"`
	Stream    *string `json:"stream,omitempty"`
	Param     *string `json:"param,omitempty"`
	PageURL   *string `json:"pageUrl,omitempty"`
	StreamURL string  `json:"stream_url,omitempty"`
	StreamID  string  `json:"stream_id,omitempty"`
	SendBytes *uint64 `json:"send_bytes,omitempty"`
	RecvBytes *uint64 `json:"recv_bytes,omitempty"`
}

// defaultVHost is the name of SRS's vhost where there are no others.
const defaultVHost = "__defaultVhost__"

func srsBody(q *question, server, service string) []byte {
	c := &q.client
	o := srsObject{
		ServerID: server, ServiceID: service, Action: q.event, ClientID: q.session, IP: q.address(), VHost: defaultVHost, App: q.app,
	}
	tcURL, _, _ := strings.Cut(c.TCURL, "?")
	switch q.event {
	case OnClose:
		o.SendBytes, o.RecvBytes = &q.out, &q.in
	case OnConnect:
		// No stream has been named yet.
		none, param := "", srsParam(c.AppQuery)
		o.TCURL, o.Stream, o.Param, o.PageURL = &tcURL, &none, &param, &c.PageURL
	default:
		param, stream := srsParam(c.NameQuery, c.AppQuery), q.name
		o.TCURL, o.Stream, o.Param = &tcURL, &stream, &param
		if q.event == OnPlay {
			o.PageURL = &c.PageURL
		}
		o.StreamURL = "/" + q.app + "/" + strings.TrimSuffix(q.name, path.Ext(q.name))
		o.StreamID = srsStreamID(q.stream())
	}
	return encodeJSON(o)
}

// srsParam is a query with its question mark, "" if there is none.
func srsParam(queries ...string) string {
	var all []string
	for _, q := range queries {
		if q != "" {
			all = append(all, q)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "?" + strings.Join(all, "&")
}

// srsStreamID is the same for each broadcast of a stream.
func srsStreamID(stream string) string {
	h := sha256.Sum256([]byte(stream))
	return "vid-" + strings.ToLower(base32.StdEncoding.EncodeToString(h[:])[:7])
}

// encodeJSON is json.Marshal without what HTML needs.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("callback: " + err.Error()) // structs of strings and numbers
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// readSRS reads an answer as SRS does: a 200 or 201 with the code 0, bare or in an
// object.
func readSRS(status int, body []byte) (verdict, error) {
	switch {
	case status/100 == 4:
		return verdict{refused: true}, nil
	case status != http.StatusOK && status != http.StatusCreated:
		return verdict{}, &FaultyError{SRS, fmt.Sprintf("the status is %d", status)}
	}
	body = bytes.TrimSpace(body)
	code := json.Number(body)
	if len(body) > 0 && body[0] == '{' {
		var o struct {
			Code json.RawMessage `json:"code"`
		}
		if err := json.Unmarshal(body, &o); err != nil {
			return verdict{}, &FaultyError{SRS, "it is not JSON"}
		}
		code = json.Number(o.Code)
	}
	n, err := code.Int64()
	if err != nil {
		return verdict{}, &FaultyError{SRS, "it has no code, which is a whole number"}
	}
	return verdict{refused: n != 0}, nil
}
