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
| ` + "`protocol`" + ` | ` + "`rtmp`, `http-flv`, `ws-flv`, `ts`, `hls`, `dash`" + `; ` + "`demo`" + ` publishes the built-in clip |
| ` + "`code`" + ` | ` + "`forbidden`, `bad-key`, `bad-name`, `in-use`, `taken-over`, `limit`, `shutting-down`, `plain`, `not-on-air`" + `, as in problem documents; ` + "`error`" + ` for all else |
| ` + "`reason`" + ` of a publisher | ` + "`stopped`" + ` in order; ` + "`connection-lost`, `silent`, `taken-over`, `flood`, `panic`, `shutdown`" + ` |
| ` + "`reason`" + ` of a player | ` + "`ended`" + ` with its stream, ` + "`left`" + ` by itself; ` + "`too-slow`" + ` (skipped three times in 30 s), ` + "`stuck`" + ` (took no byte for 10 s), ` + "`connection-lost`, `timeout`, `flood`, `silent`, `panic`, `shutdown`, `other`" + ` |
| ` + "`reason`" + ` of a connection | as of a player, and ` + "`handshake`" + `: it never got through that, ` + "`unverified`" + `: it did not prove the SWF file that is demanded |

## From a number to the lines behind it

Every line of the log about a session has its ` + "`session`" + `, and every line about a broadcast, from its beginning to its end
through all returns of its publisher, has its ` + "`broadcast`" + `. The API shows both. With ` + "`--log-format json`" + `:

` + "```sh" + `
grep '"broadcast":"k3v5qmz2ab"' millrace.log
` + "```" + `
`

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
	golden(t, "../../docs/metrics.md", []byte(b.String()))
}
