module github.com/millrace-live/millrace

go 1.26.0

// The web sources bring modules of other languages.
ignore ./web

require (
	github.com/alecthomas/kong v1.17.0
	github.com/coder/websocket v1.8.15
	github.com/fsnotify/fsnotify v1.9.0
	github.com/goccy/go-yaml v1.19.2
	github.com/lmittmann/tint v1.2.1
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.47.0
)
