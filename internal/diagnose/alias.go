package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// besideAlias finds what must not stand beside an alias, and more than one alias
// (RFC 1034 §3.6.2, RFC 2181 §10.1).
func (v *view) besideAlias(item plan.Item) []flaw {
	own := v.own(item.Name)
	aliases := v.ownAliases(own)
	if len(aliases) == 0 || item.Name == v.zone {
		return nil
	}
	var all, others []string
	for _, a := range aliases {
		all = append(all, "CNAME "+string(a))
	}
	if len(aliases) > 1 {
		slices.Sort(all)
		return []flaw{{cause: CNAMEMultiple, found: strings.Join(all, "\n"), args: map[string]string{"n": decimal(len(aliases))}}}
	}
	for _, rr := range own {
		if rr.Type != myodai.TypeCNAME && rr.Type != myodai.TypeDNAME {
			all = append(all, string(rr.Type)+" "+rr.Data)
			if !slices.Contains(others, string(rr.Type)) {
				others = append(others, string(rr.Type))
			}
		}
	}
	if len(others) == 0 {
		return nil
	}
	return []flaw{{cause: CNAMEWithOtherData, found: strings.Join(all, "\n"), args: map[string]string{"others": strings.Join(others, ", ")}}}
}

// aliasFlaws judges an alias that stands at an item's name and does not lead
// where it should.
func (v *view) aliasFlaws(item plan.Item, aliases []myodai.Name) []flaw {
	found := aliases[0]
	if item.Type == myodai.TypeCNAME && string(found) == strings.ToLower(item.Value) {
		return nil // right; what else was asked had no answer
	}
	if item.Type != myodai.TypeCNAME {
		if text := strings.ToLower(string(found)); strings.HasPrefix(text, "v=") || strings.HasPrefix(text, "v\\=") ||
			strings.HasPrefix(text, "p=") || strings.HasPrefix(text, "k=") || strings.HasPrefix(text, `"v=`) || strings.HasPrefix(text, `\"v=`) {
			return []flaw{{cause: TXTEnteredAsCNAME, found: "CNAME " + string(found)}}
		}
		if flaws := v.content(item); len(flaws) > 0 || len(v.chain(item.Name, item.Type).end) > 0 {
			return flaws // whoever holds the record: it is what it says that counts
		}
	}
	if f, ok := v.longWay(item); ok && item.Type == myodai.TypeCNAME && f.cause != DNAMECoversRecord {
		f.severity = blocks // longer than the plan is followed
		return []flaw{f}
	}
	if item.Purpose == myodai.PurposeACME {
		for _, f := range v.challengeContent(item) {
			if f.cause == ACMEChallengeProxied {
				return []flaw{f}
			}
		}
	}
	if c := v.chain(item.Name, v.endType(item)); c.dname != "" {
		return []flaw{{cause: DNAMECoversRecord, severity: blocks, found: "DNAME at " + string(c.dname), args: map[string]string{"owner": string(c.dname)}}}
	}
	return []flaw{v.aliasValue(item, found)}
}

// aliasValue names the mistake in the target of an alias.
func (v *view) aliasValue(item plan.Item, target myodai.Name) flaw {
	found, want := string(target), strings.ToLower(strings.TrimSuffix(item.Value, "."))
	f := flaw{found: "CNAME " + found, args: map[string]string{"found": found}}
	bare := v.withoutZone(item, found)
	for _, judge := range []func(f *flaw, found, bare, want string) bool{
		v.malformed, v.appended, v.looped(item), v.exchangedTargets(item), v.alteredTarget,
		v.formerTarget, v.foreignToken(item), v.truncatedTarget, v.misspelledTarget,
	} {
		if judge(&f, found, bare, want) {
			return f
		}
	}
	if v.ours != "" && myodai.Name(bare).Under(v.ours) {
		// In our zone, and not even nearly what was planned: of another claim.
		f.cause = CNAMETargetOtherTenant
		f.args["got"], f.args["tok"] = otherLabel(bare, want, v.token(item)), v.token(item)
		return f
	}
	f.cause = ValueOfPreviousProvider
	f.args["esp"] = string(target.Registrable())
	if f.args["esp"] == "" {
		f.args["esp"] = found
	}
	return f
}

// otherLabel is what stands in a target where the token of the planned one is,
// counted from the end; the whole target where there is no such label.
func otherLabel(found, want, token string) string {
	a, b := strings.Split(found, "."), strings.Split(want, ".")
	slices.Reverse(a)
	slices.Reverse(b)
	if at := slices.Index(b, token); at >= 0 && at < len(a) {
		return a[at]
	}
	return found
}

// withoutZone takes off the zone that a panel added to a target.
func (v *view) withoutZone(item plan.Item, found string) string {
	for _, zone := range append([]myodai.Name{v.zoneOf(item.Name)}, item.Name.Ancestors()...) {
		if rest, ok := strings.CutSuffix(found, "."+string(zone)); ok && zone.Labels() > 1 {
			return rest
		}
	}
	return found
}

// malformed finds addresses and URLs in place of a host name.
func (v *view) malformed(f *flaw, found, bare, _ string) bool {
	if _, err := netip.ParseAddr(bare); err == nil {
		f.cause = CNAMETargetIsIP
		return true
	}
	if strings.Contains(found, "/") || strings.Contains(found, ":") || strings.HasPrefix(found, "http") && strings.Contains(found, `\`) {
		f.cause = ValueHasSchemeOrPath
		return true
	}
	return false
}

func (v *view) appended(f *flaw, found, bare, want string) bool {
	if bare != want || bare == found {
		return false
	}
	f.cause = CNAMETargetSuffixAppended
	f.args["added"] = strings.TrimPrefix(found, want)
	return true
}

func (v *view) looped(item plan.Item) func(f *flaw, found, bare, want string) bool {
	return func(f *flaw, _, _, _ string) bool {
		c := v.chain(item.Name, v.endType(item))
		if !c.loop {
			return false
		}
		names := []string{string(item.Name)}
		for _, hop := range c.hops {
			names = append(names, string(hop))
		}
		f.cause = CNAMELoop
		f.args["chain"] = strings.Join(names, " -> ")
		return true
	}
}

// exchangedTargets finds values of the plan at the wrong one of its names.
func (v *view) exchangedTargets(item plan.Item) func(f *flaw, found, bare, want string) bool {
	return func(f *flaw, found, bare, want string) bool {
		for _, other := range v.plan.Items {
			value := strings.ToLower(other.Value)
			if other.Type != myodai.TypeCNAME || other.Name == item.Name || value == want || bare != value && found != value {
				continue
			}
			f.args["n1"], f.args["n2"] = string(item.Name), string(other.Name)
			f.cause = CNAMETargetsIdentical
			if slices.ContainsFunc(v.aliases(other.Name), func(n myodai.Name) bool { return string(n) == want || v.withoutZone(other, string(n)) == want }) {
				f.cause = CNAMETargetsSwapped
			}
			return true
		}
		return false
	}
}

// alteredTarget finds a panel's changes: the underscore, a dash, a name that is
// not in ASCII.
func (v *view) alteredTarget(f *flaw, found, bare, want string) bool {
	plainDash := myodai.UnescapeText(bare)
	for _, dash := range dashes {
		plainDash = strings.ReplaceAll(plainDash, dash, "-")
	}
	without := func(s string) string { return strings.NewReplacer("_", "", "-", "", ".", "").Replace(s) }
	switch {
	case plainDash == want && bare != want:
		f.cause = HyphenLookalike
	case strings.Contains(want, "xn--") && strings.Contains(found, `\`):
		f.cause = IDNNotPunycode
		f.args["alabel"] = want
	case bare != want && without(bare) == without(want):
		f.cause = CNAMETargetUnderscoreAltered
	default:
		return false
	}
	return true
}

func (v *view) formerTarget(f *flaw, found, bare, _ string) bool {
	for _, former := range v.in.Known.Former {
		if value := strings.ToLower(former.Value); value == found || value == bare {
			f.cause = ValueOutdatedToken
			f.args["date"] = stamp(former.ReplacedAt)
			return true
		}
	}
	return false
}

// foreignToken finds a target of our shape with another claim's token. A token
// that is nearly ours is a slip of the hand instead, unless it exists.
func (v *view) foreignToken(item plan.Item) func(f *flaw, found, bare, want string) bool {
	return func(f *flaw, _, bare, want string) bool {
		token := v.token(item)
		a, b := strings.Split(bare, "."), strings.Split(want, ".")
		if token == "" || len(a) != len(b) {
			return false
		}
		got := ""
		for i := range a {
			switch {
			case a[i] == b[i]:
			case b[i] == token && got == "":
				got = a[i]
			default:
				return false
			}
		}
		most := 1
		if len(token) > 10 {
			most = 3
		}
		exists := v.chain(myodai.Name(bare), v.endType(item)).end != nil
		if got == "" || !exists && (distance(got, token, most) <= most || strings.HasPrefix(token, got) || strings.HasSuffix(token, got)) {
			return false
		}
		f.cause = CNAMETargetOtherTenant
		f.args["got"], f.args["tok"] = got, token
		return true
	}
}

func (v *view) truncatedTarget(f *flaw, _, bare, want string) bool {
	bare = strings.TrimSuffix(bare, ".")
	if bare == want || len(bare) < 3 || !strings.HasPrefix(want, bare) && !strings.HasSuffix(want, bare) {
		return false
	}
	f.cause = CNAMETargetTruncated
	return true
}

func (v *view) misspelledTarget(f *flaw, found, bare, want string) bool {
	if distance(found, want, 3) > 3 && distance(bare, want, 3) > 3 {
		return false
	}
	f.cause = CNAMETargetTypo
	return true
}

// endType is the type of record that the target of an item's alias holds.
func (v *view) endType(item plan.Item) myodai.RecordType {
	switch item.Purpose {
	case myodai.PurposeReturnPath:
		return myodai.TypeMX
	case myodai.PurposeTracking:
		return myodai.TypeA
	}
	return myodai.TypeTXT
}
