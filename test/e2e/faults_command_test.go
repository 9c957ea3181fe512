package e2e

import (
	"net"
	"testing"
)

var commandFaults = section{
	"A command fails", "One line on standard error. The exit status is 2 for a file or an address that cannot be used, 3 when the server\n" +
		"refuses, 4 when none answers, else 1.",
	[]fault{
		{"publish: a file that is not there", "no file none.mp4 | FLV or MP4", commanded(2, "publish", "none.mp4", "rtmp://localhost/live/cam1")},
		{
			"publish: a text file", "/srv/notes.txt | FLV and MP4 | ffmpeg",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 2, "publish", d.write(t, "notes.txt", "some words that are long enough"), "rtmp://localhost/live/cam1")
			},
		},
		{"publish: a folder", "/srv | folder", func(t *testing.T, d *desk) string {
			return d.failure(t, 2, "publish", d.dir, "rtmp://localhost/live/cam1")
		}},
		{"publish: an address without rtmp://", "rtmp://HOST/APP/NAME", addressed("localhost/live/cam1", 2)},
		{"publish: an address without an app", "application | rtmp://HOST/APP/NAME", addressed("rtmp://localhost", 2)},
		{"publish: an address of another protocol", "srt:// | rtmp://", addressed("srt://localhost:9000", 2)},
		{
			"publish: nothing listens", "127.0.0.1:1935 | refused | start the server",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 4, "publish", clip(t, "short", 3), "rtmp://"+freePort(t, d)+"/live/"+secret+"1")
			},
		},
		{
			"publish: a key that the server refuses", "NetStream.Publish.BadName | not known here",
			func(t *testing.T, d *desk) string {
				p := keyed()
				d.show(p.rtmp, "127.0.0.1:1935")
				return d.failure(t, 3, "publish", clip(t, "short", 3), p.rtmpURL("live/cam1?key="+secret+"9"))
			},
		},
		{
			"play: nothing is on air", "NetStream.Play.StreamNotFound | not on air",
			func(t *testing.T, d *desk) string {
				p := opened()
				d.show(p.rtmp, "127.0.0.1:1935")
				return d.failure(t, 3, "play", p.rtmpURL("live/nothing"))
			},
		},
		{
			"play: nothing is on air, by HTTP", "404 | not on air",
			func(t *testing.T, d *desk) string {
				p := opened()
				d.show(p.http, "127.0.0.1:8080")
				return d.failure(t, 3, "play", p.flvURL("live/nothing"))
			},
		},
		{
			"play: a file that is there already", "/srv/a.flv exists | another name",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 2, "play", "-o", d.write(t, "a.flv", ""), "rtmp://localhost/live/cam1")
			},
		},
		{"play: a kind of file that it cannot write", "a.mkv | .flv or .mp4", commanded(2, "play", "-o", "a.mkv", "rtmp://localhost/live/cam1")},
		{
			"play: a folder that is not there", "none/a.flv | make it",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 2, "play", "-o", "none/a.flv", opened().rtmpURL("live/witness"))
			},
		},
		{
			"probe: nothing is on air", "not on air",
			func(t *testing.T, d *desk) string {
				p := opened()
				d.show(p.rtmp, "127.0.0.1:1935")
				return d.failure(t, 3, "probe", p.rtmpURL("live/nothing"))
			},
		},
		{
			"probe: nothing listens", "127.0.0.1:1935 | refused | start the server",
			func(t *testing.T, d *desk) string {
				return d.failure(t, 4, "probe", "rtmp://"+freePort(t, d)+"/live/cam1")
			},
		},
		{
			"reload: no server runs", "/srv/data | --data",
			func(t *testing.T, d *desk) string { return d.failure(t, 1, "reload", "--data", d.path("data")) },
		},
		{
			"health: no server runs", "/srv/data | --data",
			func(t *testing.T, d *desk) string { return d.failure(t, 1, "health", "--data", d.path("data")) },
		},
	},
}

func commanded(status int, args ...string) func(*testing.T, *desk) string {
	return func(t *testing.T, d *desk) string { return d.failure(t, status, args...) }
}

// addressed publishes to an address that is none.
func addressed(address string, status int) func(*testing.T, *desk) string {
	return func(t *testing.T, d *desk) string {
		return d.failure(t, status, "publish", clip(t, "short", 3), address)
	}
}

// freePort is an address at which nothing listens.
func freePort(t *testing.T, d *desk) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	d.show(l.Addr().String(), "127.0.0.1:1935")
	return l.Addr().String()
}
