package ticket

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestIssueAndVerify(t *testing.T) {
	now := time.Now()
	k := key("k1")
	v := newVerifier(t, Options{Keys: []Key{key("k0"), k}})
	for name, c := range map[string]Claims{
		"plain": {Subject: "live/cam1"},
		"app":   {Subject: "live/*"},
		"all": {
			Subject: "live/cam1", ID: "visit-1", NotBefore: cut(now.Add(-time.Hour)),
			IP: netip.MustParsePrefix("203.0.113.0/24"),
		},
	} {
		c.Expires = cut(now.Add(time.Hour))
		got, err := v.Verify(t.Context(), now, issue(t, k, c), "live/cam1", viewer)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c.Kind, c.Key = Token, "k1"
		if c.ID == "" {
			c.ID = got.ID
			if !strings.HasPrefix(c.ID, "fp_") {
				t.Errorf("%s: a token without a name is named %q", name, c.ID)
			}
		}
		if got != c {
			t.Errorf("%s: claims\n%+v became\n%+v", name, c, got)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	s := newSigner(t, key("k1"))
	for _, c := range []Claims{{}, {Subject: "live/cam1"}, {Subject: "cam1", Expires: time.Now()}} {
		if _, err := s.Issue(c); err == nil {
			t.Errorf("a token with the claims %+v", c)
		}
	}
}

// A token that other software made, byte by byte: Python's hmac and base64 did.
func TestVerifyForeignToken(t *testing.T) {
	const (
		secret = "0123456789abcdef0123456789abcdef"
		token  = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJsaXZlL2NhbTEiLCJleHAiOjE4MDAwMDAwMDB9." +
			"RaYfxCOXA1lTDyIymfAlnRCexhmQuVimeFSIKuB_v9E"
	)
	k := key("k1")
	k.Secret.UnmarshalText([]byte(secret))
	v := newVerifier(t, Options{Keys: []Key{k}})
	end := time.Unix(1800000000, 0)
	if c, err := v.Verify(t.Context(), end.Add(-time.Second), token, "live/cam1", viewer); err != nil || !c.Expires.Equal(end) {
		t.Errorf("claims %+v, %v", c, err)
	}
}

// fits is how a table says which error there should be.
type fits func(error) bool

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// Each is signed well with a key that is known, and yet wrong.
func TestVerifyJudges(t *testing.T) {
	now := cut(time.Now())
	k := key("k1")
	v := newVerifier(t, Options{Keys: []Key{k}})
	end := now.Add(time.Hour).Unix()
	for name, c := range map[string]struct {
		claims object
		want   fits // nil: it is good
		say    string
	}{
		"good":                   {object{"sub": "live/cam1", "exp": end}, nil, ""},
		"good with more":         {object{"sub": "live/cam1", "exp": end, "name": "Ada", "iat": "x"}, nil, ""},
		"good for us":            {object{"sub": "live/cam1", "exp": end, "aud": Audience}, nil, ""},
		"good for us and others": {object{"sub": "live/cam1", "exp": end, "aud": []string{"shop", Audience}}, nil, ""},
		"a fraction":             {object{"sub": "live/cam1", "exp": float64(end) + 0.5}, nil, ""},
		"a power of ten":         {object{"sub": "live/cam1", "exp": raw("2e9")}, nil, ""},
		"ended in the leeway":    {object{"sub": "live/cam1", "exp": now.Add(time.Second - Leeway).Unix()}, nil, ""},
		"begins in the leeway":   {object{"sub": "live/cam1", "exp": end, "nbf": now.Add(Leeway).Unix()}, nil, ""},
		"own address":            {object{"sub": "live/cam1", "exp": end, "ip": viewer.String()}, nil, ""},

		"ended":            {object{"sub": "live/cam1", "exp": now.Add(-Leeway).Unix()}, as[*ExpiredError], now.Add(-Leeway).Format(time.RFC3339)},
		"not begun":        {object{"sub": "live/cam1", "exp": end, "nbf": now.Add(Leeway + time.Second).Unix()}, as[*EarlyError], "only"},
		"another stream":   {object{"sub": "live/cam2", "exp": end}, as[*StreamError], "live/cam1"},
		"another app":      {object{"sub": "event/*", "exp": end}, as[*StreamError], "live/cam1"},
		"another address":  {object{"sub": "live/cam1", "exp": end, "ip": someone.String()}, as[*AddressError], viewer.String()},
		"another service":  {object{"sub": "live/cam1", "exp": end, "aud": "shop"}, as[*DamagedError], "aud"},
		"other services":   {object{"sub": "live/cam1", "exp": end, "aud": []any{"shop", 1}}, as[*DamagedError], "aud"},
		"aud of no type":   {object{"sub": "live/cam1", "exp": end, "aud": 7}, as[*DamagedError], "aud"},
		"no stream":        {object{"exp": end}, as[*DamagedError], "sub"},
		"a number":         {object{"sub": 7, "exp": end}, as[*DamagedError], "sub"},
		"other letters":    {object{"Sub": "live/cam1", "exp": end}, as[*DamagedError], "sub"},
		"no end":           {object{"sub": "live/cam1"}, as[*DamagedError], "exp"},
		"end is null":      {object{"sub": "live/cam1", "exp": nil}, as[*DamagedError], "exp"},
		"end is text":      {object{"sub": "live/cam1", "exp": fmt.Sprint(end)}, as[*DamagedError], "no number"},
		"end in ms":        {object{"sub": "live/cam1", "exp": end * 1000}, as[*DamagedError], "milliseconds"},
		"end is huge":      {object{"sub": "live/cam1", "exp": raw("1e300")}, as[*DamagedError], "exp"},
		"end is beyond":    {object{"sub": "live/cam1", "exp": raw("1e999")}, as[*DamagedError], "exp"},
		"end is a long":    {object{"sub": "live/cam1", "exp": raw("9223372036854775808")}, as[*DamagedError], "exp"},
		"end is negative":  {object{"sub": "live/cam1", "exp": -1}, as[*DamagedError], "exp"},
		"beginning is odd": {object{"sub": "live/cam1", "exp": end, "nbf": true}, as[*DamagedError], "nbf"},
		"address is odd":   {object{"sub": "live/cam1", "exp": end, "ip": "everywhere"}, as[*DamagedError], "ip"},
		"address is list":  {object{"sub": "live/cam1", "exp": end, "ip": []string{viewer.String()}}, as[*DamagedError], "ip"},
		"address is empty": {object{"sub": "live/cam1", "exp": end, "ip": ""}, as[*DamagedError], "ip"},
		"name is odd":      {object{"sub": "live/cam1", "exp": end, "jti": 7}, as[*DamagedError], "jti"},
		"name is long":     {object{"sub": "live/cam1", "exp": end, "jti": strings.Repeat("x", 200)}, as[*DamagedError], "jti"},
		"everything":       {object{"sub": "*", "exp": end}, as[*DamagedError], "sub"},
	} {
		t.Run(name, func(t *testing.T) {
			token := handmade(t, object{"alg": "HS256", "typ": "JWT", "kid": "k1"}, c.claims, k.Secret.Reveal())
			for range 2 { // the second time it is remembered, if it is good
				got, err := v.Verify(t.Context(), now, token, "live/cam1", viewer)
				switch {
				case c.want == nil && err != nil:
					t.Fatal(err)
				case c.want != nil && (err == nil || !c.want(err) || got != Claims{}):
					t.Fatalf("the error is %#v", err)
				case c.want != nil && !strings.Contains(err.Error(), c.say):
					t.Errorf("%q does not say %q", err, c.say)
				}
				if err != nil {
					checkTellsNoSecret(t, err, token, k)
				}
			}
		})
	}
}

// raw is a number as it stands in JSON.
type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func checkTellsNoSecret(t *testing.T, err error, token string, k Key) {
	t.Helper()
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err)} {
		for _, part := range append(strings.Split(token, "."), k.Secret.Reveal()) {
			if len(part) > 8 && strings.Contains(text, part) {
				t.Errorf("the error shows a part of the token or the secret: %s", text)
			}
		}
	}
}

// Tokens that nobody signed who may.
func TestVerifyRefusesForgeries(t *testing.T) {
	now := time.Now()
	k := key("k1")
	v := newVerifier(t, Options{Keys: []Key{k}})
	secret := k.Secret.Reveal()
	claims := object{"sub": "live/cam1", "exp": now.Add(time.Hour).Unix()}
	hs256 := object{"alg": "HS256", "kid": "k1"}
	good := handmade(t, hs256, claims, secret)
	if _, err := v.Verify(t.Context(), now, good, "live/cam1", viewer); err != nil {
		t.Fatal(err)
	}
	part := strings.Split(good, ".")
	more := object{"sub": "live/*", "exp": now.Add(time.Hour).Unix()}.segment(t)
	last := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	// The last letter of 32 bytes carries two bits that mean nothing.
	end := strings.IndexByte(last, good[len(good)-1])
	for name, c := range map[string]struct {
		token string
		want  fits
	}{
		"nothing":             {"", as[*DamagedError]},
		"dots":                {"..", as[*DamagedError]},
		"a word":              {"token", as[*DamagedError]},
		"cut off":             {good[:len(good)-1], as[*DamagedError]},
		"no signature":        {part[0] + "." + part[1] + ".", as[*DamagedError]},
		"no third part":       {part[0] + "." + part[1], as[*DamagedError]},
		"a fourth part":       {good + ".", as[*DamagedError]},
		"five parts":          {good + "." + part[0] + "." + part[1], as[*DamagedError]},
		"other claims":        {part[0] + "." + more + "." + part[2], as[*DamagedError]},
		"a blank":             {good + " ", as[*DamagedError]},
		"a line break":        {part[0] + "." + part[1] + "." + part[2][:9] + "\n" + part[2][9:], as[*DamagedError]},
		"padding":             {good + "=", as[*DamagedError]},
		"other spare bits":    {good[:len(good)-1] + last[end^1:end^1+1], as[*DamagedError]},
		"long":                {part[0] + "." + strings.Repeat("A", maxToken) + "." + part[2], as[*DamagedError]},
		"another secret":      {handmade(t, hs256, claims, "another secret"), as[*DamagedError]},
		"an empty secret":     {handmade(t, hs256, claims, ""), as[*DamagedError]},
		"another key":         {handmade(t, object{"alg": "HS256", "kid": "k2"}, claims, secret), as[*UnknownKeyError]},
		"no key, bad secret":  {handmade(t, object{"alg": "HS256"}, claims, "another secret"), as[*DamagedError]},
		"kid is a number":     {handmade(t, object{"alg": "HS256", "kid": 1}, claims, secret), as[*DamagedError]},
		"kid is long":         {handmade(t, object{"alg": "HS256", "kid": strings.Repeat("k", 200)}, claims, secret), as[*DamagedError]},
		"crit":                {handmade(t, object{"alg": "HS256", "kid": "k1", "crit": []string{"b64"}}, claims, secret), as[*DamagedError]},
		"crit is null":        {handmade(t, object{"alg": "HS256", "kid": "k1", "crit": nil}, claims, secret), as[*DamagedError]},
		"no alg":              {handmade(t, object{"kid": "k1"}, claims, secret), as[*DamagedError]},
		"alg none":            {handmade(t, object{"alg": "none", "kid": "k1"}, claims, secret), as[*DamagedError]},
		"alg none, unsigned":  {object{"alg": "none", "kid": "k1"}.segment(t) + "." + part[1] + ".", as[*DamagedError]},
		"alg None":            {object{"alg": "None"}.segment(t) + "." + part[1] + ".", as[*DamagedError]},
		"alg HS384":           {handmade(t, object{"alg": "HS384", "kid": "k1"}, claims, secret), as[*DamagedError]},
		"alg in other case":   {handmade(t, object{"alg": "hs256", "kid": "k1"}, claims, secret), as[*DamagedError]},
		"alg is a number":     {handmade(t, object{"alg": 256, "kid": "k1"}, claims, secret), as[*DamagedError]},
		"alg of nobody":       {handmade(t, object{"alg": "RS256", "kid": "k1"}, claims, secret), as[*UnknownKeyError]},
		"header is no object": {segment([]byte("[]")) + "." + part[1] + "." + part[2], as[*DamagedError]},
		"header is null":      {segment([]byte("null")) + "." + part[1] + "." + part[2], as[*DamagedError]},
		"claims are null":     {part[0] + "." + segment([]byte("null")) + "." + segment(sum(secret, part[0]+"."+segment([]byte("null")))), as[*DamagedError]},
		"claims are a list":   {part[0] + "." + segment([]byte("[]")) + "." + part[2], as[*DamagedError]},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := v.Verify(t.Context(), now, c.token, "live/cam1", viewer)
			if err == nil || !c.want(err) || got != (Claims{}) {
				t.Fatalf("claims %+v, error %#v", got, err)
			}
			checkTellsNoSecret(t, err, c.token, k)
		})
	}
}

func TestVerifyWithoutKid(t *testing.T) {
	now := time.Now()
	v := newVerifier(t, Options{Keys: []Key{key("k1"), key("k2")}})
	token := handmade(t, object{"alg": "HS256"}, object{"sub": "live/cam1", "exp": now.Add(time.Hour).Unix()},
		key("k2").Secret.Reveal())
	c, err := v.Verify(t.Context(), now, token, "live/cam1", viewer)
	if err != nil || c.Key != "k2" {
		t.Errorf("claims %+v, %v", c, err)
	}
}

// What is remembered of a token is that its signature was good, and nothing else.
func TestRememberedTokenIsJudged(t *testing.T) {
	now := time.Now()
	k := key("k1")
	v := newVerifier(t, Options{Keys: []Key{k}})
	token := issue(t, k, Claims{Subject: "live/cam1", Expires: now.Add(time.Hour), ID: "visit", IP: netip.PrefixFrom(viewer, 32)})
	verify := func(at time.Time, stream string, ip netip.Addr) error {
		_, err := v.Verify(t.Context(), at, token, stream, ip)
		return err
	}
	if err := verify(now, "live/cam1", viewer); err != nil {
		t.Fatal(err)
	}
	if !as[*ExpiredError](verify(now.Add(2*time.Hour), "live/cam1", viewer)) {
		t.Error("it does not end")
	}
	if !as[*StreamError](verify(now, "live/cam2", viewer)) {
		t.Error("it opens another stream")
	}
	if !as[*AddressError](verify(now, "live/cam1", someone)) {
		t.Error("it is good for another address")
	}
	other := key("k1")
	other.Secret = NewKey().Secret
	if err := v.SetKeys([]Key{other}); err != nil {
		t.Fatal(err)
	}
	if !as[*DamagedError](verify(now, "live/cam1", viewer)) {
		t.Error("it is good without the secret that signed it")
	}
	if err := v.SetKeys([]Key{k}); err != nil {
		t.Fatal(err)
	}
	if err := v.Revoke(now, Revocation{ID: "visit"}); err != nil {
		t.Fatal(err)
	}
	if !as[*RevokedError](verify(now, "live/cam1", viewer)) {
		t.Error("it is good although it was revoked")
	}
}

func TestErrorsShowLittleOfStrangers(t *testing.T) {
	err := &UnknownKeyError{Token, strings.Repeat("i", 4000), "line\nbreak" + strings.Repeat("k", 4000)}
	if text := err.Error(); len(text) > 250 || strings.Contains(text, "\n") {
		t.Errorf("the error has %d bytes: %.300s", len(text), text)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	at := time.Unix(1800000000, 0)
	for _, c := range []struct {
		err  error
		want string
	}{
		{&ExpiredError{Token, at}, "the token expired at 2027-01-15T08:00:00Z: ask for a new one"},
		{&ExpiredError{Link, at}, "the link expired at 2027-01-15T08:00:00Z: ask for a new one"},
		{&EarlyError{Token, at}, "the token is good from 2027-01-15T08:00:00Z on only"},
		{&StreamError{Token, "live/cam1"}, "the token is for another stream, not for live/cam1"},
		{&AddressError{Token, viewer}, "the token is for another address, not for 203.0.113.7"},
		{&AddressError{Link, netip.Addr{}}, "the link is for one address only, and yours is not known"},
		{&RevokedError{Token, "visit"}, "the token was revoked"},
		{&UnknownKeyError{Token, "", ""}, "the token is signed with a key, which is not known here"},
		{&UnknownKeyError{Token, "", "k1"}, `the token is signed with the key "k1", which is not known here`},
		{&UnknownKeyError{Token, "shop", "k1"}, `the token is signed with the key "k1" of "shop", which is not known here`},
		{&UnavailableError{"shop", errors.New("x")}, "the keys of shop cannot be fetched just now: try again later"},
		{&DamagedError{Token, "it is empty"}, "the token cannot be used: it is empty"},
	} {
		if c.err.Error() != c.want {
			t.Errorf("it says\n%s, not\n%s", c.err, c.want)
		}
	}
}
