package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// typeFlaws judges records of another type where an alias was planned.
func (v *view) typeFlaws(item plan.Item, own []myodai.Record) []flaw {
	want := strings.ToLower(item.Value)
	var addresses []myodai.Record
	for _, rr := range own {
		f := flaw{found: string(rr.Type) + " " + rr.Data}
		switch rr.Type {
		case myodai.TypeTXT:
			text := strings.ToLower(strings.TrimSuffix(strings.Trim(rr.Text(), "\" \t"), "."))
			if text == want {
				f.cause = CNAMEEnteredAsTXT
				return []flaw{f}
			}
			want := v.keyText(item)
			if item.Purpose == myodai.PurposeDKIM && (sameKey(rr.Text(), want) || want == "" && sameKey(rr.Text(), rr.Text())) {
				f.cause = CNAMEResolvedIntoTXT
				return append(v.content(item), f) // a second key beside it does more harm
			}
		case myodai.TypeMX:
			if host := mxHost(rr.Data); host == want || strings.HasPrefix(host, want+".") {
				f.cause = CNAMEEnteredAsMX
				return []flaw{f}
			}
		case myodai.TypeNS:
			if strings.HasPrefix(rr.Data, want) {
				f.cause = CNAMEEnteredAsNS
				return []flaw{f}
			}
		case myodai.TypeA, myodai.TypeAAAA:
			addresses = append(addresses, rr)
		}
	}
	if len(addresses) > 0 {
		return []flaw{v.addressFlaw(item, addresses)}
	}
	if flaws := v.content(item); len(flaws) > 0 {
		return flaws
	}
	// Something else is there, which has to make room.
	return []flaw{{cause: RecordMissing, found: string(own[0].Type) + " " + own[0].Data}}
}

// addressFlaw judges addresses where an alias was planned: a proxy's, those of
// the alias itself, a forwarding service's, or old ones.
func (v *view) addressFlaw(item plan.Item, own []myodai.Record) flaw {
	var list, data []string
	for _, rr := range own {
		list, data = append(list, string(rr.Type)+" "+rr.Data), append(data, rr.Data)
	}
	slices.Sort(list)
	slices.Sort(data)
	f := flaw{found: strings.Join(list, "\n"), args: map[string]string{"found": strings.Join(data, ", ")}}
	target := myodai.Name(strings.ToLower(item.Value))
	ours := v.addressesOf(target)
	tracking := item.Purpose == myodai.PurposeTracking
	equal := len(ours) > 0 && !slices.ContainsFunc(data, func(a string) bool { return !slices.Contains(ours, a) })
	switch {
	case equal && flattens(v.host.ID):
		f.cause, f.args["verdict"] = CNAMEFlattened, "accepted"
		if !tracking {
			f.severity, f.args["verdict"] = blocks, "text"
		}
	case equal:
		f.cause = CNAMECopiedIP
		if !tracking {
			f.severity = blocks
		}
	case proxied(data):
		f.cause = CNAMEProxiedByCDN
	case forwarding(data):
		f.cause = ForwardingInsteadOfCNAME
	case tracking:
		f.cause = TrackingAInsteadOfCNAME
		if !slices.ContainsFunc(own, func(rr myodai.Record) bool { return rr.Type == myodai.TypeA }) {
			f.args["only"] = "AAAA"
		}
	default:
		f.cause = TrackingAInsteadOfCNAME
	}
	return f
}

// addressesOf lists the addresses at the end of a name's aliases.
func (v *view) addressesOf(name myodai.Name) []string {
	var list []string
	for _, t := range []myodai.RecordType{myodai.TypeA, myodai.TypeAAAA} {
		for _, rr := range v.chain(name, t).end {
			list = append(list, rr.Data)
		}
	}
	return list
}
