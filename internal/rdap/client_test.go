package rdap

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/egress"
)

const onHold = `{"objectClassName":"domain","ldhName":"ACME.example","status":["client hold","client transfer prohibited"],
 "events":[{"eventAction":"registration","eventDate":"2020-01-02T03:04:05Z"},{"eventAction":"expiration","eventDate":"2026-12-31T00:00:00Z"}],
 "nameservers":[{"objectClassName":"nameserver","ldhName":"NS1.Host.Example."},{"ldhName":"not a name"}],
 "entities":[{"roles":["technical"]},{"roles":["registrar"],"vcardArray":["vcard",[["version",{},"text","4.0"],["fn",{},"text","Porkbun LLC"]]]}]}`

// registry is a small RDAP server. It counts what it is asked.
func registry(t *testing.T, answer http.HandlerFunc) (base string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// loopback may go to this machine, which is forbidden otherwise.
func loopback(base string) Options {
	return Options{
		Base: base, Dial: egress.New(egress.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}).DialContext,
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		},
	}
}

func TestRegistration(t *testing.T) {
	base, asked := registry(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/rdap/domain/acme.example" || r.Header.Get("Accept") != "application/rdap+json" {
			t.Errorf("asked for %s, %s", r.URL, r.Header.Get("Accept"))
		}
		_, _ = w.Write([]byte(onHold))
	})
	c := New(loopback(base + "/rdap/"))
	r := c.Registration(t.Context(), "acme.example")
	if !r.Known() || !r.Exists || !slices.Equal(r.Status, []string{"client hold", "client transfer prohibited"}) ||
		!slices.Equal(r.NameServers, []myodai.Name{"ns1.host.example"}) || r.Registrar != "Porkbun LLC" ||
		r.ExpiresAt != time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC) || r.Source != base+"/rdap/domain/acme.example" {
		t.Errorf("%+v", r)
	}
	if c.Registration(t.Context(), "acme.example"); asked.Load() != 1 {
		t.Errorf("asked %d times: what is known is not asked again", asked.Load())
	}
}

func TestNobodyHasIt(t *testing.T) {
	base, _ := registry(t, http.NotFound)
	if r := New(loopback(base)).Registration(t.Context(), "free.example"); !r.Known() || r.Exists {
		t.Errorf("%+v", r)
	}
}

// TestMisbehavingRegistries: whatever goes wrong is unknown, and told.
func TestMisbehavingRegistries(t *testing.T) {
	endless := strings.Repeat(`"x",`, maxAnswer)
	for name, answer := range map[string]http.HandlerFunc{
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"another domain": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Replace(onHold, "ACME", "other", 1)))
		},
		"another object": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Replace(onHold, `"domain"`, `"entity"`, 1)))
		},
		"without end":      func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, `{"status":[%s"x"]}`, endless) },
		"broken":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"too many of us":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"round in circles": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"to our own inside": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			base, asked := registry(t, answer)
			c := New(loopback(base))
			r := c.Registration(t.Context(), "acme.example")
			if r.Known() || r.Err == "" || r.Exists {
				t.Errorf("%+v", r)
			}
			before := asked.Load()
			if c.Registration(t.Context(), "acme.example"); asked.Load() != before {
				t.Error("asked again at once")
			}
		})
	}
}

// TestSilentRegistry: who waits no longer gets an answer, and the question goes
// on for whoever comes next.
func TestSilentRegistry(t *testing.T) {
	release := make(chan struct{})
	base, _ := registry(t, func(w http.ResponseWriter, _ *http.Request) { <-release; _, _ = w.Write([]byte(onHold)) })
	c := New(loopback(base))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := c.Registration(ctx, "acme.example"); r.Known() {
		t.Errorf("%+v", r)
	}
	close(release)
	if r := c.Registration(t.Context(), "acme.example"); !r.Exists {
		t.Errorf("%+v", r)
	}
}

// TestOnlyPublicRegistries: the name in a list may lead anywhere (T58).
func TestOnlyPublicRegistries(t *testing.T) {
	base, asked := registry(t, func(http.ResponseWriter, *http.Request) {})
	o := loopback(base)
	o.Dial = egress.New(egress.Options{}).DialContext
	if r := New(o).Registration(t.Context(), "acme.example"); r.Known() || !strings.Contains(r.Err, "not a public address") || asked.Load() != 0 {
		t.Errorf("%+v", r)
	}
}

// TestTheListIsFetchedWhenNeeded: the largest registries are known without it.
func TestTheListIsFetchedWhenNeeded(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(onHold)) }))
	t.Cleanup(secure.Close)
	list, asked := registry(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"services":[[["jp"],["https://rdap.jp.example/"]],[["Example"],["http://plain.example/",%q]]]}`, secure.URL)
	})
	o := loopback("")
	o.List = list
	c := New(o)
	c.http.Transport.(*http.Transport).TLSClientConfig = secure.Client().Transport.(*http.Transport).TLSClientConfig
	if base, err := c.registry(t.Context(), "acme.com"); err != nil || base != "https://rdap.verisign.com/com/v1/" || asked.Load() != 0 {
		t.Errorf("%q, %v, fetched %d times", base, err, asked.Load())
	}
	if r := c.Registration(t.Context(), "acme.example"); !r.Exists || asked.Load() != 1 {
		t.Errorf("%+v, fetched %d times", r, asked.Load())
	}
	if r := c.Registration(t.Context(), "acme.nowhere"); r.Known() || asked.Load() != 1 {
		t.Errorf("%+v, fetched %d times", r, asked.Load())
	}
}

func TestTheListCannotBeHad(t *testing.T) {
	list, _ := registry(t, http.NotFound)
	o := loopback("")
	o.List = list
	if r := New(o).Registration(t.Context(), "acme.example"); r.Known() || !strings.Contains(r.Err, "list of registries") {
		t.Errorf("%+v", r)
	}
	o.Resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, &net.DNSError{Err: "no such host"} }
	if r := New(o).Registration(t.Context(), "acme.com"); r.Known() {
		t.Errorf("%+v", r)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var m memory
	for i := range maxKept + 100 {
		m.keep(myodai.Registration{Domain: myodai.Name(fmt.Sprintf("d%d.example", i))}, time.Now().Add(time.Hour))
	}
	if len(m.kept) > maxKept {
		t.Errorf("%d answers are kept", len(m.kept))
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(onHold))
	f.Add([]byte(`{"objectClassName":"domain","ldhName":"acme.example","entities":[{"roles":["registrar"],"vcardArray":["vcard",[["fn"]]]}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		r, err := parse("acme.example", answer)
		if err == nil && (r.Domain != "acme.example" || !r.Exists || len(r.Status) > maxStatuses || len(r.NameServers) > maxNameServers) {
			t.Errorf("%+v", r)
		}
		_, _ = parseList(answer)
	})
}
