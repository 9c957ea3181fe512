package server

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/rtmp"
)

// What the catalogue keeps of a password is what the challenges need.
func TestUsers(t *testing.T) {
	ctx := t.Context()
	folder, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(ctx, "sqlite:"+folder.Path("test.db"), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	kept, err := catalog.Open(ctx, db, catalog.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close(ctx)
	u := users{kept, guard.New(guard.Options{})}
	if u.Any() {
		t.Error("there is a user that nobody made")
	}
	s, _, _, err := kept.CreateStream(ctx, "admin", catalog.Stream{App: "live", Name: "cam"}, catalog.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const name = "Bob~the_old.encoder-1"
	_, password, err := kept.CreateCredential(ctx, "admin", catalog.Credential{Stream: s.ID, User: name}, config.Secret{})
	if err != nil || !u.Any() {
		t.Fatalf("make a user: %v, there is one: %v", err, u.Any())
	}
	later := time.Now().Add(300 * time.Millisecond)
	_, _, err = kept.CreateCredential(ctx, "admin", catalog.Credential{Stream: s.ID, User: "short", Expires: later}, config.NewSecret("for-a-second"))
	if err != nil {
		t.Fatal(err)
	}

	srv := &rtmp.Server{
		Challenge: &rtmp.Challenge{Verifier: u.Verifier},
		Handler: rtmp.HandlerFunc(func(s *rtmp.Stream) error {
			if s.Session().User() != s.Name() {
				return errors.New("somebody else")
			}
			return s.Accept()
		}),
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	for _, way := range []string{"adobe", "llnw"} {
		publish := func(user, password string) error {
			s, err := rtmp.Publish(ctx, "rtmp://"+user+":"+password+"@"+l.Addr().String()+"/live?auth="+way+"/"+user)
			if err == nil {
				s.Close()
			}
			return err
		}
		if err := publish(name, password.Reveal()); err != nil {
			t.Errorf("%s: %v", way, err)
		}
		if err := publish(name, password.Reveal()+"x"); !errors.Is(err, rtmp.ErrCredentials) {
			t.Errorf("%s: a wrong password: %v", way, err)
		}
		if err := publish("nobody", password.Reveal()); !errors.Is(err, rtmp.ErrCredentials) {
			t.Errorf("%s: nobody: %v", way, err)
		}
	}
	time.Sleep(time.Until(later))
	if _, ok := u.Verifier("short"); ok {
		t.Error("a user that expired has a verifier")
	}
}
