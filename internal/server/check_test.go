package server

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/store"
)

func TestFaultsOfAMachine(t *testing.T) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.FixedZone("here", 3600))
	for got, want := range map[string]string{
		clockFault(time.Unix(12, 0), "", time.Time{}): "the clock of this machine is wrong: it says 1970-01-01 00:00:12 UTC; set it",
		clockFault(now, "/d/keys.json", now.Add(25*time.Hour)): "the clock of this machine is wrong, or was: it says 2026-11-21 07:00:00 UTC, " +
			"but /d/keys.json was written at 2026-11-22 08:00:00 UTC; set it",
		filesFault(64):                 "this process may open 64 files only",
		diskFault("/d", 3<<20):         "the disk of the data folder /d has 3 MB left: make room",
		memoryFault(64 << 20):          "the memory limit is 64 MB, and one stream may need 128",
		secretFault("/d/token", 0o640): "other users of this machine can use the secret in /d/token",
	} {
		if !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, got := range []string{
		clockFault(now, "", time.Time{}), clockFault(now, "f", now.Add(23*time.Hour)), clockFault(now, "f", now.AddDate(-9, 0, 0)),
		filesFault(minFiles), diskFault("/d", minDisk), memoryFault(minMemory), secretFault("f", 0o600), secretFault("f", 0o400),
	} {
		if got != "" {
			t.Errorf("a fault where there is none: %q", got)
		}
	}
}

func TestCheckMachineLooksAtTheFolder(t *testing.T) {
	folder, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if err := folder.Write(access.TokenFile, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	before := len(checkMachine(folder, now)) // of this machine, which may have some
	if err := os.Chmod(folder.Path(access.TokenFile), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(folder.Path(access.TokenFile), now, now.AddDate(0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	want := 2
	if runtime.GOOS == "windows" {
		want = 1
	}
	if got := checkMachine(folder, now); len(got) != before+want {
		t.Errorf("%d faults more, want %d: %q", len(got)-before, want, got)
	}
}
