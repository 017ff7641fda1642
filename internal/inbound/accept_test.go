package inbound_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/inbound"
)

func TestAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store, d, o := room(t)
		o.Postmaster = func(context.Context, myodai.Address, string, []byte) error { return nil }
		withPostmaster := inbound.New(*o)
		suspended := store.domains[token]
		suspended.State = myodai.DomainSuspended
		store.domains[strings.Repeat("b", 26)] = suspended
		pending := store.domains[token]
		pending.State = myodai.DomainPending
		store.domains[strings.Repeat("c", 26)] = pending
		atRisk := store.domains[token]
		atRisk.State = myodai.DomainAtRisk
		store.domains[strings.Repeat("d", 26)] = atRisk

		at := func(local string, host myodai.Name) myodai.Address { return myodai.Address{Local: local, Domain: host} }
		for _, tt := range []struct {
			name string
			s    *inbound.Service
			to   myodai.Address
			want bool
		}{
			{"return path", s, d.ReturnPath, true},
			{"return path in capitals", s, at(strings.ToUpper(d.ReturnPath.Local), bounceHost), true},
			{"return path, a character changed", s, at(d.ReturnPath.Local[:54]+"z", bounceHost), false},
			{"report address", s, at(token, "dmarc.plat.example"), true},
			{"report address in capitals", s, at(strings.ToUpper(token), "dmarc.plat.example"), true},
			{"report address of a domain at risk", s, at(strings.Repeat("d", 26), "dmarc.plat.example"), true},
			{"report address of a suspended domain", s, at(strings.Repeat("b", 26), "dmarc.plat.example"), false},
			{"report address of a pending domain", s, at(strings.Repeat("c", 26), "dmarc.plat.example"), false},
			{"report address of nobody", s, at(strings.Repeat("e", 26), "dmarc.plat.example"), false},
			{"report address elsewhere", s, at(token, "plat.example"), false},
			{"token too short", s, at(token[1:], "dmarc.plat.example"), false},
			{"postmaster at the mail host", withPostmaster, at("postmaster", "mail.operator.example"), true},
			{"Postmaster without a host", withPostmaster, at("Postmaster", ""), true},
			{"abuse in the zone", withPostmaster, at("abuse", "plat.example"), true},
			{"abuse at the report host", withPostmaster, at("abuse", "dmarc.plat.example"), true},
			{"postmaster at a tenant's bounce host", withPostmaster, at("postmaster", bounceHost), false},
			{"postmaster somewhere else", withPostmaster, at("postmaster", "example.net"), false},
			{"postmaster at a name that only ends like ours", withPostmaster, at("postmaster", "notplat.example"), false},
			{"postmaster when nobody reads it", s, at("postmaster", "plat.example"), false},
			{"info", withPostmaster, at("info", "plat.example"), false},
		} {
			if err := tt.s.Accepts(t.Context(), tt.to); (err == nil) != tt.want || (err != nil && !isNotFound(err)) {
				t.Errorf("%s: Accepts(%v) = %v, want accepted %v", tt.name, tt.to, err, tt.want)
			}
		}
	})
}

// Threat T34: no way of writing a foreign address makes us take mail for it.
func TestAcceptsNoRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, store, d, o := room(t)
		o.Postmaster = func(context.Context, myodai.Address, string, []byte) error { return nil }
		s := inbound.New(*o)
		for _, host := range []myodai.Name{"victim.example", zone, "mail.operator.example", "dmarc.plat.example", bounceHost, "customer.example", ""} {
			for _, local := range []string{
				"user", "user%victim.example", "user@victim.example", "victim.example!user", "@relay.example:user", "root",
				"postmaster%victim.example", "postmaster@victim.example", "postmaster ", " postmaster", "postmaster+x", "abuse.",
				"mailer-daemon", "b-", "b-x-y", d.ReturnPath.Local + "%victim.example", d.ReturnPath.Local + "@victim.example",
				token + "+x", token + "%victim.example", "\x00", "|id", "/dev/null",
			} {
				to := myodai.Address{Local: local, Domain: host}
				if err := s.Accepts(t.Context(), to); !isNotFound(err) {
					t.Errorf("Accepts(%q at %q) = %v, want a refusal", local, host, err)
				}
			}
		}
		if store.asked != 0 {
			t.Errorf("the store was asked %d times for what cannot be a token, want 0", store.asked)
		}
	})
}

func TestAcceptsUntilTheReturnPathIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, d, _ := room(t)
		time.Sleep(bounce.ReturnPathLife)
		if err := s.Accepts(t.Context(), d.ReturnPath); err != nil {
			t.Errorf("Accepts after 30 days = %v, want accepted", err)
		}
		time.Sleep(time.Second)
		if err := s.Accepts(t.Context(), d.ReturnPath); !isNotFound(err) {
			t.Errorf("Accepts after more = %v, want a refusal", err)
		}
	})
}

func TestAcceptsTellsFaultsFromRefusals(t *testing.T) {
	s, store, _, _ := room(t)
	store.fault = errors.New("database away")
	err := s.Accepts(t.Context(), myodai.Address{Local: token, Domain: "dmarc.plat.example"})
	if err == nil || isNotFound(err) {
		t.Errorf("Accepts without a database = %v, want a fault", err)
	}
}
