package e2e

import "testing"

var configFaults = section{
	"The config file is refused", "At the start with status 1; a running server goes on with the settings that it has, and " +
		"logs the same\nsentence. `millrace check FILE` names all faults of a file.",
	[]fault{
		{"a tab in YAML", "f.yaml:2:1: | tab | blanks", configured("apps:\n\tevent: {}\n")},
		{"a quote that is not closed", "f.yaml:1:7: | quote | closes", configured("rtmp: \":1935\n")},
		{"a bracket that is not closed", "f.yaml:2:1: | [ is not closed", configured("trusted-proxy: [10.0.0.0/8\ngrace: 5s\n")},
		{"a line out of line", "f.yaml:4:4: | indent", configured("apps:\n  event:\n    grace: 5s\n   delivery: economy\n")},
		{"a value with a colon in it", "f.yaml:1:7: | quotes", configured("data: a: b\n")},
		{"a line without a colon", "f.yaml:2:1: | name: value", configured("grace: 5s\nopen\n")},
		{"a setting that there is not", `f.yaml:1:1: | "garce" | did you mean "grace"`, configured("garce: 5s\n")},
		{"a setting of an app that there is not", `f.yaml:2:11: | "delivry" in apps.event | did you mean "delivery"`, configured("apps:\n  event: {delivry: economy}\n")},
		{"a setting that stands twice", "f.yaml:3:1: | grace | line 1 | remove one", configured("grace: 5s\nopen: true\ngrace: 6s\n")},
		{"a list for a value", "f.yaml:1:8: | grace must be one value", configured("grace: [5s, 6s]\n")},
		{"a value for a list", "f.yaml:1:7: | keys must be a list", configured("keys: live/cam1\n")},
		{"a value for a group", "f.yaml:1:7: | apps | name: value", configured("apps: event\n")},
		{"neither true nor false", `f.yaml:1:7: | "maybe" | true`, configured("open: maybe\n")},
		{"a time without a unit", `f.yaml:1:8: | "30" | 30s`, configured("grace: 30\n")},
		{"a time that is too long", "f.yaml:1:8: | 2h | 30m", configured("grace: 2h\n")},
		{"a word that is no choice", `f.yaml:1:11: | "fast" | balanced`, configured("delivery: fast\n")},
		{"a range of addresses that is none", `f.yaml:1:17: | "10.0.0.0/99" | 10.0.0.0/8`, configured("trusted-proxy: [10.0.0.0/99]\n")},
		{"a key for an app that there is not", `f.yaml:1:17: | "event" | apps: {event: {}}`, configured("keys: [{stream: event/cam1, key: " + secret + "1}]\n")},
		{"one key for two streams", "f.yaml:3:30: | live/cam1 | its own", configured("keys:\n  - {stream: live/cam1, key: " + secret + "1}\n  - {stream: live/cam2, key: " + secret + "1}\n")},
		{"a key that is too short", "f.yaml:1:33: | 8 characters", configured("keys: [{stream: live/cam1, key: hush}]\n")},
		{"a key with a character that keys cannot have", "f.yaml:1:33: | / ? & #", configured("keys: [{stream: live/cam1, key: " + secret + "/1}]\n")},
		{"an app with a reserved name", "f.yaml:1:8: | api", configured("apps: {api: {}}\n")},
		{"a stream with a reserved name", "f.yaml:1:11: | .flv", configured("streams: {live/cam1.flv: {grace: 5s}}\n")},
		{"a config file that names another", "f.yaml:1:9: | remove this line", configured("config: other.yaml\n")},
		{"two documents in a file", "f.yaml:3:5: | one document", configured("grace: 5s\n---\nopen: true\n")},
		{"a file that is not in UTF-8", "f.yaml: | UTF-8", configured("data: caf\xe9\n")},
		{"a file that is not there", "none.yaml | --config", flagged("--config", "none.yaml")},
		{
			"a folder for a file", "/srv (is a directory) | --config",
			func(t *testing.T, d *desk) string { return d.refusal(t, "--config", d.dir) },
		},
	},
}

// configured starts a server with this config file.
func configured(text string) func(*testing.T, *desk) string {
	return func(t *testing.T, d *desk) string {
		d.write(t, "f.yaml", text)
		return d.refusal(t, "--config", "f.yaml")
	}
}

var flagFaults = section{
	"A flag or a variable is refused", "The exit status is 1.",
	[]fault{
		{"a flag that there is not", "--garce | did you mean --grace", flagged("--garce", "5s")},
		{"a command that there is not", "serv; did you mean serve", commanded(1, "serv")},
		{"a flag without its value", "--grace has no value | --help", commanded(1, "serve", "--grace")},
		{"a flag that is no choice", `--delivery: "fast" | balanced`, flagged("--delivery", "fast")},
		{"a flag with a time that is none", `--grace: "soon" | 30s`, flagged("--grace", "soon")},
		{"a flag with a time that is too long", "--grace: 99h | 30m", flagged("--grace", "99h")},
		{"a certificate without its key", "--cert | each --cert needs its --key", flagged("--cert", "cert.pem")},
		{"a key without its certificate", "--key | each --cert needs its --key", flagged("--key", "key.pem")},
		{"a public address that is no URL", `--public-url: "tv" | https://tv.example.org`, flagged("--public-url", "tv")},
		{"a proxy that is no address", `--trusted-proxy: "proxy" | 10.0.0.0/8`, flagged("--trusted-proxy", "proxy")},
		{"a variable with a bad value", `MILLRACE_GRACE: "soon" | 30s`, variable("MILLRACE_GRACE=soon")},
		{"a variable that is neither true nor false", `MILLRACE_OPEN: "perhaps"`, variable("MILLRACE_OPEN=perhaps")},
		{"a variable that names no file", "none.yaml | --config", variable("MILLRACE_CONFIG=none.yaml")},
	},
}

func variable(v string) func(*testing.T, *desk) string {
	return func(t *testing.T, d *desk) string {
		d.env = append(d.env, v)
		return d.refusal(t)
	}
}
