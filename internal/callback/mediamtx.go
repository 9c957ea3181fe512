package callback

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/millrace-live/millrace/internal/hub"
)

// mediaMTXObject is what MediaMTX sends (authMethod: http). All fields are there,
// always.
type mediaMTXObject struct {
	IP        string  `json:"ip"`
	User      string  `json:"user"`
	Password  string  `json:"password"`
	Token     string  `json:"token"`
	Action    string  `json:"action"`
	Path      string  `json:"path"`
	Protocol  string  `json:"protocol"`
	ID        *string `json:"id"`
	Query     string  `json:"query"`
	UserAgent string  `json:"userAgent"`
}

func mediaMTXBody(q *question) []byte {
	c := &q.client
	o := mediaMTXObject{
		IP: q.address(), User: c.User, Password: c.Password, Token: c.Bearer, Action: "read", Path: q.stream(),
		// It has no other protocol that is read by HTTP.
		Protocol: "hls", Query: c.NameQuery, UserAgent: q.flashVer(),
	}
	if q.role == hub.Publisher {
		o.Action = "publish"
	}
	if q.session != "" {
		id := uuid(q.session)
		o.ID = &id
	}
	if strings.HasPrefix(q.protocol, "rtmp") {
		o.Protocol = "rtmp"
		o.User, o.Password = q.query.Get("user"), q.query.Get("pass")
	}
	if o.Token == "" {
		o.Token = o.Password
	}
	if o.Token == "" && o.Protocol == "rtmp" {
		for _, name := range []string{"token", "jwt"} {
			if values := q.query[name]; o.Token == "" && len(values) == 1 {
				o.Token = values[0]
			}
		}
	}
	return encodeJSON(o)
}

// uuid is the name of a session in the form that back ends of MediaMTX expect
// (RFC 9562, version 8).
func uuid(session string) string {
	h := sha256.Sum256([]byte(session))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// readMediaMTX reads an answer as MediaMTX does: the status counts.
func readMediaMTX(status int) (verdict, error) {
	switch status / 100 {
	case 2:
		return verdict{}, nil
	case 3, 4:
		return verdict{refused: true}, nil
	}
	return verdict{}, &FaultyError{MediaMTX, fmt.Sprintf("the status is %d", status)}
}
