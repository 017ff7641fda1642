package domains_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/egress"
	"github.com/myodai/myodai/internal/rdap"
)

// unchanged is a zone whose serial says that nothing was saved.
const unchanged = "@ SOA ns1 h 2026112201 3600 600 86400 60\n" + hosts

// TestAskingIsNotEntering: who asks for a check may only be curious. That a
// change was not saved is said to those who say that they have entered it.
func TestAskingIsNotEntering(t *testing.T) {
	r := newRoom(t)
	d, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "acme.example"})
	check(t, err)
	r.setZone(t, unchanged)
	for range 2 {
		if c := r.checked(t, d); len(c.Findings) == 0 || c.Findings[0].Cause != diagnose.RecordMissing {
			t.Fatalf("asked: %+v", c.Findings)
		}
	}
	if c := r.checkedSaying(t, d, domains.Said{Entered: true}); len(c.Findings) == 0 || c.Findings[0].Cause != diagnose.PanelChangeNotApplied {
		t.Errorf("entered: %+v", c.Findings)
	}
	if d = r.read(t, d); d.EnteredAt.IsZero() || !d.ConnectedAt.IsZero() {
		t.Errorf("entered at %v, connected at %v", d.EnteredAt, d.ConnectedAt)
	}
}

// TestConnectLost: Domain Connect wrote the records, and later some are gone.
func TestConnectLost(t *testing.T) {
	r := newRoom(t)
	d, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "acme.example"})
	check(t, err)
	r.publish(t, d, "")
	if _, err := r.CheckSaid(t.Context(), r.tenant, d.ID, domains.Said{Connected: true}, nil); err != nil {
		t.Fatal(err)
	}
	r.publish(t, d, "_domainkey")
	if c := r.checked(t, d); len(c.Findings) == 0 || c.Findings[0].Cause != diagnose.DomainConnectLost {
		t.Errorf("%+v", c.Findings)
	}
}

// TestInsideView: what the tenant's own resolver shows tells of an internal zone,
// and of nothing else.
func TestInsideView(t *testing.T) {
	r := newRoom(t)
	d, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "acme.example"})
	check(t, err)
	r.setZone(t, hosts)
	p, err := r.Plan(t.Context(), r.tenant, d.ID)
	check(t, err)
	item := p.Items[0]
	seen := []myodai.Record{{Name: item.Name + ".", Type: item.Type, Data: item.Value + "."}}
	c := r.checkedSaying(t, d, domains.Said{Sees: seen})
	if len(c.Findings) == 0 || c.Findings[0].Cause != diagnose.RecordsInPrivateZone || c.Verdict != myodai.VerdictDisproved {
		t.Errorf("%s, %+v", c.Verdict, c.Findings)
	}
	for name, rr := range map[string]myodai.Record{
		"a name of somebody else": {Name: "s1._domainkey.other.example", Type: "CNAME", Data: "x.example"},
		"a type nobody plans":     {Name: item.Name, Type: "A", Data: "10.0.0.1"},
		"nothing":                 {Name: item.Name, Type: "TXT"},
		"far too much":            {Name: item.Name, Type: "TXT", Data: strings.Repeat("x", 5000)},
	} {
		if _, err := r.CheckSaid(t.Context(), r.tenant, d.ID, domains.Said{Sees: []myodai.Record{rr}}, nil); !refused(err, myodai.CodeInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.CheckSaid(t.Context(), r.tenant, d.ID, domains.Said{Sees: make([]myodai.Record, 51)}, nil); !refused(err, myodai.CodeInvalid) {
		t.Errorf("too many records: %v", err)
	}
}

// TestRegistryIsAsked: a domain that is not in DNS is on hold when its registry
// says so, and whoever checks it again derives the same.
func TestRegistryIsAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		want   myodai.Cause
	}{
		"on hold":    {`{"objectClassName":"domain","ldhName":"gone.example","status":["client hold"]}`, diagnose.DomainOnHold},
		"not there":  {"", diagnose.DomainNotRegistered},
		"no answer":  {"<html>", diagnose.DomainNotRegistered},
		"some other": {`{"objectClassName":"domain","ldhName":"other.example"}`, diagnose.DomainNotRegistered},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				if tt.answer == "" {
					http.NotFound(w, q)
				}
				_, _ = w.Write([]byte(tt.answer))
			}))
			t.Cleanup(server.Close)
			r.Registry = rdap.New(rdap.Options{
				Base: server.URL, Dial: egress.New(egress.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}).DialContext,
				Resolve: func(context.Context, string) ([]netip.Addr, error) { return nil, nil },
			})
			d, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "gone.example"})
			check(t, err)
			c := r.checked(t, d)
			if len(c.Findings) == 0 || c.Findings[0].Cause != tt.want {
				t.Errorf("%+v", c.Findings)
			}
			if c.Observation.Registration == nil || c.Observation.Registration.Domain != "gone.example" {
				t.Errorf("kept: %+v", c.Observation.Registration)
			}
		})
	}
}
