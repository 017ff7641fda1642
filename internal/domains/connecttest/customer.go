package connecttest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Answer is what the host's customer does with a link: follows it, says yes or no,
// and is sent back to the address that is returned, "" for nowhere.
func (h *Host) Answer(ctx context.Context, link string, yes bool) (back string, err error) {
	transport := h.Client()
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer := url.Values{"answer": {"no"}}
	if yes {
		answer.Set("answer", "yes")
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		r, err := http.NewRequestWithContext(ctx, method, link, strings.NewReader(answer.Encode()))
		if err != nil {
			return "", err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := client.Do(r)
		if err != nil {
			return "", err
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode >= 400 {
			return "", fmt.Errorf("%d %s", resp.StatusCode, strings.TrimSpace(string(text)))
		}
		back = resp.Header.Get("Location")
	}
	return back, nil
}

// dialer leads every connection to one place.
type dialer struct{ address string }

func (d *dialer) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, d.address)
}
