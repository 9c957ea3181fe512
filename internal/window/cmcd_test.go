package window

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// said is a cmcd in few words.
type said struct {
	sid                                string
	starved, sound                     bool
	buffer, measured, encoded, latency int64 // -1 where nothing is said
}

func summary(c cmcd) said {
	number := func(n cmcdNumber) int64 {
		if !n.given {
			return -1
		}
		return n.n
	}
	return said{
		string(c.sid[:c.sidLen]), c.starved, c.sound,
		number(c.buffer), number(c.measured), number(c.encoded), number(c.latency),
	}
}

var silent = said{buffer: -1, measured: -1, encoded: -1, latency: -1}

var cmcdVectors = []struct {
	name, text string
	want       said
}{
	{"nothing", "", silent},
	{"a session", `sid="6e2fb550-c457-11e9-bb97-0800200c9a66"`, said{"6e2fb550-c457-11e9-bb97-0800200c9a66", false, false, -1, -1, -1, -1}},
	{
		"all of version 1", `bl=21300,br=3200,bs,cid="faec5fc2",d=4004,dl=18500,mtp=48100,nor="..%2F300kbps%2Ftrack.m4v",nrr="0-99",ot=v,pr=1.08,rtp=12000,sf=d,sid="6e2f",st=l,su,tb=6000,v=1`,
		said{"6e2f", true, false, 21300, 48100, 3200, -1},
	},
	{
		"version 2", `bg,bl=(1900;v 2100;a),br=(4500;v 128;a),ltc=2150,mtp=(25400),nor=("a.m4s";r="0-9"),sid="s",sta=p,ts=1764000000000,v=2`,
		said{"s", false, false, 1900, 25400, 4628, 2150},
	},
	{"sound", "ot=a,br=128", said{"", false, true, -1, -1, 128, -1}},
	{"sound and picture together", "ot=av,br=128", said{"", false, false, -1, -1, 128, -1}},
	{"keys of somebody's own", `com.example-myNumericKey=500,com.example-myStringKey="a\"b,c\\",bl=100`, said{"", false, false, 100, -1, -1, -1}},
	{"blanks", "bl=100, \tmtp=200 ", said{"", false, false, 100, 200, -1, -1}},
	{"decimals", "bl=100.75,mtp=-5", said{"", false, false, 100, -1, -1, -1}},
	{"starved in other words", "bs=?1", said{"", true, false, -1, -1, -1, -1}},
	{"not starved", "bs=?0", silent},
	{"the last one counts", "bl=1,bl=2", said{"", false, false, 2, -1, -1, -1}},
	{"a word for a string", "sid=abc", said{"abc", false, false, -1, -1, -1, -1}},
	{"as long as it may be", `sid="` + strings.Repeat("x", 64) + `"`, said{strings.Repeat("x", 64), false, false, -1, -1, -1, -1}},
	{"a title in other letters", "cid=\"Grüße\",sid=\"a\"", said{"a", false, false, -1, -1, -1, -1}},
	{"no number", "bl=many,mtp=1e3,br=1000000000000", silent},

	// Damaged: nothing of it counts.
	{"too long a session", `bl=1,sid="` + strings.Repeat("x", 65) + `"`, silent},
	{"open quotation marks", `bl=1,sid="abc`, silent},
	{"an open list", "bl=1,br=(1 2", silent},
	{"no key", "bl=1,=2", silent},
	{"no value", "bl=1,mtp=", silent},
	{"a comma at the end", "bl=1,", silent},
	{"no comma", "bl=1 mtp=2", silent},
	{"a line", "bl=1,sid=\"a\nb\"", silent},
	{"a session in other letters", "bl=1,sid=\"ä\"", silent},
	{"an escape of what needs none", `bl=1,sid="\a"`, silent},
	{"an open escape", `bl=1,sid="\`, silent},
	{"an open parameter", "bl=1;", silent},
	{"JSON", `{"bl":1}`, silent},
	{"too many keys", "bl=1" + strings.Repeat(",a", maxCMCDKeys), silent},
	{"too long", "bl=1,a=" + strings.Repeat("x", maxCMCD), silent},
}

func TestCMCD(t *testing.T) {
	for _, tt := range cmcdVectors {
		t.Run(tt.name, func(t *testing.T) {
			for _, field := range cmcdFields {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header[field] = []string{tt.text}
				if got := summary(readCMCD(r)); got != tt.want {
					t.Errorf("%s: %+v, want %+v", field, got, tt.want)
				}
			}
			for _, query := range []string{"?CMCD=", "?_HLS_msn=7&CMCD=", "?xCMCD=1&cmcd=1&CMCD="} {
				r := httptest.NewRequest(http.MethodGet, "/"+query+strings.ReplaceAll(url.QueryEscape(tt.text), "+", "%20")+"&_HLS_part=0", nil)
				moved := behind(r)
				if got := summary(readCMCD(moved)); got != tt.want || strings.Contains(moved.URL.RawQuery, "CMCD=") && !strings.HasPrefix(query, "?xCMCD") {
					t.Errorf("%s: %+v, want %+v", query, got, tt.want)
				}
			}
		})
	}
}

// What players split over headers belongs together, and what one of them breaks is
// lost alone.
func TestCMCDHeaders(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("CMCD-Object", "br=3200,ot=v")
	r.Header.Add("CMCD-Request", "bl=100")
	r.Header.Add("CMCD-Request", "mtp=200")
	r.Header.Set("CMCD-Session", `sid="s"`)
	r.Header.Set("CMCD-Status", "bs,=")
	if got, want := summary(readCMCD(r)), (said{"s", false, false, 100, 200, 3200, -1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// behind is a request as those see it who stand behind CMCDInHeaders.
func behind(r *http.Request) (seen *http.Request) {
	CMCDInHeaders(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r })).ServeHTTP(nil, r)
	return seen
}

func TestCMCDInHeaders(t *testing.T) {
	const told = "bl%3D1%2Csid%3D%22a+b%22"
	one := said{"a+b", false, false, 1, -1, -1, -1}
	for _, tt := range []struct {
		query, rest string
		want        said
	}{
		{"", "", silent},
		{"a=b&c", "a=b&c", silent},
		{"CMCD=" + told, "", one},
		{"_HLS_msn=1&CMCD=" + told + "&_HLS_part=2", "_HLS_msn=1&_HLS_part=2", one},
		{"CMCD=" + told + "&start=1&CMCD=bl%3D2", "start=1", one},
		{"xCMCD=1&CMCDx=2", "xCMCD=1&CMCDx=2", silent},

		// Nobody behind sees what is damaged.
		{"CMCD", "", silent},
		{"CMCD=", "", silent},
		{"CMCD=%", "", silent},
		{"CMCD=bl%3", "", silent},
		{"CMCD=%zz;&_HLS_part=2", "_HLS_part=2", silent},
		{"CMCD=%00", "", silent},
		{"CMCD=" + strings.Repeat("%20", maxCMCD+1) + "bl%3D1", "", silent},
		{"CMCD=" + strings.Repeat("%20", maxCMCD) + "bl%3D1", "", silent},
	} {
		r := behind(&http.Request{URL: &url.URL{RawQuery: tt.query}, Header: http.Header{}})
		if got := summary(readCMCD(r)); got != tt.want || r.URL.RawQuery != tt.rest {
			t.Errorf("%.60s: %+v and %q", tt.query, got, r.URL.RawQuery)
		}
	}
}

func FuzzCMCD(f *testing.F) {
	for _, v := range cmcdVectors {
		if len(v.text) < 500 {
			f.Add(v.text)
		}
	}
	f.Add("bl%3D1%2Csid%3D%22a%22")
	f.Fuzz(func(t *testing.T, text string) {
		request := func(query string) cmcd {
			r := behind(&http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{}})
			if strings.HasPrefix(r.URL.RawQuery, "CMCD=") {
				t.Errorf("the query is %q", r.URL.RawQuery)
			}
			return readCMCD(r)
		}
		var c cmcd
		c.read(text)
		if got := request("CMCD=" + strings.ReplaceAll(url.QueryEscape(text), "+", "%20")); got != c {
			t.Errorf("%+v by header, %+v by argument", summary(c), summary(got))
		}
		for _, c := range []cmcd{c, request("CMCD=" + text), request(text)} {
			if session := string(c.sid[:c.sidLen]); !printable(strings.ReplaceAll(session, " ", "")) {
				t.Errorf("a session is called %q", session)
			}
			var report Report
			report.take(&c)
			if report.Buffer < 0 || report.Latency < 0 || report.Throughput < 0 || report.Picture < 0 || report.Sound < 0 ||
				report.Buffer > 50*365*24*time.Hour {
				t.Errorf("%+v", report)
			}
		}
	})
}
