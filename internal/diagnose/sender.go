package diagnose

import (
	"errors"
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
	"github.com/myodai/myodai/internal/dmarc"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/spf"
)

// placed is a flaw with the item it belongs to.
type placed struct {
	item plan.Item
	flaw flaw
}

// senderFlaws judges what the records make of the domain as a sender, beyond
// what any single one of them says: whose they count for, and what stands
// elsewhere on their account.
func (v *view) senderFlaws() []placed {
	var list []placed
	for i, item := range v.plan.Items {
		var flaws []flaw
		switch item.Purpose {
		case myodai.PurposeReturnPath:
			if i == v.firstOf(item) {
				flaws = v.returnFlaws(item)
			}
		case myodai.PurposeTracking:
			flaws = v.trackingFlaws(item)
		case myodai.PurposeSPF:
			flaws = v.typeSPF(item)
		case myodai.PurposeDKIM:
			if i == v.firstKey() {
				list = append(list, v.ed25519Only(item)...)
			}
		}
		for _, f := range flaws {
			list = append(list, placed{item, f})
		}
	}
	if v.in.Known.Reviewing {
		v.lookup(v.plan.Domain, myodai.TypeMX)
		for _, f := range hostFlaws(v.records(v.plan.Domain, myodai.TypeMX), v.zone, v.hosts) {
			list = append(list, placed{plan.Item{}, f})
		}
	}
	return list
}

// firstOf is the index of the first item of the same purpose and name.
func (v *view) firstOf(item plan.Item) int {
	return slices.IndexFunc(v.plan.Items, func(other plan.Item) bool {
		return other.Purpose == item.Purpose && other.Name == item.Name
	})
}

// firstKey is the index of the first Ed25519 key that is there.
func (v *view) firstKey() int {
	return slices.IndexFunc(v.plan.Items, func(item plan.Item) bool {
		if item.Purpose != myodai.PurposeDKIM || !slices.ContainsFunc(v.texts(item.Name), mentionsEd25519) {
			return false // which is seldom, and to be known without reading every RSA key
		}
		data, ok := v.key(item)
		return ok && data.Algorithm == myodai.KeyEd25519
	})
}

func mentionsEd25519(rr myodai.Record) bool { return strings.Contains(rr.Data, "25519") } // in any case

// firstPurpose is the index of the first item of a purpose, -1 for none.
func (v *view) firstPurpose(p myodai.Purpose) int {
	return slices.IndexFunc(v.plan.Items, func(item plan.Item) bool { return item.Purpose == p })
}

// key reads the one key record of an item; ok is false when no receiver can use
// it.
func (v *view) key(item plan.Item) (data dkim.KeyRecordData, ok bool) {
	if item.Purpose != myodai.PurposeDKIM {
		return data, false
	}
	texts := v.texts(item.Name)
	if len(texts) != 1 {
		return data, false
	}
	data, err := dkim.ParseKeyRecord(texts[0].Text())
	return data, err == nil
}

// ed25519Only finds that no RSA key is published where every other answer is
// known: many receivers cannot verify Ed25519 (RFC 8463 §5). The finding belongs
// to the RSA key of the plan, when there is one.
func (v *view) ed25519Only(key plan.Item) []placed {
	f := flaw{cause: DKIMEd25519Only, open: true}
	for _, item := range v.plan.Items {
		if item.Purpose != myodai.PurposeDKIM {
			continue
		}
		texts := v.texts(item.Name)
		data, ok := v.key(item)
		planned, err := dkim.ParseKeyRecord(v.keyText(item))
		switch {
		case ok && data.Algorithm == myodai.KeyEd25519:
			f.found = texts[0].Text()
		case len(texts) > 0: // an RSA key, or a broken one, which has a finding of its own
			return nil
		case !v.chain(item.Name, myodai.TypeTXT).known:
			return nil
		case f.open && (err != nil || planned.Algorithm == myodai.KeyRSA):
			key, f.open = item, false
		}
	}
	return []placed{{key, f}}
}

// returnFlaws judges where the return path is, and whether its MX record went to
// the domain itself.
func (v *view) returnFlaws(item plan.Item) []flaw {
	var flaws []flaw
	var wanted []string
	if item.Value != "" && item.Name != v.plan.Domain && item.Type != myodai.TypeTXT {
		wanted = v.wantedMX(item)
	}
	v.lookup(v.plan.Domain, myodai.TypeMX)
	for _, want := range wanted {
		if flaws == nil {
			flaws = apexFlaws(v.records(v.plan.Domain, myodai.TypeMX), want, v.formerMX(want))
		}
	}
	return append(flaws, alignedFlaws(v.plan.Domain, item.Name, v.policies())...)
}

// formerMX is what the domain's own MX records were when they were last seen
// without ours.
func (v *view) formerMX(ours string) string {
	for _, o := range v.in.Earlier {
		var list []string
		for _, a := range o.About(v.plan.Domain, myodai.TypeMX) {
			for _, rr := range a.Of(myodai.TypeMX) {
				if mxHost(rr.Data) != mxHost(ours) && !slices.Contains(list, rr.Data) {
					list = append(list, rr.Data)
				}
			}
		}
		if len(list) > 0 {
			slices.Sort(list)
			return strings.Join(list, ", ")
		}
	}
	return ""
}

// trackingFlaws judges a tracking host's name, and whether a certificate can be
// had for it.
func (v *view) trackingFlaws(item plan.Item) []flaw {
	dns01 := slices.ContainsFunc(v.plan.Items, func(other plan.Item) bool { return other.Purpose == myodai.PurposeACME })
	for _, name := range item.Name.Ancestors() { // all at once, where the climb would ask one by one
		v.lookup(name, myodai.TypeCAA)
	}
	flaws := siteFlaws(item.Name, v.plan.Domain, item.Value)
	return append(flaws, caaFlaws(item.Name, dns01, v.in.Known.issuers(), v.caa)...)
}

// typeSPF99 is the obsolete type for SPF records (RFC 7208 §3.1).
const typeSPF99 myodai.RecordType = "SPF"

// typeSPF finds an SPF record of the obsolete type. Beside one in a TXT record
// it does no harm; alone nobody reads it.
func (v *view) typeSPF(item plan.Item) []flaw {
	old := v.records(item.Name, typeSPF99)
	if len(old) == 0 {
		v.lookup(item.Name, typeSPF99)
		return nil
	}
	text := strings.Trim(old[0].Data, `"`)
	f := flaw{cause: SPFType99, found: text, open: true}
	has := slices.ContainsFunc(v.texts(item.Name), func(rr myodai.Record) bool { return kindOf(rr.Text()) == textSPF })
	if !has && v.chain(item.Name, myodai.TypeTXT).known {
		f.severity = blocks
		if f.expected = v.spfJudge(item, text).proposed(); f.expected == "" {
			f.expected = text
		}
	}
	return []flaw{f}
}

// withoutSPF says of a domain under review that it has no SPF record, and which
// one would fit by where it receives mail. A record of the obsolete type has a
// finding of its own.
func (v *view) withoutSPF(item plan.Item) []flaw {
	if c := v.chain(item.Name, myodai.TypeTXT); !c.known || len(v.records(item.Name, typeSPF99)) > 0 {
		return nil
	}
	var hosts []myodai.Name
	for _, rr := range v.records(item.Name, myodai.TypeMX) {
		if host := mxHost(rr.Data); host != "" {
			hosts = append(hosts, myodai.Name(host))
		}
	}
	senders := spf.SendersByMX(item.Name, hosts)
	text := "v=spf1 " + strings.Join(append(senders, "~all"), " ")
	switch {
	case len(hosts) == 0:
		text = "v=spf1 -all" // who receives no mail hardly sends any
	case len(senders) == 0:
		text = "v=spf1 mx ~all"
	}
	f := flaw{cause: SPFMissing, expected: text, args: map[string]string{}}
	if v.firstPurpose(myodai.PurposeDKIM) < 0 {
		f.severity = blocks // nothing at all tells its mail from a forger's
	}
	return []flaw{f}
}

// signing lists the domains of d= in signatures, by the names of the keys.
func (v *view) signing() []myodai.Name {
	var list []myodai.Name
	for _, item := range v.plan.Items {
		_, domain, ok := strings.Cut(string(item.Name), "._domainkey.")
		if name := myodai.Name(domain); ok && item.Purpose == myodai.PurposeDKIM && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// policies is the tree of DMARC records, which several judgements walk.
func (v *view) policies() *dmarc.Tree {
	if v.tree == nil {
		v.tree = dmarc.NewTree(v.policyTexts)
	}
	return v.tree
}

// policyTexts is a dmarc.Lookup over the observation.
func (v *view) policyTexts(name myodai.Name) (texts []string, exists bool, err error) {
	c := v.chain(name, myodai.TypeTXT)
	if !c.known && v.beyond(name) {
		return nil, false, nil
	}
	if !c.known {
		return nil, false, errors.New("no server answered for TXT " + string(name))
	}
	for _, rr := range c.end {
		texts = append(texts, rr.Text())
	}
	return texts, !c.absent, nil
}

// beyond reports whether the one server that stands for all DNS refused to speak
// of a name above the domain's zone: there is nothing to find there.
func (v *view) beyond(name myodai.Name) bool {
	if v.walked() != "" || v.zone == "" || name.Under(v.zone) {
		return false
	}
	return slices.ContainsFunc(v.replies(name, myodai.TypeTXT), func(a *myodai.Answer) bool { return a.RCode == "REFUSED" })
}
