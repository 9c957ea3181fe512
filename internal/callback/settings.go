package callback

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Mode is the dialect that a back end speaks.
type Mode string

// The modes.
const (
	Millrace  Mode = "millrace"   // JSON of our own
	NginxRTMP Mode = "nginx-rtmp" // forms, answered by a status and a Location
	SRS       Mode = "srs"        // JSON, answered by a code
	MediaMTX  Mode = "mediamtx"   // JSON, answered by a status
)

// Event is what a back end is asked about or told of, in the words of nginx-rtmp
// and SRS.
type Event string

// The events. A back end is asked about the first four; one that says no to an
// update ends the session.
const (
	OnConnect     Event = "on_connect"
	OnPublish     Event = "on_publish"
	OnPlay        Event = "on_play"
	OnUpdate      Event = "on_update"
	OnPublishDone Event = "on_publish_done"
	OnPlayDone    Event = "on_play_done"
	OnDone        Event = "on_done" // beside either of these
	OnDisconnect  Event = "on_disconnect"
	OnUnpublish   Event = "on_unpublish" // SRS's on_publish_done
	OnStop        Event = "on_stop"      // SRS's on_play_done
	OnClose       Event = "on_close"     // SRS's on_disconnect
)

// eventsOf are the events that each mode has.
var eventsOf = map[Mode][]Event{
	Millrace:  {OnPublish, OnPlay, OnUpdate, OnPublishDone, OnPlayDone},
	NginxRTMP: {OnConnect, OnPublish, OnPlay, OnUpdate, OnPublishDone, OnPlayDone, OnDone, OnDisconnect},
	SRS:       {OnConnect, OnPublish, OnPlay, OnUnpublish, OnStop, OnClose},
	MediaMTX:  {OnPublish, OnPlay},
}

// The bounds and defaults of a back end's settings.
const (
	DefaultTimeout = 3 * time.Second
	maxTimeout     = 10 * time.Second
	DefaultUpdate  = 30 * time.Second
	minUpdate      = time.Second
	maxCache       = time.Hour
)

// Settings are those of one back end.
type Settings struct {
	// Apps are those whose streams it is asked about; empty: all.
	Apps []string
	// Mode is Millrace if empty.
	Mode Mode
	// URL is asked before publish and play, unless On has another address.
	URL string
	// On has the addresses for single events. An event that is in it with none is
	// not told. SRS's may have several, which are asked one after another.
	On map[Event][]string
	// Method is "post", or "get" for nginx-rtmp's notify_method get.
	Method string
	// Timeout is how long an answer may take, from the first byte that leaves; 3 s
	// if 0.
	Timeout time.Duration
	// Allow lets those in whom the server's own rules let in when the back end
	// does not answer. Else they are refused.
	Allow bool
	// Alone has the back end decide about publishers who have no key of the
	// server, unless the stream has one.
	Alone bool
	// Cache is how long an answer of another server's dialect holds for the same
	// question. Answers of our own say it themselves.
	Cache time.Duration
	// Update is how often OnUpdate is told for each session; 30 s if 0, negative
	// is never. Strict takes a redirect for a no.
	Update time.Duration
	Strict bool
	// CA is a file of certificates (PEM) that vouch for the back end in place of
	// the system's; Cert and Key are files with the certificate that is shown to
	// it.
	CA, Cert, Key string
	// ServerID is SRS's server_id; "vid-millrace" if empty.
	ServerID string
}

// Check reports what is wrong with the settings, files included. Its errors hold no
// address beyond the host, since addresses may hold secrets.
func (s Settings) Check() error {
	_, err := newService(s, nil)
	return err
}

func (s *Settings) complete() {
	if s.Mode == "" {
		s.Mode = Millrace
	}
	if s.Timeout == 0 {
		s.Timeout = DefaultTimeout
	}
	if s.Update == 0 {
		s.Update = DefaultUpdate
	}
	if s.ServerID == "" {
		s.ServerID = "vid-millrace"
	}
	s.Method = strings.ToUpper(s.Method)
	if s.Method == "" {
		s.Method = http.MethodPost
	}
}

func (s *Settings) check() error {
	events, known := eventsOf[s.Mode]
	switch {
	case !known:
		return fmt.Errorf("authorizer: there is no mode %q: write millrace, nginx-rtmp, srs or mediamtx", s.Mode)
	case s.URL == "" && len(s.On) == 0:
		return errors.New("authorizer: it has no address: give it a url")
	case s.Method != http.MethodPost && (s.Method != http.MethodGet || s.Mode != NginxRTMP):
		return errors.New("authorizer: the method is post, or get with the mode nginx-rtmp")
	case s.Timeout < 0 || s.Timeout > maxTimeout:
		return fmt.Errorf("authorizer: the timeout must be more than 0 and at most %v: encoders give up then", maxTimeout)
	case s.Cache < 0 || s.Cache > maxCache:
		return fmt.Errorf("authorizer: answers may be kept for up to %v", maxCache)
	case s.Cache > 0 && s.Mode == Millrace:
		return errors.New("authorizer: answers of the mode millrace say themselves how long they hold: leave cache out")
	case s.Update > 0 && s.Update < minUpdate:
		return fmt.Errorf("authorizer: updates can be told every %v at most", minUpdate)
	case (s.Cert == "") != (s.Key == ""):
		return errors.New("authorizer: cert and key belong together: give both or none")
	}
	for e := range s.On {
		if !slices.Contains(events, e) {
			return fmt.Errorf("authorizer: %s is nothing that the mode %s has: leave it out, or choose among %s", e.setting(), s.Mode, join(events))
		}
	}
	return nil
}

func join(events []Event) string {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.setting()
	}
	return strings.Join(names, ", ")
}

// setting is the event's name in the config file.
func (e Event) setting() string { return strings.ReplaceAll(string(e), "_", "-") }

// addresses returns where each event goes.
func (s *Settings) addresses() (map[Event][]*url.URL, error) {
	all := make(map[Event][]*url.URL)
	if s.URL != "" {
		u, err := parseAddress("url", s.URL)
		if err != nil {
			return nil, err
		}
		all[OnPublish], all[OnPlay] = []*url.URL{u}, []*url.URL{u}
	}
	for e, list := range s.On {
		delete(all, e)
		for _, text := range list {
			u, err := parseAddress(e.setting(), text)
			if err != nil {
				return nil, err
			}
			all[e] = append(all[e], u)
		}
		if len(list) > 1 && s.Mode != SRS {
			return nil, fmt.Errorf("authorizer: %s has several addresses: only the mode srs asks one after another", e.setting())
		}
	}
	return all, nil
}

// parseAddress reads an address. nginx-rtmp takes one without a scheme for http.
func parseAddress(what, text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("authorizer: the address of %s must be http://HOST/… or https://HOST/…", what)
	}
	u.Fragment = ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// tls returns what https needs.
func (s *Settings) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("authorizer: read the certificates that vouch for it: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("authorizer: %s holds no certificate (PEM)", s.CA)
		}
	}
	if s.Cert != "" {
		pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
		if err != nil {
			return nil, fmt.Errorf("authorizer: read the certificate that is shown to it: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
