package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
)

// need is what an operation asks of whoever asks for it.
type need struct {
	role    catalog.Role // the least that will do; "": everybody
	allApps bool         // whose token is for some apps may not
	body    string       // of a request that is well formed
	answer  int          // to those who may, if it is no success
}

// needs has a row for each operation of the description. {id} in an address is
// that of an object that belongs to the stream live/cam1.
var needs = map[string]need{
	"GET /api/v1/streams":                {"", false, "", 0},
	"POST /api/v1/streams":               {catalog.Operator, false, `{"name":"live/%d"}`, 0},
	"GET /api/v1/streams/{id}":           {"", false, "", 0},
	"PATCH /api/v1/streams/{id}":         {catalog.Operator, false, `{"title":"t"}`, 0},
	"DELETE /api/v1/streams/{id}":        {catalog.Operator, false, "", 0},
	"POST /api/v1/streams/{id}/kick":     {catalog.Operator, false, "", 0},
	"GET /api/v1/streams/{id}/history":   {catalog.Viewer, false, "", 0},
	"POST /api/v1/streams/{id}/rollback": {catalog.Operator, false, `{"revision":1}`, 0},
	"GET /api/v1/streams/{id}/rehearsal": {catalog.Viewer, false, "", 0},
	"PUT /api/v1/apply":                  {catalog.Operator, false, `{"streams":[{"name":"live/cam1"}]}`, 0},
	"GET /api/v1/streams/{id}/keys":      {catalog.Viewer, false, "", 0},
	"POST /api/v1/streams/{id}/keys":     {catalog.Operator, false, `{"label":"l"}`, 0},
	"GET /api/v1/keys/{id}":              {catalog.Viewer, false, "", 0},
	"PATCH /api/v1/keys/{id}":            {catalog.Operator, false, `{"label":"l"}`, 0},
	"DELETE /api/v1/keys/{id}":           {catalog.Operator, false, "", 0},
	"POST /api/v1/keys/{id}/rotate":      {catalog.Operator, false, `{"overlap":"1h"}`, 0},
	// There is nothing to see of a key that was made by hand.
	"POST /api/v1/keys/{id}/show":           {catalog.Operator, false, "", http.StatusUnprocessableEntity},
	"GET /api/v1/streams/{id}/credentials":  {catalog.Viewer, false, "", 0},
	"POST /api/v1/streams/{id}/credentials": {catalog.Operator, false, `{"user":"user%d"}`, 0},
	"GET /api/v1/credentials/{id}":          {catalog.Viewer, false, "", 0},
	"PATCH /api/v1/credentials/{id}":        {catalog.Operator, false, `{"label":"l"}`, 0},
	"DELETE /api/v1/credentials/{id}":       {catalog.Operator, false, "", 0},
	"POST /api/v1/streams/{id}/links":       {catalog.Operator, false, `{"expires_in":"1h"}`, 0},
	"GET /api/v1/signing-keys":              {catalog.Admin, true, "", 0},
	"POST /api/v1/signing-keys":             {catalog.Admin, true, `{"label":"l"}`, 0},
	"POST /api/v1/signing-keys/rotate":      {catalog.Admin, true, `{"overlap":"1h"}`, 0},
	"DELETE /api/v1/signing-keys/{id}":      {catalog.Admin, true, "", 0},
	"GET /api/v1/revocations":               {catalog.Operator, true, "", 0},
	"POST /api/v1/revocations":              {catalog.Operator, true, `{"id":"v-1"}`, 0},
	"GET /api/v1/tokens":                    {catalog.Admin, true, "", 0},
	"POST /api/v1/tokens":                   {catalog.Admin, true, `{"role":"viewer"}`, 0},
	"GET /api/v1/tokens/{id}":               {catalog.Admin, true, "", 0},
	"PATCH /api/v1/tokens/{id}":             {catalog.Admin, true, `{"label":"l"}`, 0},
	"DELETE /api/v1/tokens/{id}":            {catalog.Admin, true, "", 0},
	"GET /api/v1/webhooks":                  {catalog.Admin, true, "", 0},
	"POST /api/v1/webhooks":                 {catalog.Admin, true, `{"url":"https://ops.example.com/%d"}`, 0},
	"GET /api/v1/webhooks/{id}":             {catalog.Admin, true, "", 0},
	"PATCH /api/v1/webhooks/{id}":           {catalog.Admin, true, `{"label":"l"}`, 0},
	"DELETE /api/v1/webhooks/{id}":          {catalog.Admin, true, "", 0},
	"POST /api/v1/webhooks/{id}/rotate":     {catalog.Admin, true, "", 0},
	"POST /api/v1/webhooks/{id}/test":       {catalog.Admin, true, "", 0},
	"GET /api/v1/webhooks/{id}/dead":        {catalog.Admin, true, "", 0},
	"POST /api/v1/webhooks/{id}/replay":     {catalog.Admin, true, `{"sequences":[7]}`, 0},
	"GET /api/v1/bans":                      {catalog.Admin, true, "", 0},
	"POST /api/v1/bans":                     {catalog.Admin, true, `{"address":"192.0.2.%d"}`, 0},
	"GET /api/v1/bans/{id}":                 {catalog.Admin, true, "", 0},
	"PATCH /api/v1/bans/{id}":               {catalog.Admin, true, `{"reason":"r"}`, 0},
	"DELETE /api/v1/bans/{id}":              {catalog.Admin, true, "", 0},
	"GET /api/v1/sessions":                  {"", false, "", 0},
	"DELETE /api/v1/sessions/{id}":          {catalog.Operator, false, "", 0},
	"GET /api/v1/events":                    {catalog.Viewer, false, "", 0},
	"GET /api/v1/audit":                     {catalog.Admin, true, "", 0},
	"POST /api/v1/reload":                   {catalog.Admin, true, "", 0},
	"POST /api/v1/backup":                   {catalog.Admin, true, "", 0},
}

// lists are those operations that a token of another app may ask, too: they answer
// with what it is for.
var lists = []string{"GET /api/v1/streams", "GET /api/v1/streams/{id}", "GET /api/v1/sessions", "GET /api/v1/events"}

// Each operation is asked by each role, for all apps, for the app of the object and
// for another one.
func TestRoles(t *testing.T) {
	c := newControl(t)
	c.live = streams()
	described := make(map[string]bool)
	for _, op := range operationsOf(c.huma.OpenAPI()) {
		name := op.Method + " " + op.Path
		described[name] = true
		if _, ok := needs[name]; !ok {
			t.Errorf("%s: the table says nothing of who may do it", name)
		}
	}
	type bearer struct {
		name, token string
		role        catalog.Role
		app         string // "": all
	}
	bearers := []bearer{
		{"a stranger", "", "", ""}, {"a wrong token", "mt_wrong", "", ""}, {"admin.token", c.admin, catalog.Admin, ""},
	}
	for _, role := range []catalog.Role{catalog.Viewer, catalog.Operator, catalog.Admin} {
		for _, app := range []string{"", "live", "other"} {
			var apps []string
			if app != "" {
				if role == catalog.Admin {
					continue // an admin is one of all apps
				}
				apps = []string{app}
			}
			bearers = append(bearers, bearer{fmt.Sprintf("%s of %q", role, app), c.token(role, apps...), role, app})
		}
	}
	n := 0
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		if !described[name] {
			t.Errorf("%s: there is no such operation", name)
			continue
		}
		need := needs[name]
		method, path, _ := strings.Cut(name, " /api/v1")
		for _, who := range bearers {
			n++
			id := c.object(path, n)
			body := need.body
			if strings.Contains(body, "%d") {
				body = fmt.Sprintf(body, n%250)
			}
			got := c.ask(who.token, method, strings.ReplaceAll(path, "{id}", id), body).Code
			// Rates are another test's business.
			c.rates = rates{}

			i := identity{role: who.role}
			may := i.may(need.role) && (!need.allApps || who.app == "") &&
				(who.app != "other" || slices.Contains(lists, name))
			switch {
			case may && got/100 != 2 && got != need.answer:
				t.Errorf("%s by %s: %d", name, who.name, got)
			case !may && who.role == "" && got != http.StatusUnauthorized:
				t.Errorf("%s by %s: %d, want 401", name, who.name, got)
			case !may && who.role != "" && got != http.StatusForbidden:
				t.Errorf("%s by %s: %d, want 403", name, who.name, got)
			}
		}
	}
}

// object makes one for the address, of the stream live/cam1 if it belongs to a
// stream, and returns its identifier.
func (c *control) object(path string, n int) string {
	c.t.Helper()
	if !strings.Contains(path, "{id}") {
		return ""
	}
	ctx, must := c.t.Context(), func(err error) {
		c.t.Helper()
		if err != nil {
			c.t.Fatal(err)
		}
	}
	s, ok := c.Catalog.StreamByPath("live/cam1")
	if !ok {
		var err error
		s, _, _, err = c.Catalog.CreateStream(ctx, "admin", catalog.Stream{App: "live", Name: "cam1", Visibility: catalog.Public}, catalog.CreateOptions{})
		must(err)
	}
	switch strings.Split(path, "/")[1] {
	case "streams":
		return s.ID
	case "sessions":
		return "one"
	case "keys":
		k, _, err := c.Catalog.CreateKey(ctx, "admin", catalog.Key{Stream: s.ID})
		must(err)
		return k.ID
	case "credentials":
		k, _, err := c.Catalog.CreateCredential(ctx, "admin", catalog.Credential{Stream: s.ID, User: fmt.Sprint("old", n)}, noPassword)
		must(err)
		return k.ID
	case "tokens":
		t, _, err := c.Catalog.CreateToken(ctx, "admin", catalog.Token{Role: catalog.Viewer})
		must(err)
		return t.ID
	case "webhooks":
		w, _, err := c.Catalog.CreateWebhook(ctx, "admin", catalog.Webhook{URL: "https://ops.example.com/"})
		must(err)
		return w.ID
	case "bans":
		b, err := c.Catalog.CreateBan(ctx, "admin", catalog.Ban{Address: prefixOf(n)})
		must(err)
		return b.ID
	case "signing-keys":
		k, _, err := c.Catalog.CreateSigningKey(ctx, "admin", catalog.SigningKey{})
		must(err)
		return k.ID
	}
	c.t.Fatalf("nobody makes an object for %s", path)
	return ""
}

var noPassword = config.NewSecret("")

func prefixOf(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)}), 32)
}
