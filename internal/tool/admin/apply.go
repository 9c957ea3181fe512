package admin

import (
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"

	"github.com/millrace-live/millrace/internal/tool"
)

// maxSet bounds a file of streams; the API takes 1 MiB.
const maxSet = 1 << 20

// ReadStreams reads a file that declares streams, YAML or JSON: a list of them, or
// the body that the API takes. "-" is standard input.
func ReadStreams(name string) (map[string]any, error) {
	from := os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, &tool.Error{Status: tool.Usage, Err: err, Text: fmt.Sprintf("cannot read the streams: %v", err)}
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxSet+1))
	switch {
	case err != nil:
		return nil, &tool.Error{Status: tool.Usage, Err: err, Text: fmt.Sprintf("cannot read the streams: %v", err)}
	case len(text) > maxSet:
		return nil, &tool.Error{Status: tool.Usage, Text: "the file has more than 1 MiB; apply the streams of one app at a time"}
	}
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return nil, &tool.Error{Status: tool.Usage, Err: err, Text: fmt.Sprintf("%s is neither YAML nor JSON: %v", name, err)}
	}
	switch v := v.(type) {
	case []any:
		return map[string]any{"streams": v}, nil
	case map[string]any:
		if _, ok := v["streams"]; ok {
			return v, nil
		}
	}
	return nil, &tool.Error{Status: tool.Usage, Text: name + " names no streams; write \"streams:\" and a list of them, each with its name"}
}
