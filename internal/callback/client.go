package callback

import (
	"context"
	"net/http"
)

// Client is what a client says of itself beside what the hub wants to know. The
// dialects of other servers hand it on as it came.
type Client struct {
	// TCURL is the address that it connected to, without the stream's name.
	TCURL           string
	SWFURL, PageURL string
	FlashVer        string
	AppQuery        string // behind the app's ?, as it was sent
	NameQuery       string // behind the stream name's ?, as it was sent
	PublishType     string // live, record or append
	Start, Duration int64  // of play, in milliseconds
	Reset           bool   // of play
	User, Password  string // of HTTP's basic authentication
	Bearer          string // of HTTP's bearer authentication
}

type clientKey struct{}

// WithClient returns a context for [Gate] that knows the client.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// clientOf returns what ctx knows of the client.
func clientOf(ctx context.Context) (Client, bool) {
	c, ok := ctx.Value(clientKey{}).(Client)
	return c, ok
}

// HTTPClient is the client of a request for a stream or a part of it.
func HTTPClient(r *http.Request) Client {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	c := Client{
		TCURL: scheme + r.Host + appPath(r.URL.Path), PageURL: r.Referer(), FlashVer: r.UserAgent(), NameQuery: r.URL.RawQuery,
	}
	c.User, c.Password, _ = r.BasicAuth()
	c.Bearer = bearer(r)
	return c
}
