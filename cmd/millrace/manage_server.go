package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/internal/tool/admin"
)

type tokensCommand struct {
	List   tokensListCommand   `cmd:"" default:"withargs" help:"List the tokens of the API (the default)."`
	Create tokensCreateCommand `cmd:"" help:"Make a token of the API."`
	Revoke tokensRevokeCommand `cmd:"" help:"Take a token of the API away."`
}

type tokensListCommand struct{ managed }

// Run lists the tokens.
func (c *tokensListCommand) Run(env *environment) error {
	return c.list(env, admin.Tokens, admin.Request{Path: "tokens"}, 0)
}

type tokensCreateCommand struct {
	managed
	Role    string   `name:"role" enum:"viewer,operator,admin" default:"viewer" placeholder:"ROLE" help:"viewer reads; operator changes streams and keys and sends people away; admin does everything (${default})."`
	App     []string `name:"app" placeholder:"APP" help:"Only for this app (repeatable)."`
	Label   *string  `name:"label" placeholder:"TEXT" help:"Whose it is."`
	Expires *string  `name:"expires" placeholder:"TIME" help:"When it ends: how long from now (24h), a time (2030-01-31T12:00:00Z) or never."`
}

// Run makes a token.
func (c *tokensCreateCommand) Run(env *environment) error {
	expires, err := moment(c.Expires)
	if err != nil {
		return err
	}
	body := set(map[string]any{"role": c.Role}, map[string]*string{"label": c.Label, "expires": expires})
	if len(c.App) > 0 {
		body["apps"] = c.App
	}
	return c.do(env, admin.Request{Method: http.MethodPost, Path: "tokens", Body: body}, secret("token", "token"))
}

type tokensRevokeCommand struct{ oneObject }

// Run revokes a token.
func (c *tokensRevokeCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodDelete, Path: admin.Path("tokens", c.ID)},
		says("%s is revoked.", tool.Printable(c.ID)))
}

type webhooksCommand struct {
	List   webhooksListCommand   `cmd:"" default:"withargs" help:"List the webhooks (the default)."`
	Create webhooksCreateCommand `cmd:"" help:"Have events delivered to an address."`
	Set    webhooksSetCommand    `cmd:"" help:"Change a webhook."`
	Rotate webhooksRotateCommand `cmd:"" help:"Replace the secret that signs deliveries."`
	Delete webhooksDeleteCommand `cmd:"" help:"Delete a webhook."`
	Test   webhooksTestCommand   `cmd:"" help:"Send an event for trying out, now."`
	Dead   webhooksDeadCommand   `cmd:"" help:"List what could not be delivered."`
	Replay webhooksReplayCommand `cmd:"" help:"Deliver events once more."`
}

type webhooksListCommand struct{ managed }

// Run lists the webhooks.
func (c *webhooksListCommand) Run(env *environment) error {
	return c.list(env, admin.Webhooks, admin.Request{Path: "webhooks"}, 0)
}

// webhookFlags are what can be set of a webhook.
type webhookFlags struct {
	Label *string  `name:"label" placeholder:"TEXT" help:"What it is for."`
	Type  []string `name:"type" placeholder:"TYPE" help:"Only events of this type: stream.live, stream.* (repeatable)."`
	App   []string `name:"app" placeholder:"APP" help:"Only of streams of this app (repeatable)."`
}

func (f *webhookFlags) body() map[string]any {
	body := set(map[string]any{}, map[string]*string{"label": f.Label})
	if len(f.Type) > 0 {
		body["types"] = f.Type
	}
	if len(f.App) > 0 {
		body["apps"] = f.App
	}
	return body
}

type webhooksCreateCommand struct {
	managed
	webhookFlags
	URL string `arg:"" placeholder:"URL" help:"Where events are posted to."`
}

// Help is shown below the flags.
func (*webhooksCreateCommand) Help() string {
	return `    millrace webhooks create https://ops.example.com/millrace --type 'stream.*'
    millrace webhooks test wh_…

The secret by which the receiver knows that a delivery comes from the server is shown this once.`
}

// Run makes a webhook.
func (c *webhooksCreateCommand) Run(env *environment) error {
	body := c.body()
	body["url"] = c.URL
	return c.do(env, admin.Request{Method: http.MethodPost, Path: "webhooks", Body: body}, secret("secret", "secret"))
}

type webhooksSetCommand struct {
	oneObject
	webhookFlags
	URL     *string `name:"url" placeholder:"URL" help:"Where events are posted to."`
	Disable bool    `name:"disable" xor:"disabled" help:"Deliver nothing for now."`
	Enable  bool    `name:"enable" xor:"disabled" help:"Deliver again."`
	revised
}

// Run changes a webhook.
func (c *webhooksSetCommand) Run(env *environment) error {
	body := set(c.body(), map[string]*string{"url": c.URL})
	if c.Disable || c.Enable {
		body["disabled"] = c.Disable
	}
	return c.do(env, admin.Request{Method: http.MethodPatch, Path: admin.Path("webhooks", c.ID), Body: body, IfRevision: c.Revision}, admin.Show)
}

type webhooksRotateCommand struct{ oneObject }

// Run replaces the secret of a webhook.
func (c *webhooksRotateCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodPost, Path: admin.Path("webhooks", c.ID, "rotate")}, secret("secret", "secret"))
}

type webhooksDeleteCommand struct{ oneObject }

// Run deletes a webhook.
func (c *webhooksDeleteCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodDelete, Path: admin.Path("webhooks", c.ID)},
		says("%s is deleted; what waited for it is dropped.", tool.Printable(c.ID)))
}

type webhooksTestCommand struct{ oneObject }

// Run tries a webhook; status 1 says that the event was not delivered.
func (c *webhooksTestCommand) Run(env *environment) error {
	return within(func(ctx context.Context) error {
		return admin.TestWebhook(ctx, c.server(), c.ID, c.JSON, env.stdout)
	})
}

type webhooksDeadCommand struct {
	oneObject
	Limit int `name:"limit" placeholder:"N" help:"At most so many (all)."`
}

// Run lists dead letters.
func (c *webhooksDeadCommand) Run(env *environment) error {
	return c.list(env, admin.DeadLetters, admin.Request{Path: admin.Path("webhooks", c.ID, "dead")}, c.Limit)
}

type webhooksReplayCommand struct {
	oneObject
	Sequence []int64 `arg:"" optional:"" placeholder:"SEQUENCE" help:"These, as webhooks dead lists them."`
	Dead     bool    `name:"dead" help:"All that could not be delivered."`
	Since    *string `name:"since" placeholder:"TIME" help:"All of this time (2030-01-31T12:00:00Z) and later, delivered or not."`
}

// Run delivers events once more.
func (c *webhooksReplayCommand) Run(env *environment) error {
	body := set(map[string]any{}, map[string]*string{"since": c.Since})
	if len(c.Sequence) > 0 {
		body["sequences"] = c.Sequence
	}
	if c.Dead {
		body["dead"] = true
	}
	if len(body) == 0 {
		return &tool.Error{Status: tool.Usage, Text: "say which events: their sequences, --dead or --since TIME"}
	}
	return c.do(env, admin.Request{Method: http.MethodPost, Path: admin.Path("webhooks", c.ID, "replay"), Body: body}, admin.Show)
}

type bansCommand struct {
	List   bansListCommand   `cmd:"" default:"withargs" help:"List who is kept out (the default)."`
	Create bansCreateCommand `cmd:"" help:"Keep an address, a network or a key out."`
	Delete bansDeleteCommand `cmd:"" help:"Let somebody in again."`
}

type bansListCommand struct{ managed }

// Run lists the bans.
func (c *bansListCommand) Run(env *environment) error {
	return c.list(env, admin.Bans, admin.Request{Path: "bans"}, 0)
}

type bansCreateCommand struct {
	managed
	Who    string  `arg:"" placeholder:"WHO" help:"An address (192.0.2.7), a network (192.0.2.0/24) or the id of a key (ky_…)."`
	Reason *string `name:"reason" placeholder:"TEXT" help:"Why, for those who read the list."`
	Until  *string `name:"until" placeholder:"TIME" help:"How long from now (24h), or until when (for ever)."`
}

// Run makes a ban.
func (c *bansCreateCommand) Run(env *environment) error {
	until, err := moment(c.Until)
	if err != nil {
		return err
	}
	what := "address"
	if strings.HasPrefix(c.Who, "ky_") {
		what = "key"
	}
	body := set(map[string]any{what: c.Who}, map[string]*string{"reason": c.Reason, "until": until})
	return c.do(env, admin.Request{Method: http.MethodPost, Path: "bans", Body: body}, admin.Show)
}

type bansDeleteCommand struct{ oneObject }

// Run lifts a ban.
func (c *bansDeleteCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodDelete, Path: admin.Path("bans", c.ID)}, says("%s is lifted.", tool.Printable(c.ID)))
}

type eventsCommand struct {
	managed
	Follow bool     `name:"follow" short:"f" help:"Go on with what comes."`
	Type   []string `name:"type" placeholder:"TYPE" help:"Only of this type: stream.live, stream.* (repeatable)."`
	App    []string `name:"app" placeholder:"APP" help:"Only of this app (repeatable)."`
	Stream string   `name:"stream" placeholder:"NAME" help:"Only of this stream."`
	Since  string   `name:"since" placeholder:"N" help:"Those behind this place in the queue; with --follow 0 is all that the server still has."`
}

// Help is shown below the flags.
func (*eventsCommand) Help() string {
	return `    millrace events --type 'stream.*'
    millrace events --follow --json | while read -r event; do …; done

Without --follow it prints what the server still has, with it what comes from now on. With --json each line is a
CloudEvent. When the connection is lost it goes on where it was.`
}

// Run prints events.
func (c *eventsCommand) Run(env *environment) error {
	return within(func(ctx context.Context) error {
		return admin.Events(ctx, c.server(), admin.Following{
			Types: c.Type, Apps: c.App, Stream: c.Stream, After: c.Since, Follow: c.Follow,
		}, c.JSON, env.stdout)
	})
}

type auditCommand struct {
	managed
	Limit int `name:"limit" default:"50" placeholder:"N" help:"At most so many, the newest first (${default}); 0 is all."`
}

// Run shows who changed what.
func (c *auditCommand) Run(env *environment) error {
	return c.list(env, admin.History, admin.Request{Path: "audit"}, c.Limit)
}

type backupCommand struct {
	managed
	File     string `arg:"" placeholder:"FILE" help:"The new file."`
	Database string `name:"database" env:"MILLRACE_DATABASE" placeholder:"URL" help:"The database of a server that does not run (SQLite in its data folder)."`
}

// Help is shown below the flags.
func (*backupCommand) Help() string {
	return `It asks the running server, which goes on meanwhile, or reads the data folder of one that does not run. The file
holds streams, keys (their hashes), tokens, webhooks, their history and the queue of events. What is sealed in it is
opened by the file secret.key of the data folder: keep that too, in another place.`
}

// Run makes a backup.
func (c *backupCommand) Run(env *environment) error {
	return within(func(ctx context.Context) error {
		from, err := admin.Backup(ctx, c.server(), c.Database, c.File)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(env.stdout, map[string]string{"file": c.File, "from": from})
		}
		_, err = fmt.Fprintf(env.stdout, "%s is a backup of %s.\n", c.File, from)
		return err
	})
}

type restoreCommand struct {
	File     string `arg:"" placeholder:"FILE" help:"What millrace backup wrote."`
	Data     string `name:"data" env:"MILLRACE_DATA" placeholder:"DIR" help:"The data folder, in which no server may run (chosen as serve does)."`
	Database string `name:"database" env:"MILLRACE_DATABASE" placeholder:"URL" help:"The database (SQLite in the data folder)."`
}

// Help is shown below the flags.
func (*restoreCommand) Help() string {
	return `The database must be new. Put the file secret.key of the old data folder into the new one first: without it
webhooks, signing keys and users cannot be opened.`
}

// Run restores a backup.
func (c *restoreCommand) Run(env *environment) error {
	return within(func(ctx context.Context) error {
		if err := admin.Restore(ctx, c.Data, c.Database, c.File); err != nil {
			return err
		}
		_, err := fmt.Fprintf(env.stdout, "%s is restored.\n", c.File)
		return err
	})
}
