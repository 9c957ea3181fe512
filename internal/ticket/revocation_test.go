package ticket

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// What is revoked lasts as long as it matters, and outlives the server by the
// list that is handed out and in.
func TestRevocationsLast(t *testing.T) {
	now := cut(time.Now())
	v := newVerifier(t, Options{Keys: []Key{key("k1")}})
	err := v.Revoke(now,
		Revocation{"short", now.Add(time.Minute)}, Revocation{"long", now.Add(time.Hour)}, Revocation{ID: "for-good"},
		Revocation{"over", now.Add(-Leeway)})
	if err != nil {
		t.Fatal(err)
	}
	all := []Revocation{{ID: "for-good"}, {"long", now.Add(time.Hour)}, {"short", now.Add(time.Minute)}}
	if got := v.Revocations(now); !reflect.DeepEqual(got, all) {
		t.Errorf("the list is %v", got)
	}
	// A token is good for the leeway after its end, and revoked for as long.
	if got := v.Revocations(now.Add(time.Minute + Leeway - 1)); len(got) != 3 {
		t.Errorf("in the leeway the list is %v", got)
	}
	if got := v.Revocations(now.Add(time.Minute + Leeway)); !reflect.DeepEqual(got, all[:2]) {
		t.Errorf("later the list is %v", got)
	}

	kept, err := json.Marshal(v.Revocations(now))
	if err != nil {
		t.Fatal(err)
	}
	var list []Revocation
	if err := json.Unmarshal(kept, &list); err != nil {
		t.Fatal(err)
	}
	next := newVerifier(t, Options{Revocations: list})
	if got := next.Revocations(now); !reflect.DeepEqual(got, all[:2]) {
		t.Errorf("after %s the list is %v", kept, got)
	}
	if err := next.SetRevocations(nil); err != nil || len(next.Revocations(now)) > 0 {
		t.Errorf("revocations cannot be taken back: %v", err)
	}
}

func TestRevokeNeverShortens(t *testing.T) {
	now := cut(time.Now())
	for _, c := range []struct{ first, second, want time.Time }{
		{now.Add(time.Hour), now.Add(time.Minute), now.Add(time.Hour)},
		{now.Add(time.Minute), now.Add(time.Hour), now.Add(time.Hour)},
		{time.Time{}, now.Add(time.Hour), time.Time{}},
		{now.Add(time.Hour), time.Time{}, time.Time{}},
	} {
		var l revoked
		if err := l.add(now, Revocation{"visit", c.first}, Revocation{"visit", c.second}); err != nil {
			t.Fatal(err)
		}
		if got := l.list(now); len(got) != 1 || !got[0].Until.Equal(c.want) {
			t.Errorf("%v and then %v became %v", c.first, c.second, got)
		}
	}
}

func TestRevokeIsBounded(t *testing.T) {
	now := time.Now()
	var l revoked
	if err := l.add(now, Revocation{}); err == nil {
		t.Error("a revocation of nothing is taken")
	}
	full := make([]Revocation, maxRevocations)
	for i := range full {
		full[i] = Revocation{fmt.Sprint(i), now.Add(time.Minute)}
	}
	if err := l.add(now, full...); err != nil {
		t.Fatal(err)
	}
	more := Revocation{"more", now.Add(time.Hour)}
	if err := l.add(now, more); !errors.Is(err, ErrTooManyRevoked) {
		t.Errorf("one too many: %v", err)
	}
	if err := l.add(now, Revocation{"7", now.Add(time.Hour)}); err != nil {
		t.Errorf("one that is there: %v", err)
	}
	if err := l.add(now.Add(time.Minute+Leeway), more); err != nil || !l.has("more") || l.has("8") || !l.has("7") {
		t.Errorf("when others have ended: %v", err)
	}
}

// Check is for those who watch already.
func TestCheckEndsThoseWhoWatch(t *testing.T) {
	now := cut(time.Now())
	k := key("k1")
	v := newVerifier(t, Options{Keys: []Key{k}})
	token := issue(t, k, Claims{Subject: "live/cam1", Expires: now.Add(time.Hour), NotBefore: now})
	c, err := v.Verify(t.Context(), now, token, "live/cam1", viewer)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Check(now.Add(time.Hour+Leeway-1), c); err != nil {
		t.Errorf("until it ends: %v", err)
	}
	if err := v.Check(now.Add(time.Hour+Leeway), c); !as[*ExpiredError](err) {
		t.Errorf("when it ends: %v", err)
	}
	if err := v.Check(now.Add(-Leeway-1), c); !as[*EarlyError](err) {
		t.Errorf("before it begins: %v", err)
	}

	k.Until = now.Add(time.Minute)
	if err := v.SetKeys([]Key{NewKey(), k}); err != nil {
		t.Fatal(err)
	}
	if err := v.Check(now, c); err != nil {
		t.Errorf("while its key overlaps: %v", err)
	}
	if err := v.Check(now.Add(time.Minute), c); !as[*UnknownKeyError](err) {
		t.Errorf("after its key was retired: %v", err)
	}

	if err := v.Revoke(now, Revocation{c.ID, c.Expires}); err != nil {
		t.Fatal(err)
	}
	if err := v.Check(now, c); !as[*RevokedError](err) {
		t.Errorf("after it was revoked: %v", err)
	}
}
