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
	// Behind a proxy everybody has one address.
	if a := strict.ask("GET", "/v1/domains", strict.acme.key, ""); a.status != 200 {
		t.Errorf("a good key from the same address: %d, want 200", a.status)
	}
}

// Large bodies are bounded all together, and small ones are not held up by them.
func TestMemoryOfLargeBodies(t *testing.T) {
	w := newWorld(t, api.Limits{MaxMemory: 1100 << 10, AuthFailures: plenty.AuthFailures, Checks: plenty.Checks}).populate()
	body, stop := newSlowBody()
	done := make(chan int)
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", w.url+"/v1/messages", body)
		r.Header.Set("Authorization", "Bearer "+w.acme.key)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			done <- 0
			return
		}
		_ = resp.Body.Close()
		done <- resp.StatusCode
	}()
	eventually(t, "memory is taken for the first body", func() bool { return w.gauge("myodai_api_body_memory_bytes") > 0 })
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
	eventually(t, "all memory is given back", func() bool { return w.gauge("myodai_api_body_memory_bytes") == 0 })
}

// gauge is the value of a metric without labels.
func (w *world) gauge(name string) float64 {
	w.t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	w.t.Fatalf("there is no metric %s", name)
	return 0
}

// eventually polls a condition until it holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within ten seconds", what)
		}
		<-time.After(time.Millisecond)
	}
}

// slowBody gives 300 KiB, and then nothing until it is stopped.
type slowBody struct {
	start io.Reader
	end   chan struct{}
}

func newSlowBody() (*slowBody, func()) {
	b := &slowBody{end: make(chan struct{}), start: strings.NewReader("{" + strings.Repeat(" ", 300<<10))}
	return b, func() { close(b.end) }
}

func (b *slowBody) Read(p []byte) (int, error) {
	if n, err := b.start.Read(p); err == nil {
		return n, nil
	}
	<-b.end
	return 0, io.EOF
}
