package server

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/problem"
)

// visits count the connections of HTTP against their limits. One that is too many
// is told so in an answer, and closed. What is hijacked counts as a viewer from
// then on.
type visits struct {
	guard   *guard.Guard
	trusted netx.Trust // proxies, behind whose connections are many clients
	open    sync.Map   // net.Conn: func() that gives back
}

type visitKey struct{}

// admit lets a connection in, or says why not.
func (v *visits) admit(from netip.Addr) (release func(), err error) {
	if v.trusted.Has(from) {
		return func() {}, nil
	}
	return v.guard.Admit(from)
}

// door counts those whom next serves, which ends with them or gives them to rest.
func (v *visits) door(express *netx.Express, rest netx.Door) netx.Door {
	express.Next = func(a *netx.Arrival) {
		if release, ok := v.open.LoadAndDelete(a.Conn); ok {
			release.(func())()
		}
		rest(a)
	}
	return func(a *netx.Arrival) {
		release, err := v.admit(a.Remote.Addr())
		if err != nil {
			rest(a) // which finds that out, and can say so
			return
		}
		v.open.Store(a.Conn, release)
		defer func() {
			if release, ok := v.open.LoadAndDelete(a.Conn); ok {
				release.(func())()
			}
		}()
		express.Door(a)
	}
}

// context is an [http.Server]'s ConnContext.
func (v *visits) context(ctx context.Context, c net.Conn) context.Context {
	from, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return ctx
	}
	release, err := v.admit(from.Addr())
	if err != nil {
		return context.WithValue(ctx, visitKey{}, err)
	}
	v.open.Store(c, release)
	return ctx
}

// state is an [http.Server]'s ConnState.
func (v *visits) state(c net.Conn, s http.ConnState) {
	if s != http.StateClosed && s != http.StateHijacked {
		return
	}
	if release, ok := v.open.LoadAndDelete(c); ok {
		release.(func())()
	}
}

// refuse answers whoever is banned, and a request of a connection that is one too
// many.
func (v *visits) refuse(w http.ResponseWriter, r *http.Request) bool {
	if err := v.guard.Banned(deliver.Remote(r).Addr()); err != nil {
		w.Header().Set("Connection", "close")
		problem.Write(w, http.StatusForbidden, err.Error())
		return true
	}
	err, _ := r.Context().Value(visitKey{}).(error)
	if err == nil {
		return false
	}
	w.Header().Set("Connection", "close")
	w.Header().Set("Retry-After", "10")
	problem.Write(w, http.StatusServiceUnavailable, err.Error())
	return true
}

// caller is what a connection of RTMP is asked.
func (v *visits) caller(from netip.Addr) (release func(), err error) {
	if err := v.guard.Banned(from); err != nil {
		return nil, err
	}
	return v.admit(from)
}
