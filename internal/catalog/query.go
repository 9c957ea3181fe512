package catalog

// StreamQuery is which streams to list, and how.
type StreamQuery struct {
	App        string            // "": all
	Apps       []string          // that whoever asks may see; empty: all
	Visibility Visibility        // "": any
	Labels     map[string]string // that the stream has, all of them; an empty value is any
	Search     string            // a part of the path or title, in any case
	Managed    string            // "": any
	Sort       string            // "name" (or ""), "-name", "created", "-created", "updated", "-updated"
	Cursor     string            // the next of the page before
	Limit      int               // 0: DefaultLimit; at most MaxLimit
	Keep       func(*Stream) bool
}

// How many streams a page has.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)
