package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/myodai/myodai"
)

// The bounds of one attempt (T62).
const (
	connectTime = 5 * time.Second
	attemptTime = 15 * time.Second
	maxRead     = 64 << 10 // octets of an answer that are read, so that the connection can be kept
	maxKept     = 1 << 10  // octets of an answer that are kept
)

// newClient posts through dial only: no proxy, no redirect, no compression.
func newClient(o Options) *http.Client {
	return &http.Client{
		Timeout: attemptTime,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // T58: a redirect could lead inside
		},
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, connectTime)
				defer cancel()
				return o.Dial(ctx, network, address)
			},
			TLSClientConfig: o.TLS, TLSHandshakeTimeout: connectTime, ForceAttemptHTTP2: true,
			DisableCompression: true, MaxResponseHeaderBytes: maxRead, MaxConnsPerHost: perWebhook,
			MaxIdleConns: 100, IdleConnTimeout: time.Minute,
		},
	}
}

// payload is what a webhook is told of an event, as Standard Webhooks has it.
type payload struct {
	Type      myodai.EventKind `json:"type"`
	Timestamp time.Time        `json:"timestamp"`
	Data      eventData        `json:"data"`
}

type eventData struct {
	ID         myodai.EventID    `json:"id"`
	TenantID   myodai.TenantID   `json:"tenant_id"`
	DomainID   myodai.DomainID   `json:"domain_id,omitempty"`
	MessageID  myodai.MessageID  `json:"message_id,omitempty"`
	DeliveryID myodai.DeliveryID `json:"delivery_id,omitempty"`
	Details    map[string]any    `json:"details"`
}

// Body is what is posted for an event: JSON of type, timestamp and data.
func Body(e myodai.Event) ([]byte, error) {
	details := e.Data
	if details == nil {
		details = map[string]any{}
	}
	return json.Marshal(payload{Type: e.Kind, Timestamp: e.At.UTC(), Data: eventData{
		ID: e.ID, TenantID: e.TenantID, DomainID: e.DomainID, MessageID: e.MessageID, DeliveryID: e.DeliveryID, Details: details,
	}})
}

// post tells a webhook of one event, once. What goes wrong outside is in the
// response; the error is a fault of ours.
func (s *Service) post(ctx context.Context, w myodai.Webhook, e myodai.Event) (myodai.Response, error) {
	began := time.Now()
	body, err := Body(e)
	if err != nil {
		return myodai.Response{}, fmt.Errorf("write event %s: %w", e.ID, err)
	}
	signature, err := Sign(w.Secrets, string(e.ID), began, body)
	if err != nil {
		return myodai.Response{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return myodai.Response{}, fmt.Errorf("ask %s: %w", w.ID, err)
	}
	req.Header = http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Myodai"}, "Webhook-Id": {string(e.ID)},
		"Webhook-Timestamp": {strconv.FormatInt(began.Unix(), 10)}, "Webhook-Signature": {signature},
	}
	r := s.ask(req)
	r.At = time.Now()
	r.Took = r.At.Sub(began)
	return r, nil
}

// ask sends a request and reads the start of the answer.
func (s *Service) ask(req *http.Request) myodai.Response {
	resp, err := s.client.Do(req) // #nosec G704 -- every connection is judged by egress
	if err != nil {
		return myodai.Response{Text: why(err)}
	}
	defer func() { _ = resp.Body.Close() }()
	start, _ := io.ReadAll(io.LimitReader(resp.Body, maxKept))
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxRead-maxKept))
	return myodai.Response{Status: resp.StatusCode, Text: printable(string(start))}
}

// why says what went wrong in words that tell nothing of what is inside our
// network (T60): an address that is forbidden, closed or filtered looks alike.
func why(err error) string {
	var timeout net.Error
	_, refused := errors.AsType[*myodai.Error](err)
	_, dialed := errors.AsType[*net.OpError](err)
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), refused, dialed && !strings.Contains(err.Error(), "tls:"):
		return "there was no answer: no connection came about, or it took too long"
	case strings.Contains(err.Error(), "tls:"), strings.Contains(err.Error(), "x509:"):
		return "the receiver's TLS is not right: its certificate is not valid for the name, or has ended"
	}
	return "the receiver's answer was not HTTP, or ended early"
}

// printable is text without control characters.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "\ufffd"))
}
