package main

import (
	"net/http"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/internal/tool/admin"
)

type keysCommand struct {
	List   keysListCommand   `cmd:"" help:"List the keys of a stream."`
	Create keysCreateCommand `cmd:"" help:"Make a key for a stream."`
	Set    keysSetCommand    `cmd:"" help:"Change what is set of a key."`
	Rotate keysRotateCommand `cmd:"" help:"Replace a key by a new one; the old one is good for a while."`
	Show   keysShowCommand   `cmd:"" help:"See, once, a key that the server made by itself because of the age of the one before."`
	Revoke keysRevokeCommand `cmd:"" help:"Take a key away, and end the session that uses it."`
}

type keysListCommand struct{ oneStream }

// Run lists the keys of a stream.
func (c *keysListCommand) Run(env *environment) error {
	return c.list(env, admin.Keys, admin.Request{Path: c.path("keys")}, 0)
}

// keyFlags are what can be set of a key.
type keyFlags struct {
	Label   *string  `name:"label" placeholder:"TEXT" help:"Whose it is."`
	Expires *string  `name:"expires" placeholder:"TIME" help:"When it ends: how long from now (24h), a time (2030-01-31T12:00:00Z) or never."`
	Address []string `name:"address" placeholder:"CIDR" help:"Only from this address or network (repeatable)."`
	Plain   *string  `name:"plain" placeholder:"MODE" help:"Without TLS: allow, warn or refuse."`
}

func (f *keyFlags) body() (map[string]any, error) {
	expires, err := moment(f.Expires)
	if err != nil {
		return nil, err
	}
	body := set(map[string]any{}, map[string]*string{"label": f.Label, "expires": expires, "plain": f.Plain})
	if len(f.Address) > 0 {
		body["addresses"] = f.Address
	}
	return body, nil
}

type keysCreateCommand struct {
	oneStream
	keyFlags
	Once      bool `name:"once" help:"For one broadcast, at whose end it is spent."`
	Rehearsal bool `name:"rehearsal" help:"Publishes to nowhere: the server checks what comes and says what is wrong with it."`
}

// Help is shown below the flags.
func (*keysCreateCommand) Help() string {
	return `    millrace keys create live/cam1 --label "van 2" --expires 48h --address 192.0.2.0/24

The key is shown this once: the server keeps only its hash.`
}

// Run makes a key.
func (c *keysCreateCommand) Run(env *environment) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	if c.Once {
		body["once"] = true
	}
	if c.Rehearsal {
		body["rehearsal"] = true
	}
	return c.do(env, admin.Request{Method: http.MethodPost, Path: c.path("keys"), Body: body}, secret("key", "key"))
}

// oneObject is a command about an object that has an id.
type oneObject struct {
	managed
	ID string `arg:"" placeholder:"ID" help:"Its id, as the list shows it."`
}

type keysSetCommand struct {
	oneObject
	keyFlags
	revised
}

// Run changes a key.
func (c *keysSetCommand) Run(env *environment) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	return c.do(env, admin.Request{Method: http.MethodPatch, Path: admin.Path("keys", c.ID), Body: body, IfRevision: c.Revision}, admin.Show)
}

// overlap is how long what is replaced stays good.
type overlap struct {
	Overlap *string `name:"overlap" placeholder:"TIME" help:"How long the old one is good; 0s ends it at once (24h)."`
}

func (o *overlap) body() map[string]any {
	return set(map[string]any{}, map[string]*string{"overlap": o.Overlap})
}

type keysRotateCommand struct {
	oneObject
	overlap
}

// Run replaces a key.
func (c *keysRotateCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodPost, Path: admin.Path("keys", c.ID, "rotate"), Body: c.body()}, secret("key", "key"))
}

type keysShowCommand struct{ oneObject }

// Run shows a key that was made by age.
func (c *keysShowCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodPost, Path: admin.Path("keys", c.ID, "show")}, secret("key", "key"))
}

type keysRevokeCommand struct {
	oneObject
	revised
}

// Run revokes a key.
func (c *keysRevokeCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodDelete, Path: admin.Path("keys", c.ID), IfRevision: c.Revision},
		says("%s is revoked; who published with it is sent away.", tool.Printable(c.ID)))
}

type credentialsCommand struct {
	List   credentialsListCommand   `cmd:"" help:"List the users of a stream."`
	Create credentialsCreateCommand `cmd:"" help:"Make a user and password for old encoders."`
	Delete credentialsDeleteCommand `cmd:"" help:"Delete a user."`
}

// Help is shown below the commands.
func (*credentialsCommand) Help() string {
	return `Users with passwords are for old encoders that know only the challenges of Adobe and Limelight. These are weak: who
listens can try passwords at home. Give every other encoder a key (millrace keys).`
}

type credentialsListCommand struct{ oneStream }

// Run lists the users of a stream.
func (c *credentialsListCommand) Run(env *environment) error {
	return c.list(env, admin.Credentials, admin.Request{Path: c.path("credentials")}, 0)
}

type credentialsCreateCommand struct {
	oneStream
	User    string  `arg:"" placeholder:"USER" help:"The user's name."`
	Label   *string `name:"label" placeholder:"TEXT" help:"Whose it is."`
	Expires *string `name:"expires" placeholder:"TIME" help:"When it ends: how long from now (24h), a time (2030-01-31T12:00:00Z) or never."`
}

// Run makes a user; the password is made by the server, as one on the command
// line would stand in the shell's history.
func (c *credentialsCreateCommand) Run(env *environment) error {
	expires, err := moment(c.Expires)
	if err != nil {
		return err
	}
	body := set(map[string]any{"user": c.User}, map[string]*string{"label": c.Label, "expires": expires})
	return c.do(env, admin.Request{Method: http.MethodPost, Path: c.path("credentials"), Body: body}, secret("password", "password"))
}

type credentialsDeleteCommand struct{ oneObject }

// Run deletes a user.
func (c *credentialsDeleteCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodDelete, Path: admin.Path("credentials", c.ID)},
		says("%s is deleted.", tool.Printable(c.ID)))
}

type signingKeysCommand struct {
	List   signingKeysListCommand   `cmd:"" default:"withargs" help:"List the keys that sign permissions to watch (the default)."`
	Create signingKeysCreateCommand `cmd:"" help:"Make one, for a program of yours that signs tokens (docs/tokens.md)."`
	Rotate signingKeysRotateCommand `cmd:"" help:"Replace all of them by a new one; the old ones are good for a while."`
	Delete signingKeysDeleteCommand `cmd:"" help:"Delete one: what it signed is good no longer."`
}

type signingKeysListCommand struct{ managed }

// Run lists the signing keys.
func (c *signingKeysListCommand) Run(env *environment) error {
	return c.list(env, admin.SigningKeys, admin.Request{Path: "signing-keys"}, 0)
}

type signingKeysCreateCommand struct {
	managed
	Label *string `name:"label" placeholder:"TEXT" help:"What it is for."`
}

// Run makes a signing key.
func (c *signingKeysCreateCommand) Run(env *environment) error {
	body := set(map[string]any{}, map[string]*string{"label": c.Label})
	return c.do(env, admin.Request{Method: http.MethodPost, Path: "signing-keys", Body: body}, secret("secret", "secret"))
}

type signingKeysRotateCommand struct {
	managed
	overlap
}

// Run replaces the signing keys.
func (c *signingKeysRotateCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodPost, Path: "signing-keys/rotate", Body: c.body()}, secret("secret", "secret"))
}

type signingKeysDeleteCommand struct{ oneObject }

// Run deletes a signing key.
func (c *signingKeysDeleteCommand) Run(env *environment) error {
	return c.do(env, admin.Request{Method: http.MethodDelete, Path: admin.Path("signing-keys", c.ID)},
		says("%s is deleted; what it signed is good no longer.", tool.Printable(c.ID)))
}

type revocationsCommand struct {
	List   revocationsListCommand   `cmd:"" default:"withargs" help:"List the permissions to watch that were taken back (the default)."`
	Create revocationsCreateCommand `cmd:"" help:"Take one back; who watches with it is sent away."`
}

type revocationsListCommand struct{ managed }

// Run lists what was revoked.
func (c *revocationsListCommand) Run(env *environment) error {
	return c.list(env, admin.Revocations, admin.Request{Path: "revocations"}, 0)
}

type revocationsCreateCommand struct {
	managed
	ID    string  `arg:"" placeholder:"ID" help:"The id (jti) of a token, or the fp_… that the log and the sessions name."`
	Until *string `name:"until" placeholder:"TIME" help:"When the permission ends by itself: how long from now, or a time."`
}

// Run revokes a permission to watch.
func (c *revocationsCreateCommand) Run(env *environment) error {
	until, err := moment(c.Until)
	if err != nil {
		return err
	}
	body := set(map[string]any{"id": c.ID}, map[string]*string{"until": until})
	return c.do(env, admin.Request{Method: http.MethodPost, Path: "revocations", Body: body},
		says("%s is revoked; who watches with it is sent away.", tool.Printable(c.ID)))
}
