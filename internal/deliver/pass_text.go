package deliver

import "bytes"

// room is what a rewritten document takes: as much as before, and the query behind
// every address of which there are so many.
func room(b []byte, addresses int, query string) []byte {
	return make([]byte, 0, len(b)+addresses*(len(query)+len("&amp;")))
}

// appendPlaylist returns a playlist with a query behind every address.
func appendPlaylist(b []byte, query string) []byte {
	out := room(b, bytes.Count(b, newLine)-bytes.Count(b, tagLine)+bytes.Count(b, uri), query)
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, newLine)
		switch at := bytes.LastIndex(line, uri); {
		case len(line) > 0 && line[0] != '#':
			out = appendQuery(append(out, line...), line, query, "&")
		case at >= 0:
			address, after, _ := bytes.Cut(line[at+len(uri):], quotes)
			out = append(out, line[:at+len(uri)+len(address)]...)
			out = appendQuery(out, address, query, "&")
			out = append(append(out, '"'), after...)
		default:
			out = append(out, line...)
		}
		out = append(out, '\n')
		b = rest
	}
	return out
}

var (
	newLine, tagLine, quotes = []byte("\n"), []byte("\n#"), []byte(`"`)
	// uri begins the attribute in which tags have addresses. It is the last that has
	// quotation marks: a name in front of it may end like this.
	uri = []byte(`URI="`)
)

// addresses are what begins the elements of a manifest that have addresses, each on a
// line of its own as this server writes it, and the attributes in which these are.
var addresses = []struct {
	element    []byte
	attributes [][]byte
}{
	{[]byte("<SegmentTemplate "), [][]byte{[]byte(` media="`), []byte(` initialization="`)}},
	{[]byte("<UTCTiming "), [][]byte{[]byte(` value="`)}},
}

// appendManifest returns a manifest with a query, which is escaped for XML, behind
// every address.
func appendManifest(b []byte, query string) []byte {
	n := 0
	for _, of := range addresses {
		n += len(of.attributes) * bytes.Count(b, of.element)
	}
	out := room(b, n, query)
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, newLine)
		element := bytes.TrimLeft(line, " ")
		for _, of := range addresses {
			if !bytes.HasPrefix(element, of.element) {
				continue
			}
			for _, attribute := range of.attributes {
				before, address, _ := bytes.Cut(line, attribute)
				address, after, _ := bytes.Cut(address, quotes)
				out = append(append(append(out, before...), attribute...), address...)
				out = append(appendQuery(out, address, query, "&amp;"), '"')
				line = after
			}
		}
		out = append(append(out, line...), '\n')
		b = rest
	}
	return out
}

// appendQuery appends a query to an address, which may have one.
func appendQuery(out, address []byte, query, and string) []byte {
	if bytes.IndexByte(address, '?') < 0 {
		and = "?"
	}
	return append(append(out, and...), query...)
}
