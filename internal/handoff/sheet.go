package handoff

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// TTL is what we ask for, in seconds: long enough to be cached, short enough
// that a mistake is gone within the hour.
const TTL = 3600

// Sheet is what is handed over: records, and the zone they are entered into.
type Sheet struct {
	Zone  myodai.Name // at or above every record
	Items []plan.Item
}

// Whole is everything in the plan but a DMARC record where somebody else's
// already applies: that one stays as it is (C3).
func Whole(p plan.Plan, checks []myodai.RecordCheck) []plan.Item {
	return slices.DeleteFunc(slices.Clone(p.Items), func(i plan.Item) bool {
		c := checkOf(i, checks)
		return i.Purpose == myodai.PurposeDMARC && c.Status == myodai.StatusAsPlanned && !slices.Contains(c.Found, "TXT "+i.Value)
	})
}

// Open is what is left to do: everything in the plan that the checks did not
// find as planned (B15). Without checks that is all of it.
func Open(p plan.Plan, checks []myodai.RecordCheck) []plan.Item {
	return slices.DeleteFunc(slices.Clone(p.Items), func(i plan.Item) bool {
		return checkOf(i, checks).Status == myodai.StatusAsPlanned
	})
}

// checkOf is the check of one item; zero when there is none.
func checkOf(i plan.Item, checks []myodai.RecordCheck) myodai.RecordCheck {
	for _, c := range checks {
		if c.Name == i.Name && c.Type == i.Type && c.Purpose == i.Purpose {
			return c
		}
	}
	return myodai.RecordCheck{}
}

// merged reports whether the item is no record of its own: an include belongs
// into the SPF record that is there, since a second one breaks both
// (RFC 7208 §4.5).
func merged(i plan.Item) bool { return i.Purpose == myodai.PurposeSPF }

// set is the records of one name and type: most tools want them together.
type set struct {
	name   myodai.Name
	kind   myodai.RecordType
	values []string
}

// sets groups the sheet's records, in its order, and lists apart what must be
// merged into a record that is there.
func (s Sheet) sets() (sets []set, merges []plan.Item) {
	for _, i := range s.Items {
		if merged(i) {
			merges = append(merges, i)
			continue
		}
		at := slices.IndexFunc(sets, func(s set) bool { return s.name == i.Name && s.kind == i.Type })
		if at < 0 {
			at, sets = len(sets), append(sets, set{name: i.Name, kind: i.Type})
		}
		sets[at].values = append(sets[at].values, i.Value)
	}
	return sets, merges
}

// relative is the name within the sheet's zone, "" for the zone itself. A name
// that is not in the zone keeps its final dot, which tools refuse by name.
func (s Sheet) relative(name myodai.Name) string {
	switch {
	case name == s.Zone:
		return ""
	case name.Under(s.Zone) && s.Zone != "":
		return strings.TrimSuffix(string(name), "."+string(s.Zone))
	}
	return string(name) + "."
}

// exchange splits the value of an MX record.
func exchange(value string) (preference, host string) {
	preference, host, _ = strings.Cut(value, " ")
	return preference, strings.TrimSuffix(host, ".")
}

// mergeNote says in one line what is to be merged where.
func mergeNote(i plan.Item) string {
	return oneLine(string(i.Name) + ". TXT: put " + i.Value + " into the SPF record that is there")
}

// oneLine replaces control characters, so that a comment stays a comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}
