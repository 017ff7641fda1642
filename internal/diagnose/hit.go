package diagnose

import (
	"bytes"
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
	"github.com/myodai/myodai/internal/plan"
)

// hit is a planned record found at another name.
type hit struct {
	candidate
	data  string // "CNAME s1.tok.dkim.plat.example"
	exact bool   // the value is the planned one; otherwise only of its kind
}

// hits lists the candidates at which the item's record stands. A name counts by
// what is there, never because it exists: wildcards and parking answer for
// everything.
func (v *view) hits(item plan.Item) []hit {
	var list []hit
	for _, c := range v.candidates(item) {
		for _, rr := range v.own(c.name) {
			exact, ok := v.matches(item, c, rr)
			if !ok {
				continue
			}
			h := hit{c, string(rr.Type) + " " + rr.Data, exact}
			if exact {
				list = append([]hit{h}, slices.DeleteFunc(list, func(b hit) bool { return b.exact && b.name == h.name })...)
			} else {
				list = append(list, h)
			}
			break
		}
	}
	// The likeliest mistake first, but an exact value before one that only looks
	// like it.
	slices.SortStableFunc(list, func(a, b hit) int {
		return order(b.exact) - order(a.exact)
	})
	return list
}

func order(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// matches reports whether a record at a candidate is the planned one, or of its
// kind.
func (v *view) matches(item plan.Item, c candidate, rr myodai.Record) (exact, ok bool) {
	if c.cause == NameValueSwapped {
		target := myodai.Name(rr.Data)
		ok := rr.Type == myodai.TypeCNAME && (target == item.Name || target == c.name || strings.HasPrefix(rr.Data, string(item.Name)+"."))
		return ok, ok
	}
	switch rr.Type {
	case myodai.TypeCNAME:
		if item.Type != myodai.TypeCNAME {
			return false, false
		}
		target := myodai.Name(rr.Data)
		exact := rr.Data == strings.ToLower(item.Value)
		return exact, exact || strings.HasPrefix(rr.Data, strings.ToLower(item.Value)+".") ||
			v.ours != "" && target.Under(v.ours) && firstLabel(target) == firstLabel(myodai.Name(item.Value))
	case myodai.TypeMX:
		want := strings.ToLower(item.Value)
		if item.Type == myodai.TypeMX {
			want = mxHost(want)
		}
		return item.Type == myodai.TypeMX && mxHost(rr.Data) == want, item.Purpose == myodai.PurposeReturnPath && mxHost(rr.Data) == want
	case myodai.TypeTXT:
		return v.matchesText(item, c, rr.Text())
	}
	return false, false
}

func firstLabel(n myodai.Name) string {
	label, _, _ := strings.Cut(string(n), ".")
	return label
}

// matchesText is matches for TXT records. A key counts only when it is ours
// below _domainkey, where other services have theirs.
func (v *view) matchesText(item plan.Item, c candidate, text string) (exact, ok bool) {
	kind := kindOf(text)
	switch item.Purpose {
	case myodai.PurposeDKIM:
		if item.Type == myodai.TypeCNAME {
			exact = strings.EqualFold(strings.TrimSuffix(strings.TrimSpace(text), "."), item.Value)
			return exact, exact
		}
		exact = sameKey(text, item.Value)
		elsewhere := !strings.Contains(string(c.name), "._domainkey.")
		return exact, exact || kind == textDKIM && elsewhere
	case myodai.PurposeDMARC:
		return text == item.Value, kind == textDMARC
	case myodai.PurposeSPF, myodai.PurposeReturnPath:
		if item.Type != myodai.TypeTXT {
			return false, false
		}
		exact = kind == textSPF && strings.Contains(strings.ToLower(text), spfInclude(item.Value))
		return exact, exact
	}
	return text == item.Value, text == item.Value
}

// sameKey reports whether two key records carry the same key.
func sameKey(a, b string) bool {
	x, errX := dkim.ParseKeyRecord(a)
	y, errY := dkim.ParseKeyRecord(b)
	return errX == nil && errY == nil && x.Algorithm == y.Algorithm && bytes.Equal(x.Data, y.Data)
}

// spfInclude is the include mechanism of a planned SPF value.
func spfInclude(value string) string {
	for _, term := range strings.Fields(strings.ToLower(value)) {
		if term = strings.TrimPrefix(term, "+"); strings.HasPrefix(term, "include:") {
			return term
		}
	}
	return strings.ToLower(value)
}

// own lists the records at a name that are not the doing of a wildcard.
func (v *view) own(name myodai.Name) []myodai.Record {
	var list []myodai.Record
	wild := v.wild(name)
	for _, rr := range v.here(name) {
		if !slices.ContainsFunc(wild, func(w myodai.Record) bool { return w.Type == rr.Type && w.Data == rr.Data }) {
			list = append(list, rr)
		}
	}
	return list
}

// wild lists what made-up names beside this one, and above, are answered with.
func (v *view) wild(name myodai.Name) []myodai.Record {
	var list []myodai.Record
	for _, above := range name.Parent().Ancestors() {
		list = append(list, v.here(v.sibling(above))...)
	}
	return list
}
