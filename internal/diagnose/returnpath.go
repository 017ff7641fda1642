package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// mxPlan is what the MX records of a return path should be.
type mxPlan struct {
	want string      // as planned, "10 feedback.plat.example"
	zone myodai.Name // that the name stands in, "" when not known
}

// mxFlaws says what is wrong with the MX records at a return path: bounces must
// come to us and to nobody else.
func mxFlaws(records []myodai.Record, p mxPlan) []flaw {
	if len(records) == 0 {
		return nil
	}
	want := mxHost(p.want)
	var ours, others, found []string
	null := false
	for _, rr := range records {
		found = append(found, rr.Data)
		switch host := mxHost(rr.Data); host {
		case want:
			ours = append(ours, rr.Data)
		case "":
			null = true
		default:
			others = append(others, rr.Data)
		}
	}
	slices.Sort(found) // servers turn record sets around
	slices.Sort(others)
	f := flaw{found: strings.Join(found, "\n"), expected: p.want, args: map[string]string{"found": strings.Join(others, ", ")}}
	switch {
	case null:
		f.cause = ReturnpathNullMX
		f.args["found"] = "0 ."
	case len(ours) == 0:
		f.cause = ReturnpathExtraMX
		f.severity = myodai.SeverityBlocks // no bounce reaches us at all
		for _, data := range others {
			if why := badTarget(mxHost(data), want, p.zone); why != "" {
				f.cause, f.severity = MXTargetInvalid, ""
				f.args["found"], f.args["why"] = data, why
				break
			}
		}
	case len(others) > 0:
		f.cause = ReturnpathExtraMX
	default:
		return nil
	}
	return []flaw{f}
}

// badTarget says how the host of an MX record came to be no host, or not the one
// that was meant; "" when neither can be seen.
func badTarget(host, want string, zone myodai.Name) string {
	host = myodai.UnescapeText(host)
	switch literal := strings.Trim(host, "[]"); {
	case isAddress(literal), zone != "" && isAddress(strings.TrimSuffix(literal, "."+string(zone))):
		return "address"
	case want == "":
		return ""
	case strings.HasPrefix(host, want+"."):
		return "appended"
	case priorityTyped(host, want):
		return "priority"
	case near(host, want) || strings.HasPrefix(want, host+"."):
		return "typo"
	}
	return ""
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// priorityTyped reports whether the host is ours with the priority typed in
// front of it, and perhaps the zone added behind.
func priorityTyped(host, want string) bool {
	rest := strings.TrimLeft(host, "0123456789")
	if rest == host {
		return false
	}
	rest = strings.TrimLeft(rest, " .-_")
	return rest == want || strings.HasPrefix(rest, want+".")
}

// apexFlaws finds our MX record in place of the domain's own, which its mail
// needs: the most harmful mistake of all.
func apexFlaws(records []myodai.Record, want string, before string) []flaw {
	ours, others := false, []string{}
	for _, rr := range records {
		if host := mxHost(rr.Data); host != "" && host == mxHost(want) {
			ours = true
		} else {
			others = append(others, rr.Data)
		}
	}
	if !ours {
		return nil
	}
	slices.Sort(others)
	if before == "" {
		before = strings.Join(others, ", ")
	}
	return []flaw{{
		cause: ReturnpathReplacedApexMX, found: want, expected: before, open: true,
		args: map[string]string{"oldmx": before},
	}}
}

// hostFlaws judges the MX records of a domain as such: hosts that are none.
func hostFlaws(records []myodai.Record, zone myodai.Name, hosts hostLookup) []flaw {
	for _, rr := range records {
		host := mxHost(rr.Data)
		if host == "" {
			continue
		}
		f := flaw{cause: MXTargetInvalid, found: rr.Data, args: map[string]string{"found": rr.Data}}
		if why := badTarget(host, "", zone); why != "" {
			f.args["why"] = why
			return []flaw{f}
		}
		name := myodai.Name(host)
		alias, known := hosts(name, myodai.TypeCNAME)
		if known && len(alias) > 0 { // RFC 2181 §10.3
			f.args["why"] = "alias"
			f.expected = strings.TrimSuffix(rr.Data, host) + alias[0].Data
			f.severity = myodai.SeverityFragile // most senders follow it all the same
			return []flaw{f}
		}
		v4, known4 := hosts(name, myodai.TypeA)
		v6, known6 := hosts(name, myodai.TypeAAAA)
		if known4 && known6 && len(v4)+len(v6) == 0 {
			f.args["why"] = "unresolved"
			return []flaw{f}
		}
	}
	return nil
}

// alignedFlaws finds a return path outside the sending domain, with which SPF
// never counts for DMARC (RFC 9989 §4.10.2). Where no DMARC record is published
// yet, the public suffix list tells what the tree walk will.
func alignedFlaws(domain, bounce myodai.Name, tree *dmarc.Tree) []flaw {
	found, err := tree.Discover(domain)
	aligned := bounce.Registrable() == domain.Registrable()
	if found.At == domain && found.Record.Suffix == dmarc.SuffixYes {
		return nil // which has a finding of its own
	}
	if err == nil && found.Applies() {
		if aligned, err = tree.Aligned(domain, bounce, dmarc.ModeRelaxed); err != nil {
			return nil
		}
	}
	if aligned {
		return nil
	}
	label, _, _ := strings.Cut(string(bounce), ".")
	return []flaw{{
		cause: ReturnpathNotAligned, found: string(bounce), expected: string(domain.Child(label)),
		args: map[string]string{},
	}}
}
