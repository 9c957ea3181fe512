package config

import (
	"fmt"
	"strings"
)

// slips are what people do to YAML, told by words of the parser's message: it
// names rules of the grammar, not what to do. The first that fits counts.
var slips = []struct{ words, say string }{
	{"tab", "a tab stands here; indent with blanks, as YAML wants it"},
	{"\t", "a tab stands here; indent with blanks, as YAML wants it"},
	{"end character of", "a quote is opened here and not closed; add the one that closes it"},
	{"',' or ']' must", "a list that began with [ is not closed; write ] behind its last value, and commas between them"},
	{"end token ']'", "a list that began with [ is not closed; write ] behind its last value"},
	{"end token '}'", "a group that began with { is not closed; write } behind its last value"},
	{"',' or '}' must", "a group that began with { is not closed; write } behind its last value, and commas between them"},
	{"corresponding to", "a bracket is closed here that was not opened; remove it, or open it before"},
	{"mapping value is not allowed", "a second colon stands in this line; put a value with a colon and a blank into quotes"},
	{"not allowed in this context", "this line does not line up with those around it; indent lines of one group alike"},
	{"map key-value", "this line does not line up with those around it; indent lines of one group alike"},
	{"non-map value", "this line has no colon; write name: value"},
	{"key-value delimiter", "this line has no colon; write name: value"},
	{"unexpected key name", "this line has no colon, or the one above it has no end; write name: value"},
	{"escape character", "a backslash stands in double quotes; use single quotes, in which it means itself"},
}

// syntax says what to do about a message of the YAML parser.
func syntax(message string) string {
	for _, s := range slips {
		if strings.Contains(message, s.words) {
			return s.say
		}
	}
	return fmt.Sprintf("this is not YAML (%s); compare it with the lines above it", strings.Join(strings.Fields(message), " "))
}
