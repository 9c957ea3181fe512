package rtmp

// dialect is what a scheme says about the way to a server.
type dialect struct {
	port                   string // by default
	tls, tunnel, encrypted bool
}

// dialects are the schemes that can be dialled.
var dialects = map[string]dialect{
	"rtmp":   {port: "1935"},
	"rtmps":  {port: "443", tls: true},
	"rtmpe":  {port: "1935", encrypted: true},
	"rtmpt":  {port: "80", tunnel: true},
	"rtmpts": {port: "443", tunnel: true, tls: true},
	"rtmpte": {port: "80", tunnel: true, encrypted: true},
}

const schemes = "rtmp, rtmps, rtmpe, rtmpt, rtmpts or rtmpte"
