package dnshost

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

// Candidate is a host that may serve a zone.
type Candidate struct {
	Host    Host
	Servers int  // how many of the name servers are like its own
	Sure    bool // all of them, by patterns that were seen and no other host shares
}

// Candidates lists the hosts that name servers like these are known of, the
// likeliest first: who has most of them, then whose own they are. Several hosts
// share some sets, 01.dnsv.jp for one; then only the registrar's panel tells.
func Candidates(nameServers []myodai.Name) []Candidate {
	type match struct {
		Candidate
		own, seen int
	}
	var matches []match
	for _, h := range load() {
		m := match{Candidate: Candidate{Host: h}}
		for _, ns := range nameServers {
			own, shared := h.NameServers.match(ns), h.SharedNameServers.match(ns)
			if !own && !shared {
				continue
			}
			m.Servers++
			if own {
				m.own++
			}
			if own && h.NameServers.Certainty == Seen || shared && h.SharedNameServers.Certainty == Seen {
				m.seen++
			}
		}
		if m.Servers > 0 {
			matches = append(matches, m)
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.Servers, a.Servers), cmp.Compare(b.own, a.own), cmp.Compare(b.seen, a.seen))
	})
	list := make([]Candidate, len(matches))
	for i, m := range matches {
		m.Sure = len(matches) == 1 && m.own == len(nameServers) && m.seen == len(nameServers)
		list[i] = m.Candidate
	}
	return list
}

// Recognize is the likeliest host of a zone with these name servers; without
// any, ok is false and the host is Generic. Candidates tells how sure it is.
func Recognize(nameServers []myodai.Name) (h Host, ok bool) {
	if list := Candidates(nameServers); len(list) > 0 {
		return list[0].Host, true
	}
	return Generic(), false
}

// match reports whether a name server fits one of the patterns.
func (s Servers) match(ns myodai.Name) bool {
	// path.Match stops "*" at slashes as we want it to stop at dots.
	name := strings.ReplaceAll(string(ns), ".", "/")
	return slices.ContainsFunc(s.Patterns, func(pattern string) bool {
		ok, err := path.Match(strings.ReplaceAll(pattern, ".", "/"), name)
		return ok && err == nil
	})
}

// UsualServers lists the name servers that every zone of the host has: those
// that its patterns spell out.
func (h Host) UsualServers() []myodai.Name {
	var list []myodai.Name
	for _, pattern := range h.NameServers.Patterns {
		if !strings.Contains(pattern, "*") {
			list = append(list, myodai.Name(pattern))
		}
	}
	return list
}

// OfRegistrar lists the hosts at which customers of a registrar edit records, by
// the registrar's name as its registry spells it.
func OfRegistrar(name string) []Host {
	name = strings.ToLower(name)
	var list []Host
	for _, h := range load() {
		if slices.ContainsFunc(h.Registrars, func(part string) bool { return strings.Contains(name, part) }) {
			list = append(list, h)
		}
	}
	return list
}
