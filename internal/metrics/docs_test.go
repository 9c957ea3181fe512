package metrics

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const preface = `# Metrics

The server answers ` + "`GET /metrics`" + ` on the admin side in the words of Prometheus:

` + "```yaml other" + `
scrape_configs:
  - job_name: millrace
    static_configs:
      - targets: ["localhost:8080"]
` + "```" + `

[grafana.json](grafana.json) is a dashboard for Grafana; it asks for the data source when it is imported.

No metric has a stream, a viewer or an address among its labels: there is no bound to their number. What each stream
and each session does is in the API, at ` + "`/api/v1/streams`" + ` and ` + "`/api/v1/sessions`" + `.

Beside those of this table there are the usual ones of a Go program: ` + "`go_…`" + ` (goroutines, memory, garbage
collection) and ` + "`process_…`" + ` (processor time, memory, open files, start time).

This table is written by ` + "`go test ./internal/metrics -update`" + `.

| metric | kind | labels | what it says |
| --- | --- | --- | --- |
`

const words = `
## The words of some labels

| label | words |
| --- | --- |
| ` + "`protocol`" + ` | ` + "`rtmp`, `rtmps`, `rtmpe`, `rtmpt`, `rtmpts`, `rtmpte`, `http-flv`, `ws-flv`, `ts`, `hls`, `dash`" + `; ` + "`poster`" + ` reads a key frame for a picture and is no viewer; ` + "`demo`" + ` publishes the built-in clip |
| ` + "`code`" + ` | ` + "`forbidden`, `bad-key`, `bad-name`, `in-use`, `taken-over`, `limit`, `shutting-down`, `plain`, `unauthorized` (a token is missing), `unavailable` (whoever has to decide is away), `not-on-air`" + `, as in problem documents; ` + "`error`" + ` for all else |
| ` + "`reason`" + ` of a publisher | ` + "`stopped`" + ` in order; ` + "`connection-lost`, `silent`, `taken-over`, `flood`, `panic`, `shutdown`; `kicked`" + ` (somebody ended it), ` + "`withdrawn`" + ` (its key was revoked), ` + "`limit`" + ` (its bit rate or picture) |
| ` + "`reason`" + ` of a player | ` + "`ended`" + ` with its stream, ` + "`left`" + ` by itself; ` + "`too-slow`" + ` (skipped three times in 30 s), ` + "`stuck`" + ` (took no byte for 10 s), ` + "`connection-lost`, `timeout`, `flood`, `silent`, `panic`, `shutdown`; `kicked`" + ` (somebody ended it), ` + "`withdrawn`" + ` (its token or link is no longer good); ` + "`other`" + ` |
| ` + "`reason`" + ` of a connection | as of a player, and ` + "`handshake`" + `: it never got through that, ` + "`unverified`" + `: it did not prove the SWF file that is demanded, ` + "`challenged`" + `: it was asked for a [user and a password](credentials.md), and comes back with them if it has any, ` + "`credentials`" + `: these were wrong |
| ` + "`limit`" + ` | what there are too many of, and of whom, as ` + "`connections-of-the-server`, `viewers-of-one-app`, `publishers-with-one-key`, `connections-from-one-address`, `wrong-keys-or-tokens-from-one-address`, `wrong-passwords-from-all-addresses`, `outgoing-rate-of-one-app`; `banned-address`, `banned-key`" + ` |
| ` + "`host`" + ` | of a back end that decides who may come in, from the config file; with its port, without the rest of its address |
`

const viewers = `
## Whom the viewers are

A player of RTMP, HTTP-FLV, WebSocket-FLV or MPEG-TS over HTTP is a connection, and counts as long as it lasts. HLS and
DASH are requests, of which a cache in front answers most. There a viewer is a session:

1. by the name that the player gives it in CMCD (CTA-5004), ` + "`sid`" + `, in the headers ` + "`CMCD-Session`, `CMCD-Request`" + `,
   ` + "`CMCD-Object` and `CMCD-Status` or in `?CMCD=`" + `; the page's player sends it;
2. else by ` + "`X-Playback-Session-Id`" + `, which Apple's players send;
3. else by address and user agent: alike players behind one address that tell no name are one.

It counts while a request of it waits for an answer and 20 seconds after its last one, once for both picture and sound;
up to 65,536 of each protocol of a stream. Behind a proxy its address is that of ` + "`X-Forwarded-For`" + `, where the proxy is
[trusted](behind-a-proxy.md). Whom a cache or a CDN serves by itself is seen in its log only. Let it leave the argument
` + "`CMCD`" + ` out of its key, or each player would have files of its own there; no answer depends on that, nor on the headers.

` + "`/api/v1/sessions`" + ` lists them behind the sessions with connections, a thousand of each protocol of a stream at most,
with what the player told last:

| member of ` + "`cmcd`" + ` | of CMCD | what it says |
| --- | --- | --- |
| ` + "`buffer`" + ` | ` + "`bl`" + ` | seconds that it can go on playing without another byte |
| ` + "`throughput`" + ` | ` + "`mtp`" + ` | bits a second that it measured |
| ` + "`video_bitrate`, `audio_bitrate`" + ` | ` + "`br`, `ot`" + ` | bits a second of the rendition that it asks for |
| ` + "`latency`" + ` | ` + "`ltc`" + ` | seconds that it says to be behind what happens |
| ` + "`starvations`" + ` | ` + "`bs`" + ` | how many of its requests said that it had nothing left to play |

With the admin token it also has the viewer's address and, as ` + "`playback_session`" + `, the name of the session. What a
player says is not checked: anyone can say anything.

## From a number to the lines behind it

Every line of the log about a session has its ` + "`session`" + `, and every line about a broadcast, from its beginning to its end
through all returns of its publisher, has its ` + "`broadcast`" + `. The API shows both. With ` + "`--log-format json`" + `:

` + "```sh" + `
grep '"broadcast":"k3v5qmz2ab"' millrace.log
` + "```" + `
`

// alerts are what is worth waking somebody.
var alerts = []struct{ query, says string }{
	{"millrace_database_away == 1", "for 1 minute: nobody can change anything, and events wait in memory; look at the database"},
	{"increase(millrace_events_lost_total[15m]) > 0", "the database was away for long, or refuses events: the log has the reason"},
	{"millrace_webhook_oldest_seconds > 600", "a receiver of webhooks does not answer: `millrace webhooks list` names it"},
	{"increase(millrace_webhook_given_up_total[1h]) > 0", "events were given up: `millrace webhooks dead`, and `replay` when the receiver is well"},
	{"millrace_authorizer_away == 1", "for 1 minute: a back end does not answer; `on-failure` decides who comes in"},
	{"increase(millrace_wrong_keys_total[15m]) > 500", "somebody guesses from many addresses; the log has some of them, for bans"},
	{"increase(millrace_limit_refusals_total[15m]) > 100", "a limit is too low, or somebody takes more than their part"},
	{"increase(millrace_panics_total[1h]) > 0", "a bug of Millrace; the log has its stack"},
	{"increase(millrace_time_shift_lost_segments_total[15m]) > 0", "the disk is full or too slow"},
}

// An alert that asks for what there is not never rings.
func TestAlertsAskForWhatThereIs(t *testing.T) {
	labels := known(t)
	for _, a := range alerts {
		for _, fault := range check(a.query, labels, map[string]bool{}) {
			t.Errorf("%s: %s", a.query, fault)
		}
	}
}

// The documentation says what there is.
func TestDocumentation(t *testing.T) {
	catalog := slices.SortedFunc(slices.Values(whole().catalog), func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	var b strings.Builder
	b.WriteString(preface)
	for _, e := range catalog {
		labels := "`" + strings.Join(e.labels, "`, `") + "`"
		if len(e.labels) == 0 {
			labels = ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.name, e.kind, labels, e.help)
	}
	b.WriteString(words)
	b.WriteString("\n## What is worth an alert\n\n| query | what it means |\n| --- | --- |\n")
	for _, a := range alerts {
		fmt.Fprintf(&b, "| `%s` | %s |\n", a.query, a.says)
	}
	b.WriteString(viewers)
	golden(t, "../../docs/metrics.md", []byte(b.String()))
}
