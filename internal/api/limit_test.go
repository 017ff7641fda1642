package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/api"
)

// T73: what slows a client down must not be the rest of us.
func TestRateLimits(t *testing.T) {
	strict := newWorld(t, api.Limits{}).populate()
	for range 6 {
		strict.call("POST", strict.acme.fill("/v1/domains/{domain_id}/check"), strict.acme.key, "", 200, nil)
	}
	if a := strict.ask("POST", strict.acme.fill("/v1/domains/{domain_id}/check"), strict.acme.key, ""); a.status != 429 {
		t.Errorf("the seventh check at once: %d, want 429", a.status)
	}
	strict.call("POST", strict.evil.fill("/v1/domains/{domain_id}/check"), strict.evil.key, "", 200, nil)

	for range 20 {
		if a := strict.ask("GET", "/v1/domains", "guess", ""); a.status != 401 {
			t.Fatalf("a wrong key: %d, want 401", a.status)
		}
	}
	if a := strict.ask("GET", "/v1/domains", "guess", ""); a.status != 429 {
		t.Errorf("the twenty-first wrong key: %d, want 429", a.status)
	}
}

// Large bodies are bounded all together, and small ones are not held up by them.
func TestMemoryOfLargeBodies(t *testing.T) {
	w := newWorld(t, api.Limits{MaxMemory: 1 << 20, AuthFailures: plenty.AuthFailures, Checks: plenty.Checks}).populate()
	body, stop := newSlowBody()
	done := make(chan int)
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", w.url+"/v1/messages", body)
		r.Header.Set("Authorization", "Bearer "+w.acme.key)
		r.Header.Set("Expect", "100-continue") // so that the body is not read before the server wants it
		resp, err := (&http.Transport{ExpectContinueTimeout: time.Minute}).RoundTrip(r)
		if err != nil {
			done <- 0
			return
		}
		_ = resp.Body.Close()
		done <- resp.StatusCode
	}()
	<-body.asked // the server has begun to read, so it has reserved
	large := `{"from":"a@acme.example","to":["b@example.org"],"text":"` + strings.Repeat("x ", 50_000) + `"}`
	if a := w.ask("POST", "/v1/messages", w.acme.key, large); a.status != http.StatusServiceUnavailable {
		t.Errorf("a second large body: %d %s, want 503", a.status, a.body)
	}
	if a := w.ask("POST", "/v1/messages", w.acme.key, draft("a@acme.example")); a.status != http.StatusAccepted {
		t.Errorf("a small body meanwhile: %d %s", a.status, a.body)
	}
	stop()
	if status := <-done; status != http.StatusBadRequest {
		t.Errorf("the large body that was cut short: %d, want 400", status)
	}
	if a := w.ask("POST", "/v1/messages", w.acme.key, large); a.status != http.StatusAccepted {
		t.Errorf("a large body afterwards: %d %s", a.status, a.body)
	}
}

// slowBody gives one octet, and then nothing until it is stopped.
type slowBody struct {
	asked chan struct{}
	end   chan struct{}
	first bool
}

func newSlowBody() (*slowBody, func()) {
	b := &slowBody{asked: make(chan struct{}), end: make(chan struct{}), first: true}
	return b, func() { close(b.end) }
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.first {
		b.first = false
		p[0] = '{'
		return 1, nil
	}
	close(b.asked)
	<-b.end
	return 0, io.EOF
}
