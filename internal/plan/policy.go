package plan

import (
	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// comparePolicy judges the DMARC item: any valid record that applies to the domain
// will do, its own or one above it (A6, C3, D8).
func comparePolicy(item Item, domain myodai.Name, o myodai.Observation) (myodai.RecordStatus, []string, string) {
	d, err := dmarc.Discover(domain, dmarc.Recorded(o))
	found := []string{}
	for _, entry := range d.Entries {
		for _, text := range entry.Texts {
			found = append(found, "TXT "+text)
		}
	}
	switch own := item.answers(o); {
	case d.Applies() && d.At == domain:
		return myodai.StatusAsPlanned, found, "the domain has a DMARC record"
	case d.Applies():
		return myodai.StatusAsPlanned, found, "the DMARC record of " + string(d.At) + " applies"
	case err != nil || own == opinionSilent:
		return myodai.StatusUnknown, found, "no name server gave an answer that counts"
	case len(found) > 0:
		return myodai.StatusDifferent, found, "there is something like a DMARC record, but receivers cannot use it"
	}
	return myodai.StatusMissing, found, "no DMARC record applies to the domain"
}

// answers says whether the servers' answers to the item's question amount to
// anything: opinionSilent when they do not.
func (i Item) answers(o myodai.Observation) opinion {
	if status, _, _ := i.poll(o, i.Type); status == myodai.StatusUnknown {
		return opinionSilent
	}
	return opinionNone
}
