package importer

import (
	"fmt"
	"slices"
	"time"
)

// What stands above the settings of who may publish without a key.
var (
	remarkWorld = []string{
		"As it was: anyone at all may publish, under any name. Without this line", "encoders need stream keys, which is safer.",
	}
	remarkLocals = []string{
		"Encoders on this machine and in private networks publish without a key, all", "others need one.",
	}
)

// access turns who may publish into settings.
func (w *nginxImport) access() {
	least := anybody // over the apps that no back end guards
	var live []*nginxApp
	for _, a := range w.apps {
		if a.name != "" && a.live && !asks(a) {
			live = append(live, a)
			least = min(least, judge(a.publish, true))
		}
	}
	if len(live) > 0 {
		// The app that lets the fewest in says it for all.
		at := live[slices.IndexFunc(live, func(a *nginxApp) bool { return judge(a.publish, true) == least })].at.place
		switch least {
		case anybody:
			w.server.set("open-world", "true", at, 0)
			w.remark("open-world", remarkWorld...)
		case locals:
			w.server.set("open", "true", at, 0)
			w.remark("open", remarkLocals...)
		}
	}
	for _, a := range w.apps {
		for i, p := range a.publish {
			o, says := w.publishing(a, i, least)
			w.weigh(p.at, o, says)
		}
	}
	for _, a := range w.apps {
		denied := slices.ContainsFunc(a.play, func(p permit) bool { return !p.allow })
		for _, p := range a.play {
			switch {
			case !denied:
				w.weigh(p.at, Same, "anyone may watch public streams")
			case p.allow && p.all:
				w.weigh(p.at, Same, "anyone else may watch public streams")
			default:
				w.weigh(p.at, None, "who watches is not told by address; make the streams private and sign tokens for their viewers")
			}
		}
	}
}

// publishing says what became of a rule about publishers.
func (w *nginxImport) publishing(a *nginxApp, i int, least openness) (Outcome, string) {
	p := a.publish[i]
	own := judge(a.publish, true)
	switch {
	case a.name == "" || !a.live:
		return None, "no app is live here that it could hold for"
	case asks(a):
		if p.all && p.allow {
			return Same, "the authorizer decides"
		}
		return None, "the authorizer decides; it is told the address"
	case p.all && p.allow:
		if least == anybody {
			return Taken, "open-world: true"
		}
		return None, "another app lets fewer in, and this holds for all: encoders from elsewhere need a key"
	case p.all:
		if own == anybody {
			return Same, "a line before it lets everybody in"
		}
		return Taken, fmt.Sprintf("who publishes needs a key%s", map[openness]string{locals: ", save from private addresses"}[own])
	case p.allow && private(p.from):
		if least == anybody {
			return Same, "anyone may publish"
		}
		if least == nobody {
			return None, "another app lets fewer in, and this holds for all: its encoders need a key"
		}
		return Taken, "open: true lets loopback and private addresses publish"
	case p.allow && own == anybody:
		return Same, "anyone may publish"
	case p.allow:
		return Changed, "encoders there need a key, which can hold for this address alone (millrace keys create --address)"
	}
	if own == anybody {
		return None, "ban it when the server runs: millrace bans create"
	}
	return Same, "who publishes from there needs a key"
}

// weigh notes the worst of what became of a rule that holds for several apps.
func (w *nginxImport) weigh(d *directive, o Outcome, says string) {
	const unknown = "no app stands here that it could hold for"
	order := []Outcome{Same, Taken, Changed, None}
	before := w.verdicts[d]
	if before.Says == unknown || slices.Index(order, o) > slices.Index(order, before.Outcome) {
		w.say(d, o, "%s", says)
	}
}

// nginxCalls are the events that a back end is told.
var nginxCalls = []string{
	"on_connect", "on_disconnect", "on_publish", "on_play", "on_publish_done", "on_play_done", "on_done", "on_update",
}

// call remembers the settings of callbacks.
func (w *nginxImport) call(d *directive, s *scope) {
	for _, a := range s.apps {
		a.calls[d.name] = d
	}
	w.say(d, None, "no app stands here that it could hold for")
}

// asks tells whether a back end decides who publishes in an app. It does not
// matter whether one can be asked here: nothing is opened that was guarded.
func asks(a *nginxApp) bool {
	return a.calls["on_publish"] != nil || a.calls["on_connect"] != nil
}

// callbacks turns on_… into authorizers, one for the apps that have the same
// back end.
func (w *nginxImport) callbacks() {
	type one struct {
		back *backend
		at   place
		apps []*nginxApp
	}
	var all []*one
	without := false
	for _, a := range w.apps {
		b, at := w.backend(a)
		switch i := slices.IndexFunc(all, func(o *one) bool { return b != nil && o.back.same(b) }); {
		case a.name == "":
		case b == nil:
			without = true
		case i >= 0:
			all[i].apps = append(all[i].apps, a)
		default:
			all = append(all, &one{b, at, []*nginxApp{a}})
		}
	}
	for _, o := range all {
		fault := "this build asks no back end"
		if w.can[authorizer] {
			var names []string
			for _, a := range o.apps {
				if (without || len(all) > 1) && !slices.Contains(names, a.name) {
					names = append(names, a.name)
				}
			}
			fault = w.authorize(o.back, names, o.at)
		}
		for _, a := range o.apps {
			if fault != "" {
				w.called(a, None, fault)
			} else {
				w.called(a, Taken, "authorizers")
			}
		}
	}
}

// backend is what the callbacks of an app amount to.
func (w *nginxImport) backend(a *nginxApp) (*backend, place) {
	b := &backend{mode: "nginx-rtmp", on: map[string][]string{}, lines: map[string]string{}}
	var at place
	for _, name := range nginxCalls {
		if d := a.calls[name]; d != nil && d.arg(0) != "" && d.arg(0) != "off" {
			b.on[name] = []string{httpURL(d.arg(0))}
			if at.line == 0 {
				at = d.place
			}
		}
	}
	if len(b.on) == 0 {
		return nil, at
	}
	if d := a.calls["notify_method"]; d != nil && d.arg(0) == "get" {
		b.lines["method"] = "get"
	}
	if d := a.calls["netcall_timeout"]; d != nil {
		if t, ok := seconds(d.arg(0)); ok && t > 0 {
			b.lines["timeout"] = span(min(t, maxAnswer))
		}
	}
	if d := a.calls["notify_update_timeout"]; d != nil && b.on["on_update"] != nil {
		if t, ok := seconds(d.arg(0)); ok && t > 0 {
			b.lines["update"] = span(within(t, time.Second, time.Hour))
		}
	}
	if d := a.calls["notify_update_strict"]; d != nil && d.arg(0) == "on" {
		b.lines["strict"] = "true"
	}
	return b, at
}

// called says what became of the callbacks of an app.
func (w *nginxImport) called(a *nginxApp, o Outcome, says string) {
	for _, name := range slices.Concat(nginxCalls, []string{"notify_method", "notify_update_timeout", "notify_update_strict", "netcall_timeout"}) {
		d := a.calls[name]
		if d == nil || w.verdicts[d].Outcome == Taken {
			continue
		}
		w.say(d, o, "%s", says)
	}
}
