package catalog

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/ticket"
)

// Kinds of documents that are no objects of anybody.
const (
	kindPath  = "path"  // reserves a path for a stream, so that two nodes can't give it away at once
	kindUser  = "user"  // reserves the user of a credential
	kindUse   = "use"   // last uses
	kindStart = "start" // says that there was a first start, and by which key file secrets are sealed
)

// The documents, as the database has them. They are apart from the objects, whose
// JSON is an answer of the API: hashes and sealed secrets never get into one.
type (
	streamDoc struct {
		App             string            `json:"app"`
		Name            string            `json:"name"`
		Title           string            `json:"title,omitempty"`
		Labels          map[string]string `json:"labels,omitempty"`
		Passthrough     string            `json:"passthrough,omitempty"`
		Visibility      Visibility        `json:"visibility"`
		PlaybackIDs     []string          `json:"playback_ids,omitempty"`
		SecondPublisher string            `json:"second_publisher,omitempty"`
		Grace           *Duration         `json:"grace,omitempty"`
		Delivery        string            `json:"delivery,omitempty"`
		Disabled        bool              `json:"disabled,omitempty"`
		Rotate          *Duration         `json:"rotate,omitempty"`
		Overlap         *Duration         `json:"overlap,omitempty"`
	}
	keyDoc struct {
		Path      string         `json:"path"`
		Label     string         `json:"label,omitempty"`
		Hash      string         `json:"hash"`
		Expires   time.Time      `json:"expires,omitzero"`
		Once      bool           `json:"once,omitempty"`
		Addresses []netip.Prefix `json:"addresses,omitempty"`
		Rehearsal bool           `json:"rehearsal,omitempty"`
		Plain     string         `json:"plain,omitempty"`
		Sealed    string         `json:"sealed,omitempty"` // until it was shown
	}
	credentialDoc struct {
		Path    string    `json:"path"`
		User    string    `json:"user"`
		Label   string    `json:"label,omitempty"`
		Expires time.Time `json:"expires,omitzero"`
		Sealed  string    `json:"sealed"` // a verifierDoc
	}
	verifierDoc struct {
		Salt      string `json:"salt"`
		Adobe     string `json:"adobe"`
		Limelight string `json:"llnw"`
	}
	tokenDoc struct {
		Label   string    `json:"label,omitempty"`
		Role    Role      `json:"role"`
		Apps    []string  `json:"apps,omitempty"`
		Hash    string    `json:"hash"`
		Expires time.Time `json:"expires,omitzero"`
	}
	webhookDoc struct {
		URL      string   `json:"url"`
		Label    string   `json:"label,omitempty"`
		Types    []string `json:"types,omitempty"`
		Apps     []string `json:"apps,omitempty"`
		Disabled bool     `json:"disabled,omitempty"`
		Sealed   string   `json:"sealed"`
	}
	banDoc struct {
		Address netip.Prefix `json:"address,omitzero"`
		Key     string       `json:"key,omitempty"`
		Reason  string       `json:"reason,omitempty"`
		Until   time.Time    `json:"until,omitzero"`
	}
	signingDoc struct {
		Label  string    `json:"label,omitempty"`
		Until  time.Time `json:"until,omitzero"`
		Sealed string    `json:"sealed"`
	}
	revocationDoc struct {
		Until time.Time `json:"until,omitzero"`
	}
	ownerDoc struct { // of a path or user
		ID string `json:"id"`
	}
	useDoc struct {
		Last      Use       `json:"last,omitzero"`
		SentPlain time.Time `json:"sent_plain,omitzero"`
		Spent     time.Time `json:"spent,omitzero"`
	}
	startDoc struct {
		Check string `json:"check"` // something sealed
	}
)

// ref names a document.
type ref struct{ kind, id string }

// object is what an item holds: all embed Meta.
type object interface{ meta() *Meta }

func (m *Meta) meta() *Meta { return m }

// revocation is a ticket.Revocation as an object.
type revocation struct {
	Meta
	Until time.Time
}

func (r *revocation) ticket() ticket.Revocation { return ticket.Revocation{ID: r.ID, Until: r.Until} }

// item is an object with what nobody sees of it. It is replaced and never changed.
type item struct {
	ref
	revision int64
	obj      object        // nil: a reservation, a start
	sealed   string        // of a start: only if the key file is another one
	secret   config.Secret // of webhooks and signing keys
	verifier Verifier      // of credentials
}

// encode is the document of an object.
func encode(obj object, sealed string) json.RawMessage {
	var doc any
	switch o := obj.(type) {
	case *Stream:
		doc = streamDoc{
			o.App, o.Name, o.Title, o.Labels, o.Passthrough, o.Visibility, o.PlaybackIDs,
			o.SecondPublisher, o.Grace, o.Delivery, o.Disabled, o.Rotate, o.Overlap,
		}
	case *Key:
		doc = keyDoc{o.Path, o.Label, o.Hash, o.Expires, o.Once, o.Addresses, o.Rehearsal, o.Plain, sealed}
	case *Credential:
		doc = credentialDoc{o.Path, o.User, o.Label, o.Expires, sealed}
	case *Token:
		doc = tokenDoc{o.Label, o.Role, o.Apps, o.Hash, o.Expires}
	case *Webhook:
		doc = webhookDoc{o.URL, o.Label, o.Types, o.Apps, o.Disabled, sealed}
	case *Ban:
		doc = banDoc{o.Address, o.Key, o.Reason, o.Until}
	case *SigningKey:
		doc = signingDoc{o.Label, o.Until, sealed}
	case *revocation:
		doc = revocationDoc{o.Until}
	}
	return marshal(doc)
}

func marshal(doc any) json.RawMessage {
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err) // the documents hold nothing that has no JSON
	}
	return b
}

// decode is the item of a document. The stream's id of keys and credentials is
// left to the index.
func (s *sealer) decode(d database.Doc) (*item, error) {
	it := &item{ref: ref{d.Kind, d.ID}, revision: d.Revision}
	m := Meta{ID: d.ID, Revision: d.Revision, Managed: ByAPI, Created: d.Created, Updated: d.Updated}
	var err error
	switch d.Kind {
	case KindStream:
		it.obj, err = decodeStream(m, d.Body)
	case KindKey:
		var k keyDoc
		err = json.Unmarshal(d.Body, &k)
		it.sealed = k.Sealed
		it.obj = &Key{
			Meta: m, Path: k.Path, Label: k.Label, Hash: k.Hash, Expires: k.Expires, Once: k.Once,
			Addresses: k.Addresses, Rehearsal: k.Rehearsal, Plain: k.Plain, Unseen: k.Sealed != "",
		}
	case KindCredential:
		var k credentialDoc
		err = json.Unmarshal(d.Body, &k)
		it.sealed = k.Sealed
		it.obj = &Credential{Meta: m, Path: k.Path, User: k.User, Label: k.Label, Expires: k.Expires}
	case KindToken:
		var t tokenDoc
		err = json.Unmarshal(d.Body, &t)
		it.obj = &Token{Meta: m, Label: t.Label, Role: t.Role, Apps: t.Apps, Hash: t.Hash, Expires: t.Expires}
	case KindWebhook:
		var w webhookDoc
		err = json.Unmarshal(d.Body, &w)
		it.sealed = w.Sealed
		it.obj = &Webhook{Meta: m, URL: w.URL, Label: w.Label, Types: w.Types, Apps: w.Apps, Disabled: w.Disabled}
	case KindBan:
		var b banDoc
		err = json.Unmarshal(d.Body, &b)
		it.obj = &Ban{Meta: m, Address: b.Address, Key: b.Key, Reason: b.Reason, Until: b.Until}
	case KindSigningKey:
		var k signingDoc
		err = json.Unmarshal(d.Body, &k)
		it.sealed = k.Sealed
		it.obj = &SigningKey{Meta: m, Label: k.Label, Until: k.Until}
	case KindRevocation:
		var r revocationDoc
		err = json.Unmarshal(d.Body, &r)
		it.obj = &revocation{m, r.Until}
	case kindStart:
		var st startDoc
		err = json.Unmarshal(d.Body, &st)
		if _, bad := s.open(d.Kind, d.ID, st.Check); bad != nil {
			it.sealed = st.Check
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the %s %s in the database is damaged: %w", d.Kind, d.ID, err)
	}
	return it, s.unseal(it)
}

func decodeStream(m Meta, body json.RawMessage) (*Stream, error) {
	var d streamDoc
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, err
	}
	s := &Stream{
		Meta: m, App: d.App, Name: d.Name, Title: d.Title, Labels: d.Labels, Passthrough: d.Passthrough,
		Visibility: d.Visibility, PlaybackIDs: d.PlaybackIDs, SecondPublisher: d.SecondPublisher, Grace: d.Grace,
		Delivery: d.Delivery, Disabled: d.Disabled, Rotate: d.Rotate, Overlap: d.Overlap,
	}
	s.search = searchable(s)
	return s, nil
}

func searchable(s *Stream) string { return strings.ToLower(s.Path() + "\n" + s.Title) }

// unseal opens what the server itself uses.
func (s *sealer) unseal(it *item) error {
	if it.sealed == "" || it.kind == KindKey || it.kind == kindStart {
		return nil
	}
	secret, err := s.open(it.kind, it.id, it.sealed)
	if err != nil {
		return err
	}
	if it.kind != KindCredential {
		it.secret = secret
		return nil
	}
	var v verifierDoc
	if json.Unmarshal([]byte(secret.Reveal()), &v) != nil {
		return fmt.Errorf("the verifier of the credential %s is damaged", it.id)
	}
	it.verifier = Verifier{v.Salt, config.NewSecret(v.Adobe), config.NewSecret(v.Limelight)}
	return nil
}

// shown is an object as others get it.
func shown(obj object) any {
	switch o := obj.(type) {
	case nil:
		return nil
	case *revocation:
		r := o.ticket()
		return &r
	default:
		return o
	}
}

// pathOf is the path of the stream that an object belongs to, or "".
func pathOf(obj object) string {
	switch o := obj.(type) {
	case *Stream:
		return o.Path()
	case *Key:
		return o.Path
	case *Credential:
		return o.Path
	}
	return ""
}
