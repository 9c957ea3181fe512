package admin

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/millrace-live/millrace/internal/tool"
)

// table is rows of cells, the first with their headings.
type table [][]string

// write aligns the cells. They may be what strangers call themselves.
func (t table) write(w io.Writer) error {
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i := range row {
			row[i] = tool.Printable(row[i])
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	var b strings.Builder
	for _, row := range t {
		last := len(row) - 1
		for i, cell := range row[:last] {
			fmt.Fprintf(&b, "%-*s  ", widths[i], cell)
		}
		b.WriteString(row[last] + "\n")
	}
	return write(w, []byte(b.String()))
}

func write(w io.Writer, b []byte) error {
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	return nil
}
