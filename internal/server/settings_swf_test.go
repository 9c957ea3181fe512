package server

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// newSWF writes an SWF file and returns what there is to prove of it.
func newSWF(t *testing.T, text string) (name string, file *rtmp.SWF) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "player.swf")
	if err := os.WriteFile(name, []byte("FWS\x09\x00\x00\x00\x00"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := readSWF(name)
	if err != nil {
		t.Fatal(err)
	}
	return name, &f
}

func TestSWFOfServerAndApp(t *testing.T) {
	one, oneFile := newSWF(t, "one")
	two, twoFile := newSWF(t, "two")
	s, _, err := load(t, fmt.Sprintf("swf: %s\napps: {event: {swf: ['%s', '%s']}, free: {swf: off}, plain: {}}\n", one, one, two))
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.swf()
	want := map[string][]rtmp.SWF{"live": {*oneFile}, "event": {*oneFile, *twoFile}, "plain": {*oneFile}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v (error %v), want %v", got, err, want)
	}
}

// A reload reads the files anew. One that is gone refuses the settings as a
// whole.
func TestSWFIsReloaded(t *testing.T) {
	name, file := newSWF(t, "one")
	r := newReloadable(t, "")
	if _, files := r.server.access.DemandedSWF("live"); len(files) > 0 {
		t.Errorf("%v is demanded", files)
	}
	r.write(t, "swf: "+name+"\n")
	if done, err := r.reload("test"); err != nil || fmt.Sprint(done.Changed) != "[swf]" {
		t.Errorf("%+v, %v", done, err)
	}
	os.Remove(name)
	if _, err := r.reload("test"); err == nil || !strings.Contains(err.Error(), "cannot read the SWF file") {
		t.Errorf("without the file: %v", err)
	}
	if _, files := r.server.access.DemandedSWF("live"); len(files) != 1 || files[0] != *file {
		t.Errorf("%v is demanded", files)
	}
}

// Flash players have to prove their file, encoders need not, and do not come to
// play by that.
func TestSWFIsProved(t *testing.T) {
	name, file := newSWF(t, "the player")
	_, other := newSWF(t, "another")
	r := start(t, func(s *Settings, _ *Options) { s.Open, s.SWF = true, []string{name} })
	address := "rtmp://" + r.rtmp + "/live/cam"
	p := onAir(t, &rtmp.Dialer{}, address)
	for _, m := range []message.Message{
		{Type: message.Audio, Payload: []byte{0xaf, 0, 0x12, 0x10}}, {Type: message.Audio, Payload: []byte{0xaf, 1, 1, 2, 3, 4}},
	} {
		if err := p.WriteMessage(&m); err != nil {
			t.Fatal(err)
		}
	}
	const flash = "WIN 32,0,0,465"
	for _, tt := range []struct {
		name, flashVer string
		file           *rtmp.SWF
		code           string
	}{
		{"the file", flash, file, ""},
		{"another file", flash, other, message.CodeConnectRejected},
		{"an encoder", "FMLE/3.0 (compatible; FMSc/1.0)", nil, message.CodePlayFailed},
	} {
		d := &rtmp.Dialer{FlashVer: tt.flashVer, SWF: tt.file}
		for _, scheme := range []string{"rtmp:", "rtmpe:", "rtmpt:"} {
			s, err := d.Play(t.Context(), strings.Replace(address, "rtmp:", scheme, 1))
			if err == nil {
				s.Session().Close()
			}
			status, _ := errors.AsType[*rtmp.StatusError](err)
			if (err == nil) != (tt.code == "") || err != nil && (status == nil || status.Code != tt.code || !strings.Contains(err.Error(), "SWF")) {
				t.Errorf("%s %s: %v", scheme, tt.name, err)
			}
		}
	}
	if log := r.log.String(); !strings.Contains(log, `level=WARN msg="connection closed"`) || !strings.Contains(log, "the proof is wrong") {
		t.Errorf("the log does not say who was refused:\n%s", log)
	}
}

func TestSWFIsProvedByRTMPDump(t *testing.T) {
	program, err := exec.LookPath("rtmpdump")
	if err != nil {
		t.Skip("rtmpdump is not installed")
	}
	name, file := newSWF(t, "the player")
	_, other := newSWF(t, "another")
	r := start(t, func(s *Settings, _ *Options) {
		s.Open, s.PlayWait, s.Apps = true, 0, map[string]AppSettings{"event": {SWF: []string{name}}}
	})
	for _, scheme := range []string{"rtmp", "rtmpe"} {
		for proved, want := range map[*rtmp.SWF]string{file: message.CodePlayStreamNotFound, other: message.CodeConnectRejected} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, "-V", "-v", "-r", scheme+"://"+r.rtmp+"/event/cam", "-o", os.DevNull,
				"--swfhash", hex.EncodeToString(proved.Hash[:]), "--swfsize", fmt.Sprint(proved.Size))
			if said, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(said), want) {
				t.Errorf("%s: no %s (%v) in:\n%s", scheme, want, err, said)
			}
		}
	}
}
