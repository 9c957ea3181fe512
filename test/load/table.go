//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// table renders a scenario's samples as Markdown: medians over the rounds, and
// in parentheses the least and the most.
func table(s *scenario, samples []*sample) string {
	remarked := false
	var rows [][]string
	for _, z := range s.sizes {
		for _, server := range s.servers {
			own := pick(samples, s.name, z.label, server)
			if len(own) == 0 {
				continue
			}
			row := []string{z.label, server}
			for _, c := range s.columns {
				row = append(row, cell(c.values(own, pick(samples, s.name, z.label, c.base))))
			}
			remark := remarks(own)
			remarked = remarked || remark != ""
			rows = append(rows, append(row, remark))
		}
	}
	head := []string{s.head, "server"}
	for _, c := range s.columns {
		head = append(head, c.head)
	}
	head = append(head, "remarks")
	width := len(head)
	if !remarked {
		width--
	}
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s\n\n", s.title, s.about)
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells[:width], " | ")) }
	line(head)
	line(slices.Repeat([]string{"---"}, len(head)))
	for _, row := range rows {
		line(row)
	}
	if s.holds != nil {
		fmt.Fprintf(&b, "\n%s\n", verdict(s, samples))
	}
	return b.String()
}

// verdict says up to which size a server bore the load, in every round.
func verdict(s *scenario, samples []*sample) string {
	most := "none of them"
	for _, z := range s.sizes {
		own := slices.DeleteFunc(slices.Clone(samples), func(x *sample) bool { return x.Scenario != s.name || x.Size != z.label })
		if len(own) == 0 || slices.ContainsFunc(own, func(x *sample) bool { return !s.holds(x) }) {
			break
		}
		most = z.label
	}
	return "Borne in all rounds: up to " + most + "."
}

func pick(samples []*sample, scenario, size, server string) []*sample {
	var own []*sample
	for _, s := range samples {
		if s.Scenario == scenario && s.Size == size && s.Server == server {
			own = append(own, s)
		}
	}
	return own
}

// values are one a round. A ratio is made within its round, since the machine
// may be another in the next.
func (c *column) values(own, base []*sample) []float64 {
	var list []float64
	for _, s := range own {
		v, ok := c.value(s)
		if !ok {
			continue
		}
		if c.base != "" {
			i := slices.IndexFunc(base, func(b *sample) bool { return b.Round == s.Round })
			if i < 0 {
				continue
			}
			of, ok := c.value(base[i])
			if !ok || of == 0 {
				continue
			}
			v /= of
		}
		list = append(list, v)
	}
	return list
}

func cell(values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	text := digits(median(values))
	least, most := digits(slices.Min(values)), digits(slices.Max(values))
	if least == most {
		return text
	}
	return fmt.Sprintf("%s (%s–%s)", text, least, most)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// digits rounds to three significant digits, and writes no exponents.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	after := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	if after <= 0 {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', after, 64), "0"), ".")
}

// remarks gathers those of all rounds.
func remarks(own []*sample) string {
	var list []string
	for _, s := range own {
		if r := s.remarks(); r != "" {
			list = append(list, fmt.Sprintf("round %d: %s", s.Round, r))
		}
	}
	if len(list) > 1 && agree(own) {
		list = []string{"all rounds: " + own[0].remarks()}
	}
	return strings.ReplaceAll(strings.Join(list, "; "), "|", "/")
}

// agree reports whether all rounds have the same remarks.
func agree(own []*sample) bool {
	return !slices.ContainsFunc(own, func(s *sample) bool { return s.remarks() != own[0].remarks() })
}
