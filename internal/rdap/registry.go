package rdap

import (
	"context"
	_ "embed" // for registries.json
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// ianaList is the list of registries (RFC 9224 §4).
const ianaList = "https://data.iana.org/rdap/dns.json"

// How often the list is fetched, and tried again after that failed.
const (
	keepList  = 24 * time.Hour
	retryList = 15 * time.Minute
)

// registriesJSON are the largest registries, in the form of IANA's list.
//
//go:embed registries.json
var registriesJSON []byte

// list is which registry knows the names below a suffix.
type list struct {
	mu         sync.Mutex
	registries map[myodai.Name]string
	next       time.Time // when to fetch it
}

// builtIn is the list without asking. That it parses is shown by a test.
func builtIn() map[myodai.Name]string {
	known, err := parseList(registriesJSON)
	if err != nil {
		panic("rdap: registries.json: " + err.Error())
	}
	return known
}

// parseList reads a list of registries (RFC 9224 §3). Only those that can be
// asked over https are kept.
func parseList(text []byte) (map[myodai.Name]string, error) {
	var file struct {
		Services [][][]string `json:"services"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read the list of registries: %w", err)
	}
	known := map[myodai.Name]string{}
	for _, service := range file.Services {
		if len(service) < 2 {
			continue
		}
		base := ""
		for _, address := range service[1] {
			if u, err := url.Parse(address); err == nil && u.Scheme == "https" && u.Host != "" && base == "" {
				base = address
			}
		}
		for _, suffix := range service[0] {
			if base != "" {
				known[myodai.Name(strings.ToLower(suffix))] = base
			}
		}
	}
	return known, nil
}

// registry finds the server of the registry that knows a domain, by the longest
// suffix in the list.
func (c *Client) registry(ctx context.Context, domain myodai.Name) (string, error) {
	if base, ok := c.list.find(domain); ok {
		return base, nil
	}
	if c.list.due(c.o.Now()) {
		fetched, err := c.fetch(ctx)
		if err != nil {
			return "", err
		}
		c.list.add(fetched, c.o.Now().Add(keepList))
	}
	if base, ok := c.list.find(domain); ok {
		return base, nil
	}
	return "", errors.New("its registry answers no questions of this kind")
}

func (c *Client) fetch(ctx context.Context) (map[myodai.Name]string, error) {
	text, status, _, err := c.get(ctx, c.o.List, "application/json", maxList)
	switch {
	case err != nil:
		return nil, err
	case status != http.StatusOK:
		return nil, fmt.Errorf("the list of registries cannot be had: %d", status)
	}
	return parseList(text)
}

func (l *list) find(domain myodai.Name) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, suffix := range domain.Parent().Ancestors() {
		if base, ok := l.registries[suffix]; ok {
			return base, true
		}
	}
	return "", false
}

// due reports whether the list is to be fetched, and that whoever asks does so.
func (l *list) due(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.next) {
		return false
	}
	l.next = now.Add(retryList)
	return true
}

func (l *list) add(fetched map[myodai.Name]string, next time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.Copy(l.registries, fetched)
	l.next = next
}
