package metrics

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard is the part of Grafana's format that holds queries.
type dashboard struct {
	Title      string
	Panels     []panel
	Templating struct {
		List []struct{ Type, Query string }
	}
}

type panel struct {
	Title, Type string
	Panels      []panel
	Targets     []struct{ Expr string }
}

func (d *dashboard) queries() map[string]string {
	all := make(map[string]string)
	var walk func([]panel)
	walk = func(panels []panel) {
		for _, p := range panels {
			for _, t := range p.Targets {
				all[t.Expr] = p.Title
			}
			walk(p.Panels)
		}
	}
	walk(d.Panels)
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			all[v.Query] = "a variable"
		}
	}
	return all
}

// functions are the words of queries that name no metric.
var functions = []string{"sum", "rate", "increase", "by", "max", "histogram_quantile", "label_values", "time"}

var (
	quoted     = regexp.MustCompile(`"[^"]*"`)
	ranges     = regexp.MustCompile(`\[[^\]]*\]`)
	selectors  = regexp.MustCompile(`([a-z_]+)\{([^}]*)\}`)
	groupings  = regexp.MustCompile(`\bby \(([^)]*)\)`)
	valuesOf   = regexp.MustCompile(`label_values\((.*), *([a-z]+)\)`)
	identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	everywhere = []string{"instance", "job", "le"} // labels that Prometheus adds
)

// Every query of the dashboard is about metrics and labels that exist.
func TestDashboardAsksForWhatThereIs(t *testing.T) {
	b, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	labels := known(t)
	queries := d.queries()
	if len(queries) < 20 {
		t.Errorf("the dashboard has %d queries only", len(queries))
	}
	asked := make(map[string]bool)
	for _, query := range slices.Sorted(maps.Keys(queries)) {
		for _, fault := range check(query, labels, asked) {
			t.Errorf("%s: %s: %s", queries[query], query, fault)
		}
	}
	for _, e := range whole().catalog {
		if !asked[e.name] && !asked[e.name+"_bucket"] {
			t.Errorf("no panel shows %s", e.name)
		}
	}
}

func TestDashboardCheckFindsFaults(t *testing.T) {
	labels := known(t)
	for _, query := range []string{
		"sum(millrace_stream)", `millrace_viewers{stream="x"}`, "sum by (viewer) (millrace_viewers)",
		"rates(millrace_viewers[1m])", "1 + 1", "label_values(millrace_viewers, stream)",
	} {
		if len(check(query, labels, map[string]bool{})) == 0 {
			t.Errorf("nothing is wrong with %s", query)
		}
	}
}

// known has the labels of every metric there is.
func known(t *testing.T) map[string][]string {
	t.Helper()
	labels := make(map[string][]string)
	m := whole()
	for _, e := range m.catalog {
		labels[e.name] = e.labels
		if e.kind == "histogram" {
			labels[e.name+"_bucket"], labels[e.name+"_sum"], labels[e.name+"_count"] = e.labels, e.labels, e.labels
		}
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if _, ours := labels[f.GetName()]; !ours {
			labels[f.GetName()] = nil
		}
	}
	return labels
}

// check returns what is wrong with a query, and notes the metrics it asks for.
func check(query string, labels map[string][]string, asked map[string]bool) (faults []string) {
	query = quoted.ReplaceAllString(ranges.ReplaceAllString(query, ""), "")
	if m := valuesOf.FindStringSubmatch(query); m != nil {
		query = "sum by (" + m[2] + ") (" + m[1] + ")"
	}
	var allowed []string
	bare := identifier.FindAllString(groupings.ReplaceAllString(selectors.ReplaceAllString(query, "$1"), ""), -1)
	metrics := 0
	for _, word := range bare {
		of, ok := labels[word]
		switch {
		case ok:
			metrics++
			asked[word] = true
			allowed = append(allowed, of...)
		case !slices.Contains(functions, word):
			faults = append(faults, "there is no "+word)
		}
	}
	if metrics == 0 {
		faults = append(faults, "it asks for nothing")
	}
	allowed = append(allowed, everywhere...)
	var used []string
	for _, m := range selectors.FindAllStringSubmatch(query, -1) {
		used = append(used, identifier.FindAllString(m[2], -1)...)
	}
	for _, m := range groupings.FindAllStringSubmatch(query, -1) {
		used = append(used, identifier.FindAllString(m[1], -1)...)
	}
	for _, label := range used {
		if !slices.Contains(allowed, label) {
			faults = append(faults, "there is no label "+label)
		}
	}
	return faults
}

// Prometheus and Grafana read JSON that people edit: it stays readable.
func TestDashboardIsIndented(t *testing.T) {
	b, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(b), "{\n  \"") || !strings.HasSuffix(string(b), "}\n") {
		t.Error("docs/grafana.json is not indented by two blanks")
	}
}
