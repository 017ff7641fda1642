package dmarc_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// world answers look-ups from lines such as
//
//	_dmarc.example.com TXT v=DMARC1; p=none
//	mail.example.com A 192.0.2.1
//	_dmarc.example.net SERVFAIL
//
// and keeps the names it was asked for.
type world struct {
	txt   map[myodai.Name][]string
	fails map[myodai.Name]bool
	exist map[myodai.Name]bool
	asked []myodai.Name
}

func zone(lines ...string) *world {
	w := &world{map[myodai.Name][]string{}, map[myodai.Name]bool{}, map[myodai.Name]bool{}, nil}
	for _, line := range lines {
		f := append(strings.SplitN(line, " ", 3), "")
		name := myodai.Name(f[0])
		if f[1] == "SERVFAIL" {
			w.fails[name] = true
			continue
		}
		if f[1] == "TXT" {
			w.txt[name] = append(w.txt[name], f[2])
		}
		for _, above := range name.Ancestors() {
			w.exist[above] = true // empty non-terminals exist
		}
	}
	return w
}

func (w *world) lookup(name myodai.Name) ([]string, bool, error) {
	w.asked = append(w.asked, name)
	if w.fails[name] {
		return nil, false, fmt.Errorf("SERVFAIL for %s", name)
	}
	return w.txt[name], w.exist[name], nil
}

func TestWalk(t *testing.T) {
	for _, tt := range []struct {
		domain myodai.Name
		want   string
	}{
		{"com", "com"},
		{"example.com", "example.com com"},
		{"b.c.d.e.f.example.com", "b.c.d.e.f.example.com c.d.e.f.example.com d.e.f.example.com e.f.example.com f.example.com example.com com"},
		{"a.b.c.d.e.f.example.com", "a.b.c.d.e.f.example.com b.c.d.e.f.example.com c.d.e.f.example.com d.e.f.example.com " +
			"e.f.example.com f.example.com example.com com"},
		{"x.a.b.c.d.e.f.example.com", "x.a.b.c.d.e.f.example.com b.c.d.e.f.example.com c.d.e.f.example.com d.e.f.example.com " +
			"e.f.example.com f.example.com example.com com"},
		{"a.b.c.d.e.f.g.h.i.j.mail.example.com", "a.b.c.d.e.f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com " +
			"h.i.j.mail.example.com i.j.mail.example.com j.mail.example.com mail.example.com example.com com"},
	} {
		var got []string
		for _, name := range dmarc.Walk(tt.domain) {
			got = append(got, string(name))
		}
		if strings.Join(got, " ") != tt.want || len(got) > 8 {
			t.Errorf("Walk(%s) = %v, want %s", tt.domain, got, tt.want)
		}
	}
}

// TestDiscover follows the rules of RFC 9989 §4.10 one by one.
func TestDiscover(t *testing.T) {
	for _, tt := range []struct {
		name   string
		domain myodai.Name
		zone   *world
		org    myodai.Name
		at     myodai.Name // "" for no record
		policy dmarc.Policy
	}{
		{"no record anywhere", "mail.example.com", zone(), "mail.example.com", "", ""},
		{"its own record", "example.com", zone("_dmarc.example.com TXT v=DMARC1; p=reject"), "example.com", "example.com", "reject"},
		{"record of the organizational domain", "a.mail.example.com",
			zone("_dmarc.example.com TXT v=DMARC1; p=reject"), "example.com", "example.com", "reject"},
		{"fewest labels win, not what lies between", "a.mail.example.com",
			zone("_dmarc.mail.example.com TXT v=DMARC1; p=none", "_dmarc.example.com TXT v=DMARC1; p=reject"), "example.com", "example.com", "reject"},
		{"its own record before all", "mail.example.com",
			zone("_dmarc.mail.example.com TXT v=DMARC1; p=none", "_dmarc.example.com TXT v=DMARC1; p=reject"), "example.com", "mail.example.com", "none"},
		{"its own record and none above", "mail.example.com",
			zone("_dmarc.mail.example.com TXT v=DMARC1; p=reject"), "mail.example.com", "mail.example.com", "reject"},
		{"psd=n between is the organizational domain", "a.b.example.com",
			zone("_dmarc.b.example.com TXT v=DMARC1; p=reject; psd=n", "_dmarc.example.com TXT v=DMARC1; p=none"), "b.example.com", "b.example.com", "reject"},
		{"psd=n of its own", "mail.example.com",
			zone("_dmarc.mail.example.com TXT v=DMARC1; p=reject; psd=n", "_dmarc.example.com TXT v=DMARC1; p=none"), "mail.example.com", "mail.example.com", "reject"},
		{"psd=y: one label below", "a.mail.example.com",
			zone("_dmarc.com TXT v=DMARC1; p=reject; psd=y"), "example.com", "com", "reject"},
		{"psd=y and a record one label below", "giant.bank.example",
			zone("_dmarc.bank.example TXT v=DMARC1; p=reject; psd=y", "_dmarc.giant.bank.example TXT v=DMARC1; p=quarantine"), "giant.bank.example", "giant.bank.example", "quarantine"},
		{"psd=y and a record in between is not looked at", "a.mail.giant.bank.example",
			zone("_dmarc.bank.example TXT v=DMARC1; p=reject; psd=y", "_dmarc.mail.giant.bank.example TXT v=DMARC1; p=none"), "giant.bank.example", "bank.example", "reject"},
		{"psd=y with sp", "mail.giant.bank.example",
			zone("_dmarc.bank.example TXT v=DMARC1; p=reject; sp=quarantine; psd=y"), "giant.bank.example", "bank.example", "quarantine"},
		{"a public suffix sends itself", "bank.example",
			zone("_dmarc.bank.example TXT v=DMARC1; p=reject; sp=none; psd=y"), "bank.example", "bank.example", "reject"},
		{"psd=y of a name longer than a walk", "a.b.c.d.e.f.g.h.mail.example.com",
			zone("_dmarc.com TXT v=DMARC1; p=reject; psd=y"), "example.com", "com", "reject"},

		{"several records at the domain: the walk goes on", "mail.example.com",
			zone("_dmarc.mail.example.com TXT v=DMARC1; p=reject", "_dmarc.mail.example.com TXT v=DMARC1; p=quarantine",
				"_dmarc.example.com TXT v=DMARC1; p=none; sp=quarantine"), "example.com", "example.com", "quarantine"},
		{"several records, one of them void, are several", "example.com",
			zone("_dmarc.example.com TXT v=DMARC1; p=reject", "_dmarc.example.com TXT v=DMARC1; p=x"), "example.com", "", ""},
		{"several above, with psd=n: discarded", "a.b.example.com",
			zone("_dmarc.b.example.com TXT v=DMARC1; p=reject; psd=n", "_dmarc.b.example.com TXT v=DMARC1; p=none",
				"_dmarc.example.com TXT v=DMARC1; p=quarantine"), "example.com", "example.com", "quarantine"},
		{"one record beside other texts", "example.com",
			zone("_dmarc.example.com TXT v=spf1 -all", "_dmarc.example.com TXT v=dmarc1; p=none", "_dmarc.example.com TXT v=DMARC1; p=reject"), "example.com", "example.com", "reject"},
		{"only other texts: the walk goes on", "mail.example.com",
			zone("_dmarc.mail.example.com TXT hello", "_dmarc.example.com TXT v=DMARC1; p=quarantine"), "example.com", "example.com", "quarantine"},
		{"a void record stops it", "mail.example.com",
			zone("_dmarc.mail.example.com TXT v=DMARC1; p=x", "_dmarc.example.com TXT v=DMARC1; p=reject"), "example.com", "mail.example.com", ""},

		{"sp for an existing subdomain", "mail.example.com",
			zone("_dmarc.example.com TXT v=DMARC1; p=reject; sp=none; np=quarantine", "mail.example.com MX 10 mx.example.com"), "example.com", "example.com", "none"},
		{"sp for an empty non-terminal", "mail.example.com",
			zone("_dmarc.example.com TXT v=DMARC1; p=reject; sp=none; np=quarantine", "s1._domainkey.mail.example.com TXT v=DKIM1; p="), "example.com", "example.com", "none"},
		{"np for what does not exist", "mail.example.com",
			zone("_dmarc.example.com TXT v=DMARC1; p=reject; sp=none; np=quarantine"), "example.com", "example.com", "quarantine"},
		{"np missing: sp", "mail.example.com",
			zone("_dmarc.example.com TXT v=DMARC1; p=reject; sp=none"), "example.com", "example.com", "none"},
		{"np and sp missing: p", "mail.example.com",
			zone("_dmarc.example.com TXT v=DMARC1; p=reject"), "example.com", "example.com", "reject"},
		{"np of a public suffix", "fake.gov.example",
			zone("_dmarc.gov.example TXT v=DMARC1; p=reject; sp=none; np=reject; psd=y"), "fake.gov.example", "gov.example", "reject"},
		{"neither sp nor np for the domain itself", "example.com",
			zone("_dmarc.example.com TXT v=DMARC1; p=quarantine; sp=none; np=none"), "example.com", "example.com", "quarantine"},
		{"names that cannot be are not asked for", myodai.Name(strings.Repeat("a.", 124) + "example.com"),
			zone("_dmarc.example.com TXT v=DMARC1; p=none"), "example.com", "example.com", "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := dmarc.Discover(tt.domain, tt.zone.lookup)
			if err != nil {
				t.Fatal(err)
			}
			if d.Organizational != tt.org || d.At != tt.at || d.Policy != tt.policy {
				t.Errorf("Discover = organizational %s, at %q, policy %q; want %s, %q, %q", d.Organizational, d.At, d.Policy, tt.org, tt.at, tt.policy)
			}
			if d.Asked() != tt.policy || d.Applies() != (tt.policy != "") {
				t.Errorf("Asked = %q, Applies = %t, want %q", d.Asked(), d.Applies(), tt.policy)
			}
			if org, err := dmarc.OrganizationalDomain(tt.domain, tt.zone.lookup); err != nil || org != tt.org {
				t.Errorf("OrganizationalDomain = %s, %v, want %s", org, err, tt.org)
			}
			for _, name := range tt.zone.asked {
				if _, err := myodai.ParseOwner(string(name)); err != nil {
					t.Errorf("asked for %s: %v", name, err)
				}
			}
		})
	}
}

// TestDiscoverAsksNoMoreThanItMust also fixes the order (RFC 9989 §4.10).
func TestDiscoverAsksNoMoreThanItMust(t *testing.T) {
	for _, tt := range []struct {
		name   string
		domain myodai.Name
		zone   *world
		want   []myodai.Name
	}{
		{"all the way up", "example.com", zone(), []myodai.Name{"_dmarc.example.com", "_dmarc.com"}},
		{"to psd=n", "a.example.com", zone("_dmarc.a.example.com TXT v=DMARC1; psd=n"), []myodai.Name{"_dmarc.a.example.com"}},
		{"to psd=y", "a.bank.example", zone("_dmarc.bank.example TXT v=DMARC1; psd=y"), []myodai.Name{"_dmarc.a.bank.example", "_dmarc.bank.example"}},
		{"not to psd=u", "a.bank.example", zone("_dmarc.bank.example TXT v=DMARC1; psd=u"), []myodai.Name{"_dmarc.a.bank.example", "_dmarc.bank.example", "_dmarc.example"}},
		{"existence only for np", "a.example.com", zone("_dmarc.example.com TXT v=DMARC1; p=none; np=reject"),
			[]myodai.Name{"_dmarc.a.example.com", "_dmarc.example.com", "_dmarc.com", "a.example.com"}},
		{"existence not of the domain itself", "example.com", zone("_dmarc.example.com TXT v=DMARC1; p=none; np=reject"),
			[]myodai.Name{"_dmarc.example.com", "_dmarc.com"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := dmarc.Discover(tt.domain, tt.zone.lookup); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(tt.zone.asked, tt.want) {
				t.Errorf("asked for %v, want %v", tt.zone.asked, tt.want)
			}
		})
	}
}

// TestDiscoverUnknown: an error is never "there is no record" (P12).
func TestDiscoverUnknown(t *testing.T) {
	for _, tt := range []struct {
		name string
		zone *world
		at   myodai.Name // what is known nevertheless
	}{
		{"own name fails", zone("_dmarc.mail.example.com SERVFAIL", "_dmarc.example.com TXT v=DMARC1; p=reject"), ""},
		{"name above fails", zone("_dmarc.com SERVFAIL", "_dmarc.example.com TXT v=DMARC1; p=reject"), ""},
		{"name above fails, own record", zone("_dmarc.com SERVFAIL", "_dmarc.mail.example.com TXT v=DMARC1; p=reject"), "mail.example.com"},
		{"existence fails", zone("mail.example.com SERVFAIL", "_dmarc.example.com TXT v=DMARC1; p=none; np=reject"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := dmarc.Discover("mail.example.com", tt.zone.lookup)
			if err == nil || d.At != tt.at {
				t.Errorf("Discover = %+v, %v, want an error and the record at %q", d, err, tt.at)
			}
		})
	}
}

func TestDiscoveryProblems(t *testing.T) {
	for _, tt := range []struct {
		name   string
		domain myodai.Name
		zone   *world
		want   string
	}{
		{"subdomain policies of a subdomain", "news.example.com",
			zone("_dmarc.news.example.com TXT v=DMARC1; p=none; sp=reject; np=reject", "_dmarc.example.com TXT v=DMARC1; p=none"), "no_effect sp, no_effect np"},
		{"subdomain policies of an organizational domain", "example.com",
			zone("_dmarc.example.com TXT v=DMARC1; p=none; sp=reject"), ""},
		{"subdomain policies of a public suffix", "a.gov.uk",
			zone("_dmarc.gov.uk TXT v=DMARC1; p=none; sp=reject; psd=y"), ""},
		{"psd=y of an ordinary domain", "example.com",
			zone("_dmarc.example.com TXT v=DMARC1; p=reject; psd=y"), "suffix_misused psd"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := dmarc.Discover(tt.domain, tt.zone.lookup)
			if err != nil || kinds(d.Problems) != tt.want {
				t.Errorf("Problems = %v, %v, want %s", d.Problems, err, tt.want)
			}
		})
	}
	d, err := dmarc.Discover("example.com", zone("_dmarc.example.com TXT v=DMARC1; p=none", "_dmarc.example.com TXT v=DMARC1; p=reject").lookup)
	if err != nil || d.Applies() || kinds(d.Entries[0].Problems) != "several_records " || len(d.Entries[0].Texts) != 2 {
		t.Errorf("with several records Discover = %+v, %v", d, err)
	}
	d, err = dmarc.Discover("example.com", zone("_dmarc.example.com TXT p=none; v=DMARC1").lookup)
	if err != nil || d.Applies() || kinds(d.Entries[0].Problems) != "version v" {
		t.Errorf("with a near miss Discover = %+v, %v", d, err)
	}
}

func TestAligned(t *testing.T) {
	w := zone(
		"_dmarc.example.com TXT v=DMARC1; p=none",
		"_dmarc.own.example.com TXT v=DMARC1; p=none; psd=n",
		"_dmarc.bank.example TXT v=DMARC1; p=reject; psd=y",
		"_dmarc.fails.example.com SERVFAIL",
	)
	for _, tt := range []struct {
		from, other myodai.Name
		mode        dmarc.Mode
		want        bool
		unknown     bool
	}{
		{from: "news.example.com", other: "news.example.com", mode: "s", want: true},
		{from: "news.example.com", other: "example.com", mode: "s"},
		{from: "news.example.com", other: "example.com", mode: "r", want: true},
		{from: "example.com", other: "bounce.example.com", mode: "r", want: true},
		{from: "news.example.com", other: "foo.example.com", mode: "r", want: true},
		{from: "news.example.com", other: "foo.example.net", mode: "r"},
		{from: "news.example.com", other: "badexample.com", mode: "r"},
		{from: "news.example.com", other: "com", mode: "r"},
		{from: "example.com", other: "own.example.com", mode: "r"},
		{from: "a.own.example.com", other: "b.own.example.com", mode: "r", want: true},
		{from: "a.own.example.com", other: "example.com", mode: "r"},
		{from: "giant.bank.example", other: "mail.giant.bank.example", mode: "r", want: true},
		{from: "giant.bank.example", other: "mega.bank.example", mode: "r"},
		{from: "giant.bank.example", other: "bank.example", mode: "r"},
		{from: "bank.example", other: "giant.bank.example", mode: "r"},
		{from: "norecord.example.net", other: "example.net", mode: "r"},
		{from: "example.com", other: "fails.example.com", mode: "r", unknown: true},
		{from: "fails.example.com", other: "example.com", mode: "r", unknown: true},
		{from: "fails.example.com", other: "fails.example.com", mode: "r", want: true},
		{from: "fails.example.com", other: "example.com", mode: "s"},
	} {
		got, err := dmarc.Aligned(tt.from, tt.other, tt.mode, w.lookup)
		if got != tt.want || (err != nil) != tt.unknown {
			t.Errorf("Aligned(%s, %s, %s) = %t, %v, want %t", tt.from, tt.other, tt.mode, got, err, tt.want)
		}
	}
}
