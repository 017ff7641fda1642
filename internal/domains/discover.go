package domains

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/handoff"
)

// Bounds of what DNS hosts are asked. What leads to them stands in a zone of a
// stranger's.
const (
	hostTime       = 8 * time.Second
	maxSettings    = 64 << 10 // octets of an answer
	maxSettingURLs = 3
	maxHostsAtOnce = 8
	maxHosts       = 10_000 // remembered
	keepHost       = 10 * time.Minute
	keepNoAnswer   = time.Minute
)

// hosts remembers what DNS hosts say of zones.
type hosts struct {
	mu     sync.Mutex
	known  map[myodai.Name]heard
	flight singleflight.Group
	slots  chan struct{}
}

// heard is what one said.
type heard struct {
	settings handoff.Settings
	err      error // a refusal: the host writes no records of ours
	until    time.Time
}

func (m *hosts) recall(zone myodai.Name, now time.Time) (heard, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, ok := m.known[zone]
	return it, ok && now.Before(it.until)
}

func (m *hosts) keep(zone myodai.Name, it heard) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= maxHosts {
		m.known = map[myodai.Name]heard{}
	}
	m.known[zone] = it
}

// ask is what the zone's host says, remembered or asked for now. Whoever comes
// second waits for the first, whose end does not end it.
func (m *hosts) ask(ctx context.Context, zone myodai.Name, discover func(context.Context, myodai.Name) (handoff.Settings, error)) (handoff.Settings, error) {
	if it, ok := m.recall(zone, time.Now()); ok {
		return it.settings, it.err
	}
	done := m.flight.DoChan(string(zone), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hostTime)
		defer cancel()
		select {
		case m.slots <- struct{}{}:
			defer func() { <-m.slots }()
		case <-ctx.Done():
			return heard{err: errBusy}, nil
		}
		settings, err := discover(ctx, zone)
		it := heard{settings, err, time.Now().Add(keepHost)}
		if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Code == myodai.CodeUnavailable {
			it.until = time.Now().Add(keepNoAnswer)
		}
		m.keep(zone, it)
		return it, nil
	})
	select {
	case <-ctx.Done():
		return handoff.Settings{}, errBusy
	case result := <-done:
		it := result.Val.(heard)
		return it.settings, it.err
	}
}

var errBusy = myodai.Refuse(myodai.CodeUnavailable, "", "the DNS host did not answer in time; try again in a minute")

// Offers reports whether the host of a zone is known to write records itself. When
// nobody has asked lately known is false, and it is asked while nobody waits.
func (h *Handover) Offers(zone myodai.Name) (offers, known bool) {
	if h == nil || !h.connects() {
		return false, true
	}
	it, ok := h.hosts.recall(zone, time.Now())
	if !ok {
		go func() { _, _ = h.hosts.ask(context.Background(), zone, h.discover) }() // remembered, whatever it is
	}
	return ok && it.err == nil, ok
}

// Discover asks the host of a zone, for Offers to know.
func (h *Handover) Discover(ctx context.Context, zone myodai.Name) {
	if h != nil && h.connects() {
		_, _ = h.hosts.ask(ctx, zone, h.discover) // remembered, whatever it is
	}
}

// discover finds out whether the host of a zone speaks Domain Connect and knows
// our template (draft-ietf-dconn-domainconnect-04 §7, §8.2).
func (h *Handover) discover(ctx context.Context, zone myodai.Name) (handoff.Settings, error) {
	answer := h.Lookup(ctx, handoff.DiscoveryName(zone), myodai.TypeTXT)
	var texts []string
	for _, rr := range answer.Records {
		if rr.Type == myodai.TypeTXT {
			texts = append(texts, rr.Text())
		}
	}
	addresses := handoff.SettingsURLs(texts, zone)
	if len(addresses) == 0 {
		if answer.Kind() == myodai.AnswerUnknown {
			return handoff.Settings{}, errBusy
		}
		return handoff.Settings{}, errNoConnect(zone)
	}
	var last error
	for _, address := range addresses[:min(len(addresses), maxSettingURLs)] {
		settings, err := h.settingsAt(ctx, address)
		if err != nil {
			last = err
			continue
		}
		return settings, h.onboarded(ctx, settings)
	}
	return handoff.Settings{}, misled(zone, last)
}

func (h *Handover) settingsAt(ctx context.Context, address string) (handoff.Settings, error) {
	body, status, err := h.get(ctx, address)
	switch {
	case err != nil:
		return handoff.Settings{}, err
	case status != http.StatusOK:
		return handoff.Settings{}, fmt.Errorf("it answers with status %d", status)
	}
	return handoff.ParseSettings(body)
}

// onboarded refuses a host that does not know our template, or takes no links.
func (h *Handover) onboarded(ctx context.Context, at handoff.Settings) error {
	if at.SyncURL == "" {
		return myodai.Refuse(myodai.CodeConflict, "", "the DNS host %s takes no links from us; enter the records by hand", at.Name())
	}
	_, status, err := h.get(ctx, h.Connect.TemplateURL(at))
	switch {
	case err != nil:
		return misled(at.At(), err)
	case status == http.StatusNotFound:
		return myodai.Refuse(myodai.CodeConflict, "", "the DNS host %s does not know this platform yet; enter the records by hand", at.Name())
	case status < 200 || status > 299:
		return misled(at.At(), fmt.Errorf("it answers with status %d", status))
	}
	return nil
}

// misled says that what was found at a name is not what it should be. A
// stranger's words are told only from their beginning, on one line.
func misled(name myodai.Name, err error) error {
	text := strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, err.Error())
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "")
	}
	return myodai.Refuse(myodai.CodeUnavailable, "", "what %s says about entering records by itself cannot be used: %s", name, text)
}

// get fetches an answer of a stranger's. Redirects are not followed.
func (h *Handover) get(ctx context.Context, address string) (body []byte, status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "Myodai")
	resp, err := h.Outward.RoundTrip(r)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxSettings+1))
	if err == nil && len(body) > maxSettings {
		err = fmt.Errorf("it answers with more than %d octets", maxSettings)
	}
	return body, resp.StatusCode, err
}
