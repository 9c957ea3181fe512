package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/ticket"
)

// A stream is made, read under each of its addresses, changed, looked back at and
// deleted.
func TestLifeOfAStream(t *testing.T) {
	c := newControl(t)
	made := c.must(201, "POST", "/streams", `{"name":"show/one","title":"One","labels":{"city":"Bremen"},"grace":"45s"}`)
	id, key := made.text("id"), made.text("key")
	if made.text("name") != "show/one" || made.text("app") != "show" || made.text("stream_key") != key || key == "" ||
		made.text("ingest_url") != "rtmp://example.com/show" || made.text("visibility") != "unlisted" || made.text("grace") != "45s" ||
		made.Header().Get("ETag") != `"1"` || made.Header().Get("Location") != "/api/v1/streams/"+id {
		t.Errorf("%v %s", made.Header(), made.Body)
	}
	if _, s, ok := c.Catalog.FindKey(key); !ok || s.ID != id {
		t.Error("the key finds no stream")
	}
	playback := made.json()["playback_ids"].([]any)[0].(string)
	if page := made.json()["playback"].(map[string]any)["page"]; page != "http://example.com:8080/show/"+playback {
		t.Errorf("an unlisted stream is watched at %v", page)
	}

	for _, path := range []string{id, "show/one", "show%2Fone", playback, "show/" + playback} {
		read := c.must(200, "GET", "/streams/"+path, "")
		if read.text("id") != id || read.text("name") != "show/one" || read.text("state") != "idle" || read.Header().Get("ETag") != `"1"` ||
			strings.Contains(read.Body.String(), key) {
			t.Errorf("%s: %s", path, read.Body)
		}
	}

	changed := c.must(200, "PATCH", "/streams/show/one", `{"title":null,"labels":{"hall":"2"},"disabled":true,"delivery":null,"rotate":null}`)
	if v := changed.json(); v["title"] != nil || fmt.Sprint(v["labels"]) != "map[city:Bremen hall:2]" || v["disabled"] != true || v["grace"] != "45s" {
		t.Errorf("%s", changed.Body)
	}
	c.must(200, "PATCH", "/streams/"+id, `{"labels":{"city":null}}`, "Content-Type", "application/merge-patch+json")
	history := c.must(200, "GET", "/streams/show%2Fone/history", "")
	if !strings.Contains(history.Body.String(), `"labels.city"`) || !strings.Contains(history.Body.String(), `"by":"admin"`) {
		t.Errorf("%s", history.Body)
	}
	back := c.must(200, "POST", "/streams/"+id+"/rollback", `{"revision":1}`, "If-Match", `"3"`)
	if v := back.json(); v["title"] != "One" || v["disabled"] != false || v["revision"] != 4.0 {
		t.Errorf("%s", back.Body)
	}
	c.must(204, "DELETE", "/streams/show/one", "")
	c.must(404, "GET", "/streams/"+id, "")
	if _, _, ok := c.Catalog.FindKey(key); ok {
		t.Error("the key outlives its stream")
	}
}

// Strangers know of what is public and on air; one that is unlisted by its playback
// id alone, and never its name.
func TestStrangers(t *testing.T) {
	c := newControl(t)
	for _, s := range []string{"public", "unlisted", "private"} {
		name := "live/" + s
		c.must(201, "POST", "/streams", fmt.Sprintf(`{"name":%q,"visibility":%q,"passthrough":"inner","labels":{"inner":"yes"}}`, name, s))
		c.live = append(c.live, hub.StreamInfo{Name: name, State: hub.Live})
	}
	c.live = append(c.live, hub.StreamInfo{Name: "live/open", State: hub.Live})
	c.must(201, "POST", "/streams", `{"name":"live/idle","visibility":"public"}`)

	list := c.ask("", "GET", "/streams", "")
	if got := names(list); got != "live/open live/public" || strings.Contains(list.Body.String(), "inner") {
		t.Errorf("a stranger sees %s: %s", got, list.Body)
	}
	if got := names(c.ask("", "GET", "/streams?visibility=private&state=live", "")); got != "live/open live/public" {
		t.Errorf("a stranger who filters sees %s", got)
	}
	unlisted, _ := c.Catalog.StreamByPath("live/unlisted")
	private, _ := c.Catalog.StreamByPath("live/private")
	for path, want := range map[string]int{
		"live/public": 200, "live/open": 200, "live/unlisted": 404, "live/private": 404, "live/idle": 404, "live/none": 404,
		unlisted.PlaybackIDs[0]: 200, "live/" + unlisted.PlaybackIDs[0]: 200, unlisted.ID: 404, private.ID: 404,
	} {
		got := c.ask("", "GET", "/streams/"+path, "")
		if got.Code != want || strings.Contains(got.Body.String(), "inner") || got.Code == 200 && strings.Contains(got.Body.String(), "st_") {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
		if want == 200 && strings.Contains(path, "pb_") && strings.Contains(got.Body.String(), "live/unlisted") {
			t.Errorf("%s tells the name: %s", path, got.Body)
		}
	}

	// What a stranger shows is judged elsewhere.
	c.Viewer = func(r *http.Request, path string) (string, hub.Permit, error) {
		if r.URL.Query().Get("token") == "good" {
			return path, nil, nil
		}
		return "", nil, &hub.Refusal{Code: hub.Unauthorized, Reason: "it is private"}
	}
	if got := c.ask("", "GET", "/streams/live/private?token=good", ""); got.Code != 200 {
		t.Errorf("with a token: %d %s", got.Code, got.Body)
	}
	if got := c.ask("", "GET", "/streams/live/private", ""); got.Code != 401 || got.text("detail") != "it is private" ||
		got.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("without: %d %s", got.Code, got.Body)
	}
}

// names are those of a list, in its order.
func names(a answer) string {
	a.t.Helper()
	var list struct{ Streams []struct{ Name string } }
	if err := json.Unmarshal(a.Body.Bytes(), &list); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
	var out []string
	for _, s := range list.Streams {
		out = append(out, s.Name)
	}
	return strings.Join(out, " ")
}

func TestListsOfStreams(t *testing.T) {
	c := newControl(t)
	for i, name := range []string{"live/b", "live/a", "show/c", "live/d"} {
		c.must(201, "POST", "/streams", fmt.Sprintf(`{"name":%q,"labels":{"n":"%d"},"title":"Title %d"}`, name, i, i))
	}
	// The first start made live/main.
	c.live = onAir{
		{Name: "live/a", State: hub.Live}, {Name: "live/stray", State: hub.Reconnecting}, {Name: "show/stray", State: hub.Live},
	}
	operator := c.token(catalog.Operator, "show")
	tests := []struct{ token, query, want string }{
		{c.admin, "", "live/a live/b live/d live/main live/stray show/c show/stray"},
		{c.admin, "?app=show", "show/c show/stray"},
		{operator, "", "show/c show/stray"},
		{operator, "?app=live", ""},
		{c.admin, "?state=idle", "live/b live/d live/main show/c"},
		{c.admin, "?state=on-air", "live/a live/stray show/stray"},
		{c.admin, "?state=reconnecting", "live/stray"},
		{c.admin, "?label=n=1", "live/a"},
		{c.admin, "?search=TITLE+3", "live/d"},
		{c.admin, "?search=stray", "live/stray show/stray"},
		{c.admin, "?sort=-name&managed=api&visibility=unlisted", "show/c live/d live/b live/a"},
		{c.admin, "?sort=created&managed=api&visibility=unlisted", "live/b live/a show/c live/d"},
	}
	for _, tt := range tests {
		if got := names(c.ask(tt.token, "GET", "/streams"+tt.query, "")); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.query, got, tt.want)
		}
	}
	// Pages hold everything once.
	var all []string
	for cursor := ""; ; {
		page := c.must(200, "GET", "/streams?managed=api&limit=2&cursor="+url.QueryEscape(cursor), "")
		all = append(all, strings.Fields(names(page))...)
		next, ok := page.json()["next"].(string)
		if !ok {
			break
		}
		cursor = next
	}
	if got := strings.Join(all, " "); got != "live/a live/b live/d live/main show/c" {
		t.Errorf("page after page: %s", got)
	}
	if got := c.ask(c.admin, "GET", "/streams?cursor=nonsense", ""); got.Code != 422 || !strings.Contains(got.Body.String(), "query.cursor") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// A permission to watch that the API makes is one that the server accepts, and its
// addresses hold it.
func TestLinks(t *testing.T) {
	c := newControl(t)
	c.must(201, "POST", "/streams", `{"name":"live/p","visibility":"private"}`)
	link := c.must(201, "POST", "/streams/live%2Fp/links", `{"expires_in":"2h","ip":"192.0.2.7"}`)
	token := c.must(201, "POST", "/streams/live%2Fp/links", `{"type":"token","jti":"v-1"}`)
	v, err := ticket.New(ticket.Options{Keys: c.Catalog.SigningKeys()})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link.json()["addresses"].(map[string]any)["hls"].(string))
	if err != nil || u.RawQuery != link.text("query") {
		t.Fatalf("%v: %s", err, link.Body)
	}
	claims, err := v.VerifyLink(time.Now(), "live/p", u.Query(), prefixOf(1).Addr())
	if err == nil {
		t.Errorf("the link opens for another address: %+v", claims)
	}
	if claims, err = v.VerifyLink(time.Now(), "live/p", u.Query(), netip.MustParseAddr("192.0.2.7")); err != nil || time.Until(claims.Expires) > 2*time.Hour {
		t.Errorf("%+v, %v", claims, err)
	}
	if claims, err := v.Verify(t.Context(), time.Now(), token.text("token"), "live/p", prefixOf(1).Addr()); err != nil || claims.ID != "v-1" {
		t.Errorf("%+v, %v", claims, err)
	}
	c.must(201, "POST", "/revocations", `{"id":"v-1"}`)
	if !slices.ContainsFunc(c.Catalog.Revocations(), func(r ticket.Revocation) bool { return r.ID == "v-1" }) {
		t.Error("nothing is revoked")
	}
	if len(c.Catalog.SigningKeys()) != 1 {
		t.Errorf("%d signing keys were made", len(c.Catalog.SigningKeys()))
	}
}

// A set of streams is first looked at, then applied.
func TestApply(t *testing.T) {
	c := newControl(t)
	c.must(201, "POST", "/streams", `{"name":"show/old"}`)
	const set = `{"streams":[{"name":"show/a","visibility":"public"},{"app":"show","name":"b"}],"app":"show","prune":true}`
	for _, query := range []string{"?dry_run=true", ""} {
		got := c.must(200, "PUT", "/apply"+query, set)
		var a struct {
			Differences []struct{ Stream, Action string }
		}
		if err := json.Unmarshal(got.Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		var did []string
		for _, d := range a.Differences {
			did = append(did, d.Action+" "+d.Stream)
		}
		slices.Sort(did)
		if s := strings.Join(did, ", "); s != "created show/a, created show/b, deleted show/old" {
			t.Errorf("%s: %s", query, s)
		}
		_, there := c.Catalog.StreamByPath("show/a")
		if there == (query != "") {
			t.Errorf("%s: the stream is there: %v", query, there)
		}
	}
	if got := c.must(200, "PUT", "/apply", set); !strings.Contains(got.Body.String(), `"differences":[]`) {
		t.Errorf("the second time: %s", got.Body)
	}
}
