//go:build unix

package catalog

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/database/databasetest"
	"github.com/millrace-live/millrace/internal/store"
)

const crashing = 1000 // changes, in the middle of which the end comes

// createUntilKilled is the process that is killed. It says what was acknowledged.
func createUntilKilled(url, dir string) {
	ctx := context.Background()
	folder, err := store.Open(dir)
	if err != nil {
		panic(err)
	}
	db, err := database.Open(ctx, url, database.Options{})
	if err != nil {
		panic(err)
	}
	c, err := Open(ctx, db, Options{Folder: folder})
	if err != nil {
		panic(err)
	}
	for i := range crashing {
		s, _, secret, err := c.CreateStream(ctx, me, Stream{App: "live", Name: fmt.Sprint(i)}, CreateOptions{Key: true})
		if err != nil {
			panic(err)
		}
		fmt.Println(s.Path(), secret.Reveal())
	}
	select {}
}

func TestTheServerIsKilled(t *testing.T) {
	for _, k := range databasetest.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			url, dir := k.URL(t), t.TempDir()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "MILLRACE_TEST_CRASH="+url, "MILLRACE_TEST_FOLDER="+dir)
			cmd.Stderr = t.Output()
			out, err := cmd.StdoutPipe()
			must(t, err)
			must(t, cmd.Start())
			acknowledged := map[string]string{}
			killed := make(chan struct{})
			kill := sync.OnceFunc(func() {
				cmd.Process.Signal(syscall.SIGKILL)
				close(killed)
			})
			in := bufio.NewScanner(out)
			for in.Scan() {
				path, secret, whole := strings.Cut(in.Text(), " ")
				if whole && len(secret) == 35 { // the last line may be cut off
					acknowledged[path] = secret
				}
				if len(acknowledged) == crashing/4 {
					go kill() // while changes go on
				}
			}
			<-killed
			cmd.Wait()
			if n := len(acknowledged); n < crashing/4 || n == crashing {
				t.Fatalf("killed after %d changes of %d", n, crashing)
			}
			h := &house{t: t, url: url, folder: dir}
			h.open()
			defer h.end()
			for path, secret := range acknowledged {
				if _, s, ok := h.FindKey(secret); !ok || s.Path() != path {
					t.Fatalf("%s, one of %d acknowledged ones, is lost", path, len(acknowledged))
				}
			}
			n := len(h.index.paths) - 1 // but for the first stream
			if n > len(acknowledged)+1 || len(h.index.hashes) != n+1 {
				t.Errorf("there are %d streams and %d keys, and %d were acknowledged", n, len(h.index.hashes), len(acknowledged))
			}
			h.create("live/after")
		})
	}
}
