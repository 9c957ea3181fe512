package callback

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// nginxForm is what nginx-rtmp sends (ngx_rtmp_notify_module), byte for byte: the
// order of its fields, its way to escape, and the client's own arguments as they
// came.
func nginxForm(q *question, now time.Time) string {
	var b strings.Builder
	field := func(name, value string) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name)
		b.WriteByte('=')
		nginxEscape(&b, value)
	}
	number := func(name string, n uint64) { field(name, strconv.FormatUint(n, 10)) }
	c := &q.client
	field("app", q.app)
	field("flashver", cut(q.flashVer(), 31)) // its field has 32 bytes
	field("swfurl", c.SWFURL)
	field("tcurl", c.TCURL)
	field("pageurl", c.PageURL)
	field("addr", q.address())
	args := c.NameQuery
	switch q.event {
	case OnConnect:
		number("epoch", uint64(uint32(now.UnixMilli())))
		field("call", "connect")
		args = c.AppQuery
	default:
		number("clientid", q.serial)
		field("call", nginxCall(q))
	}
	switch q.event {
	case OnConnect:
	case OnDisconnect:
		field("app", q.app) // again
		args = c.AppQuery
	case OnPublish:
		field("name", q.name)
		field("type", publishType(c))
	case OnPlay:
		field("name", q.name)
		// It prints them as unsigned numbers of 32 bits, the negative ones, too.
		number("start", uint64(uint32(c.Start)))
		number("duration", uint64(uint32(c.Duration)))
		reset := uint64(0)
		if c.Reset {
			reset = 1
		}
		number("reset", reset)
	case OnUpdate:
		number("time", uint64(q.age/time.Second))
		number("timestamp", uint64(uint32(q.age.Milliseconds())))
		field("name", q.name)
	default:
		field("name", q.name)
	}
	if args != "" {
		b.WriteByte('&')
		b.WriteString(args)
	}
	return b.String()
}

func publishType(c *Client) string {
	if c.PublishType == "" {
		return "live"
	}
	return c.PublishType
}

func nginxCall(q *question) string {
	if q.event != OnUpdate {
		return strings.TrimPrefix(string(q.event), "on_")
	}
	if q.role == hub.Publisher {
		return "update_publish"
	}
	return "update_play"
}

func cut(text string, n int) string {
	if len(text) > n {
		return text[:n]
	}
	return text
}

// nginxEscape escapes as nginx 1.22 does for arguments.
func nginxEscape(b *strings.Builder, text string) {
	const hex = "0123456789ABCDEF"
	for i := range len(text) {
		switch c := text[i]; {
		case c <= ' ', c > '~', strings.IndexByte("\"#%&+;<>?\\^`{|}", c) >= 0:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
}

// readNginx reads an answer as nginx-rtmp does: its status counts, and where a
// redirect leads.
func readNginx(status int, header http.Header) (verdict, error) {
	switch status / 100 {
	case 2:
		return verdict{}, nil
	case 3:
		v := verdict{redirected: true}
		location := header.Get("Location")
		switch scheme := strings.ToLower(location); {
		case strings.HasPrefix(scheme, "rtmp://"), strings.HasPrefix(scheme, "rtmps://"):
			v.relay = true
		case strings.HasPrefix(scheme, "http://"), strings.HasPrefix(scheme, "https://"):
			// Many frameworks make a whole address of the name that they are given.
			u, err := url.Parse(location)
			if err != nil {
				return verdict{}, &FaultyError{NginxRTMP, "the Location is not an address"}
			}
			v.rename = path.Base(u.Path)
		default:
			location, _, _ = strings.Cut(location, "?")
			v.rename = strings.Trim(location, "/")
		}
		if v.rename == "." || v.rename == "/" {
			v.rename = ""
		}
		return v, nil
	case 4:
		return verdict{refused: true}, nil
	}
	return verdict{}, &FaultyError{NginxRTMP, fmt.Sprintf("the status is %d", status)}
}
