package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/millrace-live/millrace/internal/hub"
)

func TestWriteError(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Details
	}{
		{fmt.Errorf("play: %w", hub.ErrNotFound), Details{"Not Found", 404, "this stream is not on air", "not-on-air", nil}},
		{&hub.Refusal{Code: hub.BadKey, Reason: "no such key"}, Details{"Unauthorized", 401, "no such key", "bad-key", nil}},
		{&hub.Refusal{Code: hub.Limit, Reason: "full"}, Details{"Service Unavailable", 503, "full", "limit", nil}},
		{&hub.Refusal{Code: hub.Forbidden, Reason: "no"}, Details{"Forbidden", 403, "no", "forbidden", nil}},
		{&hub.Refusal{Code: hub.InUse, Reason: "taken"}, Details{"Conflict", 409, "taken", "in-use", nil}},
		{
			errors.New("secret path /var/lib"),
			Details{"Internal Server Error", 500, "the server could not do that; its log says why", "", nil},
		},
	} {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Encoding", "gzip")
		WriteError(w, c.err)
		var got Details
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || !reflect.DeepEqual(got, c.want) || w.Code != c.want.Status {
			t.Errorf("%v: status %d, %+v (%v), want %+v", c.err, w.Code, got, err, c.want)
		}
		if h := w.Header(); h.Get("Content-Type") != "application/problem+json" || h.Get("Content-Encoding") != "" {
			t.Errorf("%v: header %v", c.err, h)
		}
	}
}
