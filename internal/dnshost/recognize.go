package dnshost

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

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
	type match struct{ host, servers, own, seen int }
	byHost := map[int]match{}
	hosts := load()
	for _, ns := range nameServers {
		for host, as := range knownAs(ns) {
			m := byHost[host]
			m.host = host
			m.servers++
			if as.own {
				m.own++
			}
			if as.own && hosts[host].NameServers.Certainty == Seen || as.shared && hosts[host].SharedNameServers.Certainty == Seen {
				m.seen++
			}
			byHost[host] = m
		}
	}
	matches := slices.SortedFunc(maps.Values(byHost), func(a, b match) int {
		return cmp.Or(cmp.Compare(b.servers, a.servers), cmp.Compare(b.own, a.own), cmp.Compare(b.seen, a.seen), cmp.Compare(a.host, b.host))
	})
	list := make([]Candidate, len(matches))
	for i, m := range matches {
		sure := len(matches) == 1 && m.own == len(nameServers) && m.seen == len(nameServers)
		list[i] = Candidate{Host: hosts[m.host], Servers: m.servers, Sure: sure}
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

// pattern is one of the patterns of a host, by its place in load.
type pattern struct {
	form   string // for path.Match, which stops "*" at slashes as we want it to stop at dots
	end    string // of form, behind the last "*": most names are ruled out by it
	host   int
	shared bool
}

// patterns are those of all hosts.
var patterns = sync.OnceValue(func() []pattern {
	var list []pattern
	for i, h := range load() {
		for shared, servers := range map[bool]Servers{false: h.NameServers, true: h.SharedNameServers} {
			for _, p := range servers.Patterns {
				form := slashed(p)
				list = append(list, pattern{form, form[strings.LastIndexByte(form, '*')+1:], i, shared})
			}
		}
	}
	return list
})

func slashed(name string) string { return strings.ReplaceAll(name, ".", "/") }

// known says among whose patterns a name server is.
type known struct{ own, shared bool }

// knownAs lists the hosts, by their place in load, that a name server is like
// one of.
func knownAs(ns myodai.Name) map[int]known {
	var hosts map[int]known
	name := slashed(string(ns))
	for _, p := range patterns() {
		if !strings.HasSuffix(name, p.end) {
			continue
		}
		if ok, err := path.Match(p.form, name); !ok || err != nil {
			continue
		}
		if hosts == nil {
			hosts = map[int]known{}
		}
		k := hosts[p.host]
		k.own, k.shared = k.own || !p.shared, k.shared || p.shared
		hosts[p.host] = k
	}
	return hosts
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
