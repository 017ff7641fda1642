package e2e

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// TestSignedWhenItsTurnComes: a site takes nothing, so mail for it is accepted
// unsigned. Then the key is rotated, another tenant's domain deleted, and the program
// killed. What was answered for arrives all the same (P01), signed with the key of
// now, and of the deleted domain nothing (P23); on PostgreSQL out of another node,
// which takes no mail in.
func TestSignedWhenItsTurnComes(t *testing.T) {
	for name, url := range databases(t) {
		t.Run(name, func(t *testing.T) {
			w := emptyWorld(t)
			w.startRoot(t)
			w.publish(t, "")
			w.nsd = w.startNSD(t, "host", []string{host1Address, host2Address}, map[string]string{"acme.example": w.path("acme.example.zone")})
			sink := startSink(t)
			sink.waits = make(chan struct{})
			s := newService(t, w, url, "--smarthost", sink.address)
			stays, goes := s.registered(t, "Acme Tokyo", "txt"), s.registered(t, "Acme Osaka", "txt")
			w.publish(t, s.zone(t, stays)+s.zone(t, goes)+"_dmarc.acme.example. TXT \"v=DMARC1; p=none\"\n")
			s.verified(t, stays)
			s.verified(t, goes)

			// More than may wait on a node for a site that has not answered yet.
			early, _ := s.sends(t, stays, 40), s.sends(t, goes, 40)
			<-time.After(300 * time.Millisecond)
			late, gone := s.sends(t, stays, 5), s.sends(t, goes, 5)
			s.cli(t, stays.key, "key", "rotate", "acme.example")
			s.cli(t, goes.key, "domain", "delete", "acme.example", "--yes")
			check(t, s.cmd.Process.Kill())
			_ = s.cmd.Wait()
			close(sink.waits)
			if url == "" {
				s.begin(t)
			} else {
				s.joined(t, "second", 8125, "delivery,authdns")
			}
			eventually(t, 30*time.Second, "what was accepted unsigned arrives", func() bool { return sink.has(late) == len(late) })
			if url == "" {
				eventually(t, 30*time.Second, "what was accepted signed arrives", func() bool { return sink.has(early) == len(early) })
			}
			first, now := sink.signedWith(t, early), sink.signedWith(t, late)
			if len(now) != 1 || url == "" && len(first) != 2 {
				t.Errorf("signed with %v at first, and %v later", first, now)
			}
			if n := sink.has(gone); n > 0 {
				t.Errorf("%d messages of a deleted domain arrived", n)
			}
		})
	}
}

// sends has messages of a tenant accepted, and returns their marks.
func (s *service) sends(t *testing.T, tn tenant, n int) (marks []string) {
	t.Helper()
	for i := range n {
		mark := fmt.Sprintf("mark%dx%dx", time.Now().UnixNano(), i)
		if status := s.call(t, tn.key, "POST", "/v1/messages", map[string]any{
			"from": "sales@acme.example", "to": []string{"a@receiver.example"}, "subject": "wait", "text": mark,
		}, nil); status != 202 {
			t.Fatalf("send: status %d", status)
		}
		marks = append(marks, mark)
	}
	return marks
}

// has counts those of the marks that have arrived.
func (s *sink) has(marks []string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, mark := range marks {
		n += min(s.arrived[mark], 1)
	}
	return n
}

var selectorPattern = regexp.MustCompile(`d=acme\.example;\s+s=([^;]+);`)

// signedWith counts the messages that have arrived of marks by the selector of their
// domain's signature. Every signature is good.
func (s *sink) signedWith(t *testing.T, marks []string) map[string]int {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	count := map[string]int{}
	for _, mark := range marks {
		raw, ok := s.last[mark]
		if !ok {
			continue
		}
		for _, v := range dkim.Verify(raw, publishedKeys(t), time.Now()) {
			if v.Result != dkim.Pass {
				t.Errorf("%s: %s is %s", mark, v.Domain, v.Result)
			}
		}
		if found := selectorPattern.FindSubmatch(raw); found != nil {
			count[string(found[1])]++
		} else {
			count["none"]++
		}
	}
	return count
}

// publishedKeys looks keys up where they are published.
func publishedKeys(t *testing.T) func(myodai.Name) ([]string, error) {
	return func(name myodai.Name) ([]string, error) {
		at := host1Address
		if name.Under("plat.example") {
			at = platformAddress
		}
		r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, at+":53")
		}}
		return r.LookupTXT(t.Context(), string(name)+".")
	}
}
