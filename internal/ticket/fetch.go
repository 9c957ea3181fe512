package ticket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// maxAnswer bounds a JWK set in bytes: 64 keys with chains of certificates.
	maxAnswer = 1 << 20
	// maxFetch bounds the whole of a fetch, its slowest byte included.
	maxFetch = 10 * time.Second
)

// fetcher asks for the JWK set of an issuer.
type fetcher struct {
	url    string
	client *http.Client
}

func newFetcher(i Issuer) *fetcher {
	return &fetcher{i.URL, &http.Client{
		Timeout: maxFetch,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{RootCAs: i.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    maxFetch,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
			DisableKeepAlives:      true, // the next one is minutes away
		},
		// Where a redirect leads is chosen by others than the operator.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (f *fetcher) fetch(ctx context.Context) (*keySet, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask for the JWK set: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask for the JWK set: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for the JWK set: the answer is %s", resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read the JWK set: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, errors.New("read the JWK set: it is longer than 1 MiB")
	}
	return parseKeySet(body)
}
