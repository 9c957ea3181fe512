package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/internal/tool/admin"
)

// managed is how the commands that manage a running server find it.
type managed struct {
	API   string `name:"api" env:"MILLRACE_API" placeholder:"URL" help:"Its admin side, for instance http://localhost:8080 (the server that runs with the data folder)."`
	Token string `name:"token" env:"MILLRACE_TOKEN" placeholder:"TOKEN" help:"A token for it (the admin token of the data folder)."`
	Data  string `name:"data" env:"MILLRACE_DATA" placeholder:"DIR" help:"Its data folder (chosen as serve does)."`
	JSON  bool   `name:"json" help:"Print what the API answers."`
}

func (m *managed) server() admin.Server {
	return admin.Server{API: m.API, Token: m.Token, Data: m.Data}
}

// do asks the server, and tells people of its answer by tell.
func (m *managed) do(env *environment, r admin.Request, tell func(w io.Writer, body []byte) error) error {
	ctx, stop := untilStopped()
	defer stop()
	return admin.Do(ctx, m.server(), r, m.JSON, env.stdout, tell)
}

// list writes a list of the server.
func (m *managed) list(env *environment, k admin.Kind, r admin.Request, limit int) error {
	ctx, stop := untilStopped()
	defer stop()
	return admin.List(ctx, m.server(), k, r, limit, m.JSON, env.stdout)
}

// says tells of an answer in one sentence.
func says(format string, args ...any) func(io.Writer, []byte) error {
	return func(w io.Writer, _ []byte) error {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		return err
	}
}

// secret shows what was made and what of it is shown only once.
func secret(what, property string) func(io.Writer, []byte) error {
	return func(w io.Writer, body []byte) error {
		if err := admin.Show(w, body); err != nil {
			return err
		}
		if admin.Text(body, property) == "" {
			return nil
		}
		_, err := fmt.Fprintf(w, "\nThe %s is shown only now; the server keeps no more than it needs to know it again.\n", what)
		return err
	}
}

// set puts the values that were given into the body of a request; an empty one
// takes away what was set.
func set(body map[string]any, values map[string]*string) map[string]any {
	for name, v := range values {
		switch {
		case v == nil:
		case *v == "":
			body[name] = nil
		default:
			body[name] = *v
		}
	}
	return body
}

// moment reads a time: how long from now, or a time as RFC 3339 has it. "never"
// is none.
func moment(text *string) (*string, error) {
	if text == nil || *text == "" || *text == "never" {
		if text != nil {
			return new(""), nil
		}
		return nil, nil
	}
	if d, err := config.ParseDuration(*text); err == nil && d > 0 {
		return new(time.Now().Add(d).UTC().Format(time.RFC3339)), nil
	}
	t, err := time.Parse(time.RFC3339, *text)
	if err != nil {
		return nil, &tool.Error{Status: tool.Usage, Text: fmt.Sprintf(
			"%q is no time; write how long from now, as 24h, or when, as 2030-01-31T12:00:00Z", tool.Printable(*text))}
	}
	return new(t.UTC().Format(time.RFC3339)), nil
}

type streamsCommand struct {
	List     streamsListCommand     `cmd:"" default:"withargs" help:"List the streams (the default)."`
	Create   streamsCreateCommand   `cmd:"" help:"Create a stream, with a key."`
	Show     streamsShowCommand     `cmd:"" help:"Show all that there is to know of a stream."`
	Set      streamsSetCommand      `cmd:"" help:"Change what is set of a stream."`
	Delete   streamsDeleteCommand   `cmd:"" help:"Delete a stream, with its keys."`
	Kick     streamsKickCommand     `cmd:"" help:"End the broadcast of a stream."`
	Link     streamsLinkCommand     `cmd:"" help:"Make an address by which a private stream may be watched for a while."`
	Apply    streamsApplyCommand    `cmd:"" help:"Create and change a set of streams that a file declares."`
	History  streamsHistoryCommand  `cmd:"" help:"Show who changed what of a stream."`
	Rollback streamsRollbackCommand `cmd:"" help:"Set a stream as it was at an earlier revision."`
}

type streamsListCommand struct {
	managed
	App        string   `name:"app" placeholder:"APP" help:"Only those of this app."`
	State      string   `name:"state" placeholder:"STATE" help:"Only those that are idle, live, reconnecting or on-air."`
	Visibility string   `name:"visibility" placeholder:"WHO" help:"Only those that are public, unlisted or private."`
	Label      []string `name:"label" placeholder:"NAME=VALUE" help:"Only those with this label (repeatable)."`
	Search     string   `name:"search" placeholder:"TEXT" help:"Only those with this in their name or title."`
	Sort       string   `name:"sort" placeholder:"BY" help:"By name, created or updated; with a minus before it from the end (name)."`
	Limit      int      `name:"limit" placeholder:"N" help:"At most so many (all)."`
}

// Run lists the streams of a running server.
func (c *streamsListCommand) Run(env *environment) error {
	ctx, stop := untilStopped()
	defer stop()
	query := url.Values{}
	for name, value := range map[string]string{
		"app": c.App, "state": c.State, "visibility": c.Visibility, "search": c.Search, "sort": c.Sort, "label": strings.Join(c.Label, ","),
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return admin.ListStreams(ctx, c.server(), query, c.Limit, c.JSON, env.stdout)
}

// streamFlags are what can be set of a stream.
type streamFlags struct {
	Title           *string  `name:"title" placeholder:"TEXT" help:"For people."`
	Label           []string `name:"label" sep:"none" placeholder:"NAME=VALUE" help:"A label to find it by; without a value it is taken away (repeatable)."`
	Passthrough     *string  `name:"passthrough" placeholder:"TEXT" help:"A text of yours that events bring back."`
	Visibility      *string  `name:"visibility" placeholder:"WHO" help:"public, unlisted (who knows a playback id) or private (who has a token)."`
	PlaybackID      []string `name:"playback-id" placeholder:"ID" help:"An address to watch it by, in place of its name (repeatable)."`
	SecondPublisher *string  `name:"second-publisher" placeholder:"RULE" help:"take-over or refuse."`
	Grace           *string  `name:"grace" placeholder:"TIME" help:"How long viewers wait for a publisher that vanished."`
	Delivery        *string  `name:"delivery" placeholder:"MODE" help:"realtime, balanced or economy."`
	Rotate          *string  `name:"rotate" placeholder:"TIME" help:"At what age its keys are made anew, for instance 720h."`
	Overlap         *string  `name:"overlap" placeholder:"TIME" help:"How long the old keys are good then."`
	Disable         bool     `name:"disable" xor:"disabled" help:"Nobody may publish it."`
	Enable          bool     `name:"enable" xor:"disabled" help:"Its keys may publish it again."`
}

func (f *streamFlags) body() (map[string]any, error) {
	body := set(map[string]any{}, map[string]*string{
		"title": f.Title, "passthrough": f.Passthrough, "visibility": f.Visibility, "second_publisher": f.SecondPublisher,
		"grace": f.Grace, "delivery": f.Delivery, "rotate": f.Rotate, "overlap": f.Overlap,
	})
	if f.Disable || f.Enable {
		body["disabled"] = f.Disable
	}
	if len(f.PlaybackID) > 0 {
		body["playback_ids"] = f.PlaybackID
	}
	if len(f.Label) == 0 {
		return body, nil
	}
	labels := map[string]any{}
	for _, l := range f.Label {
		name, value, ok := strings.Cut(l, "=")
		switch {
		case name == "":
			return nil, &tool.Error{Status: tool.Usage, Text: fmt.Sprintf("%q is no label; write NAME=VALUE", tool.Printable(l))}
		case !ok || value == "":
			labels[name] = nil
		default:
			labels[name] = value
		}
	}
	body["labels"] = labels
	return body, nil
}

type streamsCreateCommand struct {
	managed
	streamFlags
	Name     string `arg:"" placeholder:"APP/NAME" help:"Its name, for instance live/cam1."`
	NoKey    bool   `name:"no-key" help:"Make no key."`
	KeyLabel string `name:"key-label" placeholder:"TEXT" help:"Whose the key is."`
}

// Help is shown below the flags.
func (*streamsCreateCommand) Help() string {
	return `    millrace streams create live/cam1
    millrace streams create live/cam1 --visibility public --title "The hall" --json

It prints what to type into an encoder. The key is shown this once: the server keeps only its hash. A stream is
unlisted unless --visibility says otherwise: who knows its playback id may watch.`
}

// Run creates a stream.
func (c *streamsCreateCommand) Run(env *environment) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	body["name"] = c.Name
	if c.NoKey {
		body["without_key"] = true
	}
	if c.KeyLabel != "" {
		body["key_label"] = c.KeyLabel
	}
	return c.do(env, admin.Request{Method: http.MethodPost, Path: "streams", Body: body}, admin.Created)
}

// oneStream is a command about a stream.
type oneStream struct {
	managed
	Name string `arg:"" placeholder:"STREAM" help:"Its name, for instance live/cam1, or its id."`
}

func (c *oneStream) path(more ...string) string {
	return admin.Path(append([]string{"streams", c.Name}, more...)...)
}

// revised is a command that changes what must not have changed meanwhile.
type revised struct {
	Revision int64 `name:"if-revision" placeholder:"N" help:"Only if it still has this revision."`
}

type streamsShowCommand struct{ oneStream }

// Run shows a stream.
func (c *streamsShowCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Path: c.path()}, admin.Show)
}

type streamsSetCommand struct {
	oneStream
	streamFlags
	revised
}

// Help is shown below the flags.
func (*streamsSetCommand) Help() string {
	return `    millrace streams set live/cam1 --visibility private --label city=Bremen
    millrace streams set live/cam1 --grace "" --label city

An empty value takes away what was set, so that the stream is as its app again. What the config file declares can
be changed there only.`
}

// Run changes a stream.
func (c *streamsSetCommand) Run(env *environment) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return &tool.Error{Status: tool.Usage, Text: "nothing to change was given; millrace streams set --help shows what there is"}
	}
	return c.do(env, admin.Request{Method: http.MethodPatch, Path: c.path(), Body: body, IfRevision: c.Revision}, admin.Show)
}

type streamsDeleteCommand struct {
	oneStream
	revised
}

// Run deletes a stream.
func (c *streamsDeleteCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodDelete, Path: c.path(), IfRevision: c.Revision},
		says("%s is deleted, with its keys.", tool.Printable(c.Name)))
}

type streamsKickCommand struct {
	oneStream
	Reason string `name:"reason" placeholder:"TEXT" help:"What its encoder is told."`
}

// Help is shown below the flags.
func (*streamsKickCommand) Help() string {
	return `Most encoders come back by themselves. To keep one out revoke its key, or disable the stream:

    millrace streams set live/cam1 --disable`
}

// Run ends a broadcast.
func (c *streamsKickCommand) Run(env *environment) error {
	body := map[string]any{}
	if c.Reason != "" {
		body["reason"] = c.Reason
	}
	return c.do(env, admin.Request{Method: http.MethodPost, Path: c.path("kick"), Body: body},
		says("The broadcast of %s is ended.", tool.Printable(c.Name)))
}

type streamsLinkCommand struct {
	oneStream
	Expires time.Duration `name:"expires" default:"1h" placeholder:"TIME" help:"How long it is good (${default})."`
	IP      string        `name:"ip" placeholder:"ADDRESS" help:"Only from this address or network."`
	AsToken bool          `name:"as-token" help:"A token (JWT), which is longer and can be revoked by its id, in place of a link."`
	ID      string        `name:"id" placeholder:"TEXT" help:"An id of yours by which a token can be revoked."`
}

// Help is shown below the flags.
func (*streamsLinkCommand) Help() string {
	return `    millrace streams link live/cam1 --expires 2h
    millrace streams link live/cam1 --as-token --id guest-7
    millrace revocations create guest-7

Who has one of the addresses that it prints may watch the stream with any player, until it expires.`
}

// Run makes a permission to watch.
func (c *streamsLinkCommand) Run(env *environment) error {
	body := map[string]any{"type": "link", "expires_in": c.Expires.String()}
	if c.AsToken || c.ID != "" {
		body["type"] = "token"
	}
	if c.IP != "" {
		body["ip"] = c.IP
	}
	if c.ID != "" {
		body["jti"] = c.ID
	}
	return c.do(env, admin.Request{Method: http.MethodPost, Path: c.path("links"), Body: body}, admin.Show)
}

type streamsHistoryCommand struct {
	oneStream
	Limit int `name:"limit" default:"50" placeholder:"N" help:"At most so many, the newest first (${default}); 0 is all."`
}

// Run shows the history of a stream.
func (c *streamsHistoryCommand) Run(env *environment) error {
	return c.list(env, admin.History, admin.Request{Path: c.path("history")}, c.Limit)
}

type streamsRollbackCommand struct {
	oneStream
	To int64 `arg:"" placeholder:"REVISION" help:"As it was at this revision, which streams history names."`
	revised
}

// Run sets a stream as it was.
func (c *streamsRollbackCommand) Run(env *environment) error {
	return c.do(env, admin.Request{
		Method: http.MethodPost, Path: c.path("rollback"), Body: map[string]any{"revision": c.To}, IfRevision: c.Revision,
	}, admin.Show)
}

type streamsApplyCommand struct {
	managed
	File   string   `arg:"" placeholder:"FILE" help:"YAML or JSON; - reads standard input."`
	DryRun bool     `name:"dry-run" help:"Only say what would be done."`
	Prune  bool     `name:"prune" help:"Delete streams that are not in the file."`
	App    string   `name:"app" placeholder:"APP" help:"Prune only in this app."`
	Label  []string `name:"label" placeholder:"NAME=VALUE" help:"Prune only streams with this label (repeatable)."`
}

// Help is shown below the flags.
func (*streamsApplyCommand) Help() string {
	return `The file names streams as the API does:

    streams:
      - name: live/cam1
        title: The hall
        labels: {city: Bremen}
        visibility: private

Streams that differ are changed, those that are missing are made, without keys (millrace keys create). All is done
or nothing. What the config file of the server declares is not touched.`
}

// Run applies a set of streams.
func (c *streamsApplyCommand) Run(env *environment) error {
	body, err := admin.ReadStreams(c.File)
	if err != nil {
		return err
	}
	if c.Prune {
		body["prune"] = true
	}
	if c.App != "" {
		body["app"] = c.App
	}
	labels := map[string]string{}
	for _, l := range c.Label {
		name, value, _ := strings.Cut(l, "=")
		labels[name] = value
	}
	if len(labels) > 0 {
		body["labels"] = labels
	}
	query := url.Values{}
	if c.DryRun {
		query.Set("dry_run", "true")
	}
	return c.do(env, admin.Request{Method: http.MethodPut, Path: "apply", Query: query, Body: body},
		func(w io.Writer, body []byte) error {
			if err := admin.Differences.Write(w, body, false); err != nil || !c.DryRun {
				return err
			}
			return says("Nothing was changed: this was a dry run.")(w, nil)
		})
}

type sessionsCommand struct {
	List sessionsListCommand `cmd:"" default:"withargs" help:"List who is connected (the default)."`
	Kick sessionsKickCommand `cmd:"" help:"End a session."`
}

type sessionsListCommand struct {
	managed
	Stream   string `name:"stream" placeholder:"NAME" help:"Only those of this stream."`
	Role     string `name:"role" placeholder:"ROLE" help:"Only those of this role: publisher or player."`
	Protocol string `name:"protocol" placeholder:"PROTOCOL" help:"Only those of this protocol, for instance rtmp."`
	Limit    int    `name:"limit" placeholder:"N" help:"At most so many (all)."`
}

// Run lists the sessions of a running server.
func (c *sessionsListCommand) Run(env *environment) error {
	ctx, stop := untilStopped()
	defer stop()
	return admin.ListSessions(ctx, c.server(), admin.Filter{
		Stream: c.Stream, Role: c.Role, Protocol: c.Protocol, Limit: c.Limit,
	}, c.JSON, env.stdout)
}

type sessionsKickCommand struct {
	managed
	ID string `arg:"" placeholder:"ID" help:"The session, as sessions list --json and the log name it."`
}

// Run ends a session.
func (c *sessionsKickCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodDelete, Path: admin.Path("sessions", c.ID)},
		says("The session %s is ended.", tool.Printable(c.ID)))
}

// within runs do until the command is stopped.
func within(do func(ctx context.Context) error) error {
	ctx, stop := untilStopped()
	defer stop()
	return do(ctx)
}
