package callback

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// maxUnderWay bounds the requests of clients who wait for an answer, to one back
	// end at a time; maxTold those that tell it something.
	maxUnderWay, maxTold = 64, 16
	// maxAnswer bounds an answer's body.
	maxAnswer = 64 << 10
	// maxBody bounds what is sent.
	maxBody = 64 << 10
)

// service is one back end.
type service struct {
	Settings
	urls    map[Event][]*url.URL
	id      string // SRS's service_id
	client  *http.Client
	breaker breaker
	slots   chan struct{} // of those who wait
	telling chan struct{}
	answers answers
	log     *slog.Logger

	asked, failures, notAsked atomic.Uint64
}

func newService(s Settings, log *slog.Logger) (*service, error) {
	s.complete()
	if err := s.check(); err != nil {
		return nil, err
	}
	urls, err := s.addresses()
	if err != nil {
		return nil, err
	}
	config, err := s.tls()
	if err != nil {
		return nil, err
	}
	return &service{
		Settings: s, urls: urls, id: strings.ToLower(rand.Text()[:7]), slots: make(chan struct{}, maxUnderWay),
		telling: make(chan struct{}, maxTold), log: log,
		client: &http.Client{
			Transport: &http.Transport{
				TLSClientConfig: config, ForceAttemptHTTP2: true, DisableCompression: true,
				MaxResponseHeaderBytes: maxAnswer, MaxIdleConnsPerHost: maxUnderWay + maxTold, IdleConnTimeout: 30 * time.Second,
			},
			// Where a redirect leads is part of the answer.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// host is the back end's name for people.
func (s *service) host() string {
	for _, e := range eventsOf[s.Mode] {
		if s.tells(e) {
			return s.urls[e][0].Host
		}
	}
	return ""
}

// tells reports whether the back end has an address for the event.
func (s *service) tells(e Event) bool { return len(s.urls[e]) > 0 }

// serves reports whether it is asked about an app.
func (s *service) serves(app string) bool { return len(s.Apps) == 0 || slices.Contains(s.Apps, app) }

// errAway says that the breaker is open.
var errAway = errors.New("it has not answered lately")

// ask has the back end decide; nobody is asked about an event without an address.
// An error says that there was no answer; it holds nothing that is secret.
func (s *service) ask(ctx context.Context, q *question) (verdict, error) {
	var v verdict
	for _, u := range s.urls[q.event] {
		var err error
		if v, err = s.exchange(ctx, u, q); err != nil || v.refused {
			return v, err
		}
	}
	return v, nil
}

// waits reports whether a client waits for the answer.
func waits(e Event) bool { return e == OnConnect || e == OnPublish || e == OnPlay }

// exchange is one request and its answer.
func (s *service) exchange(ctx context.Context, u *url.URL, q *question) (verdict, error) {
	queue := s.slots
	if !waits(q.event) {
		// Thousands may end at once, and have time.
		select {
		case s.telling <- struct{}{}:
			defer func() { <-s.telling }()
		case <-ctx.Done():
			return verdict{}, context.Cause(ctx)
		}
		queue = nil
	}
	whole, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	req, err := s.request(whole, u, q)
	if err != nil {
		return verdict{}, err
	}
	ok, try := s.breaker.admit(time.Now())
	if !ok {
		s.notAsked.Add(1)
		return verdict{}, errAway
	}
	if queue != nil {
		select {
		case queue <- struct{}{}:
			defer func() { <-queue }()
		case <-whole.Done():
			s.breaker.settle(dropped, try, time.Now())
			s.notAsked.Add(1)
			return verdict{}, errors.New("too many requests to it are under way")
		}
	}
	s.asked.Add(1)
	v, err := s.send(req)
	o := answered
	switch faulty, _ := errors.AsType[*FaultyError](err); {
	case err != nil && ctx.Err() != nil:
		o = dropped
	case faulty != nil:
		// It is there. Besides, clients may know how to make it answer so, and must
		// not be able to shut others out by that.
		s.failures.Add(1)
	case err != nil:
		o = failed
		s.failures.Add(1)
	}
	opened, closed := s.breaker.settle(o, try, time.Now())
	switch {
	case opened:
		s.log.Error("the authorizer does not answer, and is left alone for some seconds", "authorizer", u.Host, "reason", err)
	case closed:
		s.log.Info("the authorizer answers again", "authorizer", u.Host)
	case err != nil && o != dropped:
		s.log.Warn("the authorizer did not answer", "authorizer", u.Host, "event", string(q.event), "reason", err)
	}
	return v, err
}

func (s *service) send(req *http.Request) (verdict, error) {
	resp, err := s.client.Do(req)
	if err != nil {
		return verdict{}, cause(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if s.Mode == NginxRTMP || s.Mode == MediaMTX {
		body, err = nil, nil // they do not look at it
	}
	switch {
	case err != nil:
		return verdict{}, cause(err)
	case len(body) > maxAnswer:
		return verdict{}, &FaultyError{s.Mode, fmt.Sprintf("it is longer than %d KiB", maxAnswer>>10)}
	}
	return s.read(resp.StatusCode, resp.Header, body)
}

func (s *service) request(ctx context.Context, u *url.URL, q *question) (*http.Request, error) {
	var body, kind string
	now := time.Now()
	switch s.Mode {
	case NginxRTMP:
		body, kind = nginxForm(q, now), "application/x-www-form-urlencoded"
	case SRS:
		body, kind = string(srsBody(q, s.ServerID, s.id)), "application/json"
	case MediaMTX:
		body, kind = string(mediaMTXBody(q)), "application/json"
	default:
		body, kind = string(ownBody(q, now)), "application/json"
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("the client sent more than %d KiB to hand on", maxBody>>10)
	}
	method := http.MethodPost
	if s.Method == http.MethodGet {
		with := *u
		if with.RawQuery != "" {
			with.RawQuery += "&"
		}
		with.RawQuery += forQuery(body)
		u, body, method = &with, "", http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, errors.New("its address cannot be asked") // the error would hold it
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", "Millrace")
	if s.Mode == NginxRTMP {
		req.Header.Set("User-Agent", "") // none
	}
	// It may be sent again on another connection when the one that was kept has been
	// closed meanwhile; the name is what tells net/http so, and is not sent.
	req.Header["Idempotency-Key"] = nil
	return req, nil
}

// forQuery escapes what a client's own arguments may hold and the first line of a
// request must not.
func forQuery(form string) string {
	var b strings.Builder
	for i := range len(form) {
		if c := form[i]; c <= ' ' || c > '~' || c == '#' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (s *service) read(status int, header http.Header, body []byte) (verdict, error) {
	var v verdict
	var err error
	switch s.Mode {
	case NginxRTMP:
		v, err = readNginx(status, header)
	case SRS:
		v, err = readSRS(status, body)
	case MediaMTX:
		v, err = readMediaMTX(status)
	default:
		return readOwn(status, body)
	}
	v.cache = s.Cache
	return v, err
}

// cause says why there was no answer without what net/http puts into its errors:
// the address with its query, and bytes of the answer.
func cause(err error) error {
	var (
		unknown  x509.UnknownAuthorityError
		host     x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		resolve  *net.DNSError
		op       *net.OpError
		deadline interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &unknown):
		return errors.New("nobody that is trusted here vouches for its certificate")
	case errors.As(err, &host):
		return errors.New("its certificate is for another name")
	case errors.As(err, &invalid):
		return errors.New("its certificate is not valid: " + invalid.Error())
	case errors.As(err, &verify):
		return errors.New("its certificate cannot be verified")
	case errors.As(err, &op) && op.Op == "remote error":
		return fmt.Errorf("it ended the TLS handshake: %w", op.Err)
	case errors.As(err, &deadline) && deadline.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case errors.As(err, &resolve):
		return errors.New("its name cannot be resolved")
	case errors.Is(err, context.Canceled):
		return errors.New("the client has gone")
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("it cannot be reached: %w", op.Err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it closed the connection without an answer")
	}
	return errors.New("it broke off, or answered something that is not HTTP")
}
