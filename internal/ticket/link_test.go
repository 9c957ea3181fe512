package ticket

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

func link(t testing.TB, k Key, c Claims) url.Values {
	t.Helper()
	q, err := newSigner(t, k).Link(c)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// The bytes that are signed are a promise to everybody who makes links.
func TestLinkIsAsItWasPromised(t *testing.T) {
	k := key("k1")
	k.Secret.UnmarshalText([]byte("0123456789abcdef0123456789abcdef"))
	for _, c := range []struct {
		claims Claims
		want   string
	}{
		// printf 'live/cam1?exp=1800000000' | openssl dgst -sha256 -hmac …
		{Claims{Subject: "live/cam1", Expires: time.Unix(1800000000, 0)}, "exp=1800000000&sig=4f7eb067e541eb588f307660495501c225cc8991f9d8faa232fbba2540b65900"},
		{
			Claims{Subject: "live/cam1", Expires: time.Unix(1800000000, 0), IP: netip.MustParsePrefix("2001:db8:1::/48")},
			"exp=1800000000&ip=2001%3Adb8%3A1%3A%3A%2F48&sig=a10fc959270fd79367980268f45e27793d9226c7a11a4bb8418718a5282639b1",
		},
	} {
		if got := link(t, k, c.claims).Encode(); got != c.want {
			t.Errorf("the link is\n%s, not\n%s", got, c.want)
		}
	}
}

func TestLinkRefuses(t *testing.T) {
	end := time.Now()
	s := newSigner(t, key("k1"))
	for _, c := range []Claims{
		{},
		{Subject: "live/cam1"},
		{Subject: "live/*", Expires: end},
		{Subject: "live/cam1", Expires: end, ID: "visit"},
		{Subject: "live/cam1", Expires: end, NotBefore: end},
	} {
		if q, err := s.Link(c); !as[*DamagedError](err) {
			t.Errorf("a link for %+v: %v, %v", c, q, err)
		}
	}
}

func TestVerifyLink(t *testing.T) {
	now := cut(time.Now())
	k := key("k1")
	retired := key("old")
	retired.Until = now
	v := newVerifier(t, Options{Keys: []Key{retired, key("k0"), k}})
	plain := link(t, k, Claims{Subject: "live/cam1", Expires: now.Add(time.Hour)})
	bound := link(t, k, Claims{Subject: "live/cam1", Expires: now.Add(time.Hour), IP: netip.PrefixFrom(viewer, 32)})
	with := func(q url.Values, name string, values ...string) url.Values {
		q = maps.Clone(q)
		if q[name] = values; values == nil {
			delete(q, name)
		}
		return q
	}
	ends := func(d time.Duration) url.Values {
		return link(t, k, Claims{Subject: "live/cam1", Expires: now.Add(d)})
	}
	signed := func(exp string) url.Values {
		q := url.Values{"exp": {exp}}
		q.Set("sig", linkSignature(k, linkMessage("live/cam1", q)))
		return q
	}
	sig := plain.Get("sig")
	for name, c := range map[string]struct {
		query url.Values
		want  fits
	}{
		"good":               {plain, nil},
		"bound":              {bound, nil},
		"other arguments":    {with(plain, "_HLS_msn", "7", "8"), nil},
		"upper case":         {with(plain, "sig", strings.ToUpper(sig)), nil},
		"in the leeway":      {ends(time.Second - Leeway), nil},
		"ended":              {ends(-Leeway), as[*ExpiredError]},
		"nothing":            {url.Values{}, as[*DamagedError]},
		"no exp":             {with(plain, "exp"), as[*DamagedError]},
		"no sig":             {with(plain, "sig"), as[*DamagedError]},
		"an empty sig":       {with(plain, "sig", ""), as[*DamagedError]},
		"a longer life":      {with(plain, "exp", fmt.Sprint(now.Add(2*time.Hour).Unix())), as[*DamagedError]},
		"exp with a zero":    {signed("0" + plain.Get("exp")), as[*DamagedError]},
		"exp with a plus":    {signed("+" + plain.Get("exp")), as[*DamagedError]},
		"exp with a blank":   {signed(plain.Get("exp") + " "), as[*DamagedError]},
		"exp is negative":    {signed("-5"), as[*DamagedError]},
		"exp is huge":        {signed("99999999999999999999"), as[*DamagedError]},
		"exp in ms":          {signed(plain.Get("exp") + "000"), as[*DamagedError]},
		"exp twice":          {with(plain, "exp", plain.Get("exp"), "9999999999"), as[*DamagedError]},
		"sig twice":          {with(plain, "sig", sig, sig), as[*DamagedError]},
		"ip twice":           {with(bound, "ip", viewer.String(), someone.String()), as[*DamagedError]},
		"freed of its ip":    {with(bound, "ip"), as[*DamagedError]},
		"ip put in":          {with(plain, "ip", viewer.String()), as[*DamagedError]},
		"ip is empty":        {with(plain, "ip", ""), as[*DamagedError]},
		"ip is none":         {with(plain, "ip", "home"), as[*DamagedError]},
		"a short sig":        {with(plain, "sig", sig[:62]), as[*DamagedError]},
		"a long sig":         {with(plain, "sig", sig+"00"), as[*DamagedError]},
		"sig is no hex":      {with(plain, "sig", strings.Repeat("z", 64)), as[*DamagedError]},
		"another sig":        {with(plain, "sig", strings.Repeat("0", 64)), as[*DamagedError]},
		"of another stream":  {link(t, k, Claims{Subject: "live/cam2", Expires: now.Add(time.Hour)}), as[*DamagedError]},
		"of another server":  {link(t, key("k2"), Claims{Subject: "live/cam1", Expires: now.Add(time.Hour)}), as[*DamagedError]},
		"of a retired key":   {link(t, key("old"), Claims{Subject: "live/cam1", Expires: now.Add(time.Hour)}), as[*DamagedError]},
		"a token as the sig": {with(plain, "sig", issue(t, k, Claims{Subject: "live/cam1", Expires: now.Add(time.Hour)})), as[*DamagedError]},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := v.VerifyLink(now, "live/cam1", c.query, viewer)
			switch {
			case c.want == nil && err != nil:
				t.Fatal(err)
			case c.want == nil && (got.Kind != Link || got.Subject != "live/cam1" || got.Key != "k1" || got.ID == ""):
				t.Errorf("the claims are %+v", got)
			case c.want != nil && (err == nil || !c.want(err) || got != Claims{}):
				t.Errorf("claims %+v, error %#v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), sig[:8]) {
				t.Errorf("the error shows the signature: %v", err)
			}
		})
	}
	if _, err := v.VerifyLink(now, "live/cam1", bound, someone); !as[*AddressError](err) {
		t.Errorf("from another address: %v", err)
	}
	if _, err := newVerifier(t, Options{}).VerifyLink(now, "live/cam1", plain, viewer); !as[*UnknownKeyError](err) {
		t.Errorf("without a key: %v", err)
	}
}

// A stream whose name looked like a part of a link could borrow the link of another.
func TestVerifyLinkOfAStreamWithAQuery(t *testing.T) {
	now := time.Now()
	k := key("k1")
	v := newVerifier(t, Options{Keys: []Key{k}})
	q := url.Values{"exp": {fmt.Sprint(now.Add(time.Hour).Unix())}}
	stream := "live/cam1?exp=1"
	q.Set("sig", linkSignature(k, linkMessage(stream, q)))
	if _, err := v.VerifyLink(now, stream, q, viewer); !as[*DamagedError](err) {
		t.Errorf("it is let in: %v", err)
	}
}

func TestIsLink(t *testing.T) {
	if !IsLink(url.Values{"exp": {"1"}, "sig": {""}}) || IsLink(url.Values{"exp": {"1"}, "token": {"x"}}) {
		t.Error("links are not told from other queries")
	}
}

// Links have no name of their own, and can be taken back all the same.
func TestRevokeLink(t *testing.T) {
	now := time.Now()
	k := key("k1")
	v := newVerifier(t, Options{Keys: []Key{k}})
	one := link(t, k, Claims{Subject: "live/cam1", Expires: now.Add(time.Hour)})
	two := link(t, k, Claims{Subject: "live/cam1", Expires: now.Add(2 * time.Hour)})
	c, err := v.VerifyLink(now, "live/cam1", one, viewer)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Revoke(now, Revocation{c.ID, c.Expires}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.VerifyLink(now, "live/cam1", one, viewer); !as[*RevokedError](err) {
		t.Errorf("a revoked link: %v", err)
	}
	if _, err := v.VerifyLink(now, "live/cam1", two, viewer); err != nil {
		t.Errorf("another link: %v", err)
	}
}
