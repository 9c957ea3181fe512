package access

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DefaultApp is the app of a name that has none.
const DefaultApp = "live"

// maxName bounds a stream's name in bytes.
const maxName = 255

// Words that are addresses of the server and so cannot be a stream's.
var (
	reservedFirst = []string{
		"api", "embed", "fcs", "open", "send", "idle", "close", "healthz", "readyz", "metrics", "assets", ".well-known",
	}
	reservedLast    = []string{"whip", "whep", "index.m3u8", "ts.m3u8", "manifest.mpd"}
	reservedEndings = []string{".flv", ".ts", ".jpg", ".m3u8", ".mpd", ".m4s"}
	// Prefixes by which Flash chose a container (mp4:a.f4v); here all streams
	// are alike.
	containerPrefixes = []string{"flv:", "mp4:", "mp3:"}
)

// NameError says why a name cannot be that of a stream. It does not hold the
// name, which may be a mistyped key.
type NameError struct{ Reason string }

func (e *NameError) Error() string { return "not a stream name: " + e.Reason }

// StreamName returns the name "app/name" of the stream that a client asks for
// with an app and a stream name, however it split the path into the two; either
// may be empty. A playback id alone stays as it is. The error is a *NameError.
func StreamName(app, name string) (string, error) {
	return streamName(pathParts(app, name))
}

// pathParts is the joined path without what is no part of a name: queries,
// blanks around the parts, empty parts, the default instance of RTMP's app
// ("_definst_") and container prefixes.
func pathParts(app, name string) []string {
	parts := make([]string, 0, 4)
	for _, path := range []string{app, name} {
		path, _, _ = strings.Cut(path, "?")
		for part := range strings.SplitSeq(path, "/") {
			part = strings.TrimSpace(part)
			for _, prefix := range containerPrefixes {
				if rest, ok := strings.CutPrefix(part, prefix); ok {
					part = rest
					break
				}
			}
			if part != "" && part != "_definst_" {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

func streamName(parts []string) (string, error) {
	if len(parts) == 1 && !isPlaybackID(parts[0]) {
		parts = []string{DefaultApp, parts[0]}
	}
	stream := strings.Join(parts, "/")
	if err := checkParts(parts, stream); err != nil {
		return "", err
	}
	return stream, nil
}

// CheckName returns a *NameError unless stream is the name of a stream as
// [StreamName] returns it.
func CheckName(stream string) error {
	name, err := StreamName("", stream)
	if err != nil {
		return err
	}
	if name != stream {
		return &NameError{"write it as " + name}
	}
	return checkPlayback(stream)
}

// isPlaybackID reports whether a part of a path is an address of its own, in place
// of a stream's name.
func isPlaybackID(part string) bool {
	rest, ok := strings.CutPrefix(part, "pb_")
	return ok && len(rest) == 20 && !strings.ContainsFunc(rest, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '2' || r > '7')
	})
}

// checkPlayback says that a stream cannot have a name that is asked for as a
// playback id.
func checkPlayback(stream string) error {
	if isPlaybackID(stream[strings.LastIndexByte(stream, '/')+1:]) {
		return &NameError{"its last part has the form of a playback id"}
	}
	return nil
}

func checkParts(parts []string, stream string) error {
	switch {
	case len(parts) == 0:
		return &NameError{"it is empty; write one behind the app, as in live/cam1"}
	case len(stream) > maxName:
		return &NameError{fmt.Sprintf("it is longer than %d bytes", maxName)}
	case !utf8.ValidString(stream):
		return &NameError{"it is not UTF-8"}
	case strings.ContainsFunc(stream, unprintable):
		return &NameError{"it holds control characters"}
	case slices.Contains(parts, "..") || slices.Contains(parts, "."):
		return &NameError{"a part of it is . or .."}
	case slices.Contains(reservedFirst, parts[0]):
		return &NameError{fmt.Sprintf("names that begin with %s/ are reserved", parts[0])}
	}
	last := parts[len(parts)-1]
	if slices.Contains(reservedLast, last) {
		return &NameError{fmt.Sprintf("the last part %s is reserved", last)}
	}
	for _, ending := range reservedEndings {
		if strings.HasSuffix(last, ending) {
			return &NameError{fmt.Sprintf("the ending %s is reserved", ending)}
		}
	}
	return nil
}

// unprintable reports control characters and those that break lines or turn
// the direction of writing: with them a name could forge log lines and pages.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// appOf is the first part of a stream's name.
func appOf(stream string) string {
	app, _, _ := strings.Cut(stream, "/")
	return app
}
