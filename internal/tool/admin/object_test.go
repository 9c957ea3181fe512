package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/tool"
)

func TestTables(t *testing.T) {
	var b bytes.Buffer
	for _, tt := range []struct {
		kind Kind
		body string
	}{
		{Keys, `{"keys":[{"id":"ky_1","stream":"live/a","label":"van\u001b[2J","expires":"2001-01-02T03:04:05.000Z","once":true,"rehearsal":false,
			"addresses":["192.0.2.7","10.0.0.0/8"],"last_use":{"at":"2026-11-21T09:02:03.000Z","address":"192.0.2.7","encoder":"OBS"},"managed":"api"},
			{"id":"ky_2","stream":"live/a","once":false,"rehearsal":false,"managed":"config"}]}`},
		{Tokens, `{"tokens":[{"id":"tk_1","role":"operator","apps":["live","event"]}]}`},
		{Webhooks, `{"webhooks":[{"id":"wh_1","url":"https://a/","disabled":true,"managed":"api"}]}`},
		{DeadLetters, `{"dead":[{"sequence":7,"attempts":12,"problem":"it answered 500","event":{"type":"live.millrace.stream.live","subject":"live/a"}}]}`},
		{History, `{"history":[{"time":"2026-11-21T09:02:03.000Z","kind":"stream","stream":"live/a","revision":3,"action":"changed","by":"admin",
			"changes":[{"field":"labels.city","before":null,"after":"Bremen"},{"field":"title","before":"a","after":"b"}]}]}`},
		{Bans, `{"bans":[]}`},
	} {
		if err := tt.kind.Write(&b, []byte(tt.body), false); err != nil {
			t.Error(err)
		}
		b.WriteByte('\n')
	}
	if err := Show(&b, []byte(`{"id":"st_1","name":"live/a","disabled":false,"grace":"30s","tracks":[{"id":0}],"labels":{"a":"b"},`+
		`"viewers":{"rtmp":0},"addresses":{"hls":"http://h/live/a/index.m3u8"},"playback_ids":["pb_1","pb_2"],"title":""}`)); err != nil {
		t.Error(err)
	}
	golden(t, "objects.txt", b.Bytes())
	if err := Keys.Write(&b, []byte(`{"keys":7}`), false); err == nil {
		t.Error("a number is a list")
	}
	if err := Show(&b, []byte(`[]`)); err == nil {
		t.Error("a list is an object")
	}
}

// Pages are read to the end, or as far as they are asked for.
func TestPagesByNumber(t *testing.T) {
	s, asked := fake(t, func(w http.ResponseWriter, r *http.Request) {
		before := 5000
		_, _ = fmt.Sscan(r.URL.Query().Get("before"), &before)
		n := 100
		_, _ = fmt.Sscan(r.URL.Query().Get("limit"), &n)
		list := []map[string]any{}
		for i := before - 1; i > max(before-1-n, 0); i-- {
			list = append(list, map[string]any{"revision": i})
		}
		answer := map[string]any{"history": list}
		if before-1-n > 0 {
			answer["next"] = before - n
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
	for limit, want := range map[int]int{0: 4999, 50: 50, 1500: 1500} {
		var b bytes.Buffer
		if err := List(t.Context(), s, History, Request{Path: "audit"}, limit, true, &b); err != nil {
			t.Fatal(err)
		}
		var all struct{ History []struct{ Revision int } }
		if err := json.Unmarshal(b.Bytes(), &all); err != nil || len(all.History) != want || all.History[want-1].Revision != 5000-want {
			t.Errorf("limit %d: %d, %v", limit, len(all.History), err)
		}
	}
	if !strings.Contains(strings.Join(asked(), "\n"), "limit=500") {
		t.Error("the last page was asked for whole")
	}
}

func TestRequests(t *testing.T) {
	var method, path, match, kind string
	var body []byte
	s, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		method, path, match, kind = r.Method, r.URL.EscapedPath(), r.Header.Get("If-Match"), r.Header.Get("Content-Type")
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		body = b.Bytes()
		w.WriteHeader(http.StatusNoContent)
	})
	_, err := Call(t.Context(), s, Request{
		Method: http.MethodPatch, Path: Path("streams", "live/cam 1", "keys"), IfRevision: 7, Body: map[string]any{"a": nil},
	})
	if err != nil || method != "PATCH" || path != "/api/v1/streams/live%2Fcam%201/keys" || match != `"7"` || kind != "application/json" || string(body) != `{"a":null}` {
		t.Errorf("%v; %s %s, If-Match %s, %s %s", err, method, path, match, kind, body)
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   string
	}{
		{404, `{"detail":"there is no stream st_x"}`, "the server says: there is no stream st_x"},
		{404, `{"detail":"the API is not served at this address"}`, "there is no API of Millrace at"},
		{412, `{"detail":"it was changed meanwhile"}`, "the server says: it was changed meanwhile"},
		{
			422, `{"detail":"the request is wrong","errors":[{"location":"body.grace","reason":"it is too long"}]}`,
			"the server says: the request is wrong; grace: it is too long",
		},
		{401, `{"detail":"this needs a token"}`, "name it by --token or MILLRACE_TOKEN"},
		{200, "", "there is no API of Millrace at"},
	} {
		s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			fmt.Fprint(w, tt.body)
		})
		_, err := Call(t.Context(), s, Request{Path: "streams/st_x"})
		if err == nil || !strings.Contains(err.Error(), tt.want) || tool.StatusOf(err) != tool.Refused {
			t.Errorf("%d %s: status %d, %v", tt.status, tt.body, tool.StatusOf(err), err)
		}
	}
}

const feed = "retry: 3000\n\n: still here\n\n" +
	"id: 7\nevent: x\ndata: {\"type\":\"live.millrace.stream.live\",\"subject\":\"live/a\",\"time\":\"2026-11-21T09:02:03.000Z\",\"data\":{\"stream\":{},\"broadcast\":\"br_1\"}}\n\n" +
	"id: 8\ndata: {\"type\":\"live.millrace.stream.idle\",\"subject\":\"live/a\"}\n\n"

func TestEvents(t *testing.T) {
	s, asked := fake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, feed)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // as the server, which has no more to say
	})
	var b bytes.Buffer
	if err := Events(t.Context(), s, Following{Types: []string{"stream.*"}, Stream: "live/a"}, false, &b); err != nil {
		t.Fatal(err)
	}
	want := "2026-11-21 09:02:03  stream.live           live/a  broadcast=br_1\n-  stream.idle           live/a\n"
	if b.String() != want {
		t.Errorf("%q", &b)
	}
	if got := asked()[0]; got != " /api/v1/events?after=0&stream=live%2Fa&type=stream.%2A" {
		t.Error(got)
	}
}

// Who follows goes on behind the last event when the connection is lost.
func TestEventsAreFollowed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, asked := fake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		if r.URL.Query().Get("after") == "8" {
			cancel()
			return
		}
		fmt.Fprint(w, feed)
	})
	f := following
	following = 0
	t.Cleanup(func() { following = f })
	var b bytes.Buffer
	if err := Events(ctx, s, Following{Follow: true}, true, &b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != 2 || !strings.HasPrefix(b.String(), `{"type"`) {
		t.Errorf("%d lines:\n%s", n, &b)
	}
	if got := asked(); got[0] != " /api/v1/events" || got[1] != " /api/v1/events?after=8" {
		t.Errorf("asked for %q", got)
	}
}

func TestEventsRefused(t *testing.T) {
	s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"detail":"this token may not follow the events"}`)
	})
	err := Events(t.Context(), s, Following{Follow: true}, false, &bytes.Buffer{})
	if err == nil || err.Error() != "the server says: this token may not follow the events" {
		t.Error(err)
	}
	s, _ = fake(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") })
	if err := Events(t.Context(), s, Following{}, false, &bytes.Buffer{}); tool.StatusOf(err) != tool.Refused {
		t.Error(err)
	}
}

// A backup that breaks off leaves no file.
func TestBackupBreaksOff(t *testing.T) {
	s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		fmt.Fprint(w, "half of it")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	dir := t.TempDir()
	_, err := Backup(t.Context(), s, "", filepath.Join(dir, "b"))
	if tool.StatusOf(err) != tool.Lost {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestReadStreams(t *testing.T) {
	dir := t.TempDir()
	for text, ok := range map[string]bool{
		"streams: [{name: live/a}]": true, "- name: live/a\n": true, `{"streams":[{"name":"live/a"}]}`: true,
		"name: live/a": false, "a: [": false, "": false,
	} {
		file := filepath.Join(dir, "f")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		body, err := ReadStreams(file)
		if (err == nil) != ok {
			t.Errorf("%q: %v, %v", text, body, err)
		}
		if e := new(tool.Error); err != nil && (!errors.As(err, &e) || e.Status != tool.Usage) {
			t.Errorf("%q: status %d", text, tool.StatusOf(err))
		}
	}
}

func TestWebhookTest(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"delivered":true,"status":200,"seconds":0.012,"event":"ev_1"}`:                      true,
		`{"delivered":false,"status":500,"problem":"it answered 500","seconds":1,"event":""}`: false,
	} {
		s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		var b bytes.Buffer
		err := TestWebhook(t.Context(), s, "wh_1", false, &b)
		if (err == nil) != ok || ok && b.String() != "Delivered: the receiver answered 200 after 0.012 s.\n" {
			t.Errorf("%s: %v, %s", body, err, &b)
		}
		if err := TestWebhook(t.Context(), s, "wh_1", true, &b); (err == nil) != ok {
			t.Error(err)
		}
	}
}
