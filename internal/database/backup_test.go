package database

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fill puts something of everything into a database.
func fill(t *testing.T, s *store) {
	t.Helper()
	for i := range 5 {
		_, err := s.Apply(t.Context(), Batch{
			Actor: "größe <&>\u2028",
			Changes: []Change{
				{Kind: "k", ID: fmt.Sprint(i), Body: body(`{"n":%d,"s":"<b>\u0000 größer","big":12345678901234567890.123}`, i)},
				{Kind: "k", ID: "gone", Body: body(`null`)},
				{Kind: "k", ID: "gone", Revision: 1},
			},
			Events: []Event{{
				ID: fmt.Sprint("e", i), Subject: fmt.Sprint(i % 2), Type: "t", Body: body(`[%d]`, i), To: []string{"x", "y"},
			}},
		})
		must(t, err)
	}
	must(t, s.Done(t.Context(), "x", 1))
	must(t, s.Retry(t.Context(), "x", 2, time.Now().Add(time.Hour), "no\nanswer"))
	must(t, s.Bury(t.Context(), "y", 1, "gone"))
}

// everything is all that a Store shows.
func everything(t *testing.T, s *store) string {
	t.Helper()
	var b strings.Builder
	docs := load(t, s)
	fmt.Fprintf(&b, "%+v\n", docs)
	past, err := s.Changes(t.Context(), 0, 1_000_000)
	must(t, err)
	events, err := s.Events(t.Context(), 0, 1_000_000)
	must(t, err)
	logs, err := s.Backlogs(t.Context())
	must(t, err)
	fmt.Fprintf(&b, "%+v\n%+v\n%+v\n", past, events, logs)
	for _, endpoint := range []string{"x", "y"} {
		dead, err := s.Dead(t.Context(), endpoint, 0, 100)
		must(t, err)
		fmt.Fprintf(&b, "%+v\n", dead)
	}
	return b.String()
}

func TestBackupAndRestore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backup")
	for _, from := range kinds {
		for _, to := range kinds {
			t.Run(from.Name+" to "+to.Name, func(t *testing.T) {
				a, b := open(t, from.URL(t)), open(t, to.URL(t))
				fill(t, a)
				must(t, a.Backup(t.Context(), path)) // over the one before
				must(t, b.Restore(t.Context(), path))
				if got, want := everything(t, b), everything(t, a); got != want {
					t.Errorf("restored:\n%s\nnot\n%s", got, want)
				}
				info, err := os.Stat(path)
				must(t, err)
				if info.Mode().Perm() != 0o600 {
					t.Errorf("its mode is %v", info.Mode())
				}
				// Life goes on where it stopped.
				d := apply(t, b, Change{Kind: "k", ID: "next", Body: body(`1`)})[0]
				if want := int64(16); d.Sequence != want {
					t.Errorf("the next change is %d, not %d", d.Sequence, want)
				}
				if err := b.Restore(t.Context(), path); err == nil || !strings.Contains(err.Error(), "holds something already") {
					t.Errorf("restored over a database in use: %v", err)
				}
			})
		}
	}
}

func TestBackupWhileOthersWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		var group sync.WaitGroup
		stop := make(chan struct{})
		for i := range 2 {
			group.Go(func() {
				for j := 0; ; j++ {
					select {
					case <-stop:
						return
					default:
					}
					// Two documents that are always there together.
					_, err := s.Apply(t.Context(), Batch{Actor: "test", Changes: []Change{
						{Kind: "a", ID: fmt.Sprint(i, j), Body: body(`1`)}, {Kind: "b", ID: fmt.Sprint(i, j), Body: body(`1`)},
					}})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		dir := t.TempDir()
		for n := range 3 {
			eventually(t, "something new is written", func() bool { return len(load(t, s)) > 10*n })
			path := filepath.Join(dir, fmt.Sprint(n))
			must(t, s.Backup(t.Context(), path))
			into := open(t, kinds[0].URL(t))
			must(t, into.Restore(t.Context(), path))
			docs := load(t, into)
			for _, d := range docs {
				if _, ok := docs["a/"+d.ID]; !ok {
					t.Errorf("backup %d has b/%s without a", n, d.ID)
				}
				if _, ok := docs["b/"+d.ID]; !ok {
					t.Errorf("backup %d has a/%s without b", n, d.ID)
				}
			}
			past, err := into.Changes(t.Context(), 0, 1_000_000)
			must(t, err)
			if len(past) != len(docs) || len(docs) == 0 {
				t.Errorf("backup %d has %d documents and %d changes", n, len(docs), len(past))
			}
		}
		close(stop)
		group.Wait()
		if files, _ := os.ReadDir(dir); len(files) != 3 {
			t.Errorf("the folder has %v", files)
		}
	})
}

func TestRestoreRefuses(t *testing.T) {
	from := open(t, kinds[0].URL(t))
	fill(t, from)
	path := filepath.Join(t.TempDir(), "backup")
	must(t, from.Backup(t.Context(), path))
	good, err := os.ReadFile(path)
	must(t, err)
	lines := bytes.SplitAfter(good, []byte("\n"))
	lines = lines[:len(lines)-1]
	all := func(parts ...[][]byte) []byte {
		var out []byte
		for _, p := range parts {
			out = append(out, bytes.Join(p, nil)...)
		}
		return out
	}
	onBoth(t, func(t *testing.T, s *store) {
		for _, c := range []struct {
			name, says string
			file       []byte
		}{
			{"empty", "but empty", nil},
			{"another file", "it is no backup of Millrace", []byte("{\"name\": 1}\n")},
			{"no JSON", "it is no backup of Millrace", []byte("SQLite format 3\x00")},
			{"cut between lines", "it is cut off", all(lines[:7])},
			{"cut within a line", "unexpected end", good[:len(good)-9]},
			{"a line is missing", "it is damaged", all(lines[:3], lines[4:])},
			{"changed", "it is damaged", bytes.Replace(good, []byte(`"n":3`), []byte(`"n":4`), 1)},
			{"more behind the end", "behind its end", all(lines, lines[2:3])},
			{"newer", "of a newer Millrace", bytes.Replace(good, []byte(`"backup":1`), []byte(`"backup":2`), 1)},
			{"endless line", "too long", bytes.Repeat([]byte("x"), maxLine+1)},
		} {
			if c.name != "empty" && c.name != "another file" && bytes.Equal(c.file, good) {
				t.Fatalf("%s: the file is as it was", c.name)
			}
			path := filepath.Join(t.TempDir(), "bad")
			must(t, os.WriteFile(path, c.file, 0o600))
			if err := s.Restore(t.Context(), path); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if err := s.Restore(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil {
			t.Error("restored from nothing")
		}
		if docs := load(t, s); len(docs) > 0 {
			t.Errorf("what was refused left %v", docs)
		}
		must(t, os.WriteFile(path, good, 0o600))
		must(t, s.Restore(t.Context(), path))
	})
}

func TestBackupWithNowhereToWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		fill(t, s)
		if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "none", "backup")); err == nil || strings.Contains(err.Error(), "away") {
			t.Errorf("into a folder that is not there: %v", err)
		}
		if _, err := os.Stat("/dev/full"); err != nil {
			return
		}
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		must(t, err)
		defer full.Close()
		err = s.view(t.Context(), "dump", func(w *work) error { return s.dump(w, full) })
		if err == nil || strings.Contains(err.Error(), "away") {
			t.Errorf("onto a full disk: %v", err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	var b bytes.Buffer
	d := newDumper(&b)
	d.put(dumpLine{Head: &dumpHead{Format: 1}})
	d.put(dumpLine{Heads: &dumpHeads{}})
	must(f, d.end())
	f.Add(b.Bytes())
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if verify(bytes.NewReader(file)) != nil {
			return
		}
		// What is taken for whole says itself how many lines it has.
		n, end := 0, (*dumpEnd)(nil)
		must(t, lines(bytes.NewReader(file), func(line []byte) error {
			var l dumpLine
			n, end = n+1, nil
			err := json.Unmarshal(line, &l)
			end = l.End
			return err
		}))
		if end == nil || end.Lines != n-1 {
			t.Errorf("taken for whole: %q", file)
		}
	})
}
