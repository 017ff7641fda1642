package diagnose

import (
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// maxCandidates bounds how many other names are tried for one missing record, and
// maxTried for all of them together in one check. MaxProbes is what a prober has
// to allow of questions to single servers, the others among them included.
const (
	maxCandidates = 60
	maxTried      = 220
	MaxProbes     = 320
)

// candidate is another name at which a record may have been entered, and the
// mistake that leads there.
type candidate struct {
	name  myodai.Name
	cause myodai.Cause
	args  []string // of the texts, in pairs
}

// candidates lists where to look for a planned record that is not at its own
// name, the likeliest first, each name once.
func (v *view) candidates(item plan.Item) []candidate {
	if item.Value == "" || item.Name == "" {
		return nil
	}
	s := search{v: v, item: item, domain: v.plan.Domain, zone: v.zone}
	if zone := v.zoneOf(item.Name); zone != "" {
		s.zone = zone
	}
	s.split()
	for _, look := range []func(){s.doubled, s.ancestors, s.underscores, s.dkimLabels, s.reordered, s.prefixed, s.purposes, s.spelled, s.selectors, s.fullWidth, s.invisible, s.dashed, s.literal, s.swapped, s.siblings, s.unicode} {
		look()
	}
	return s.list[:min(len(s.list), maxCandidates)]
}

// search collects candidates for one item.
type search struct {
	v      *view
	item   plan.Item
	domain myodai.Name // the sending domain
	zone   myodai.Name // that the item's name stands in, "" when not known
	labels string      // of the item's name, above base
	base   myodai.Name // the sending domain, or the registrable one when the name is not below that
	list   []candidate
}

// split takes the name apart into what is typed and the domain.
func (s *search) split() {
	s.base = s.domain
	if !s.item.Name.Under(s.base) {
		s.base = s.item.Name.Registrable()
	}
	if s.item.Name == s.base {
		return
	}
	s.labels = strings.TrimSuffix(string(s.item.Name), "."+string(s.base))
}

// add notes a candidate, unless it cannot be a name or is one the plan uses.
func (s *search) add(cause myodai.Cause, name myodai.Name, args ...string) {
	if len(name) > 253 || name == s.item.Name || name == "" || strings.Contains(string(name), "..") || name[0] == '.' {
		return
	}
	for _, other := range s.v.plan.Items {
		if other.Name == name {
			return
		}
	}
	if !slices.ContainsFunc(s.list, func(c candidate) bool { return c.name == name }) {
		s.list = append(s.list, candidate{name, cause, args})
	}
}

// below notes labels under the base.
func (s *search) below(cause myodai.Cause, labels string, args ...string) {
	if labels != s.labels && labels != "" {
		s.add(cause, s.base.Child(labels), args...)
	}
}

// doubled is P1 and P2: the panel added the zone to a name that had it.
func (s *search) doubled() {
	if s.zone != "" {
		if org := s.zone.Registrable(); org != s.zone && org != "" {
			dup := strings.TrimSuffix(string(s.zone), "."+string(org))
			relative := myodai.Name(strings.TrimSuffix(string(s.item.Name), "."+string(org)))
			s.add(NameSubdomainDuplicated, s.zone.Child(string(relative)), "dup", dup)
		}
		s.add(NameSuffixDuplicated, s.zone.Child(string(s.item.Name)))
		s.add(NameSuffixDuplicated, s.zone.Child(string(s.zone.Child(string(s.item.Name)))))
	}
	if s.domain != s.zone {
		s.add(NameSuffixDuplicated, s.domain.Child(string(s.item.Name)))
		if s.zone != "" && s.labels != "" {
			dup := strings.TrimSuffix(string(s.base), "."+string(s.zone))
			s.add(NameSubdomainDuplicated, s.base.Child(s.labels+"."+dup), "dup", dup)
		}
	}
}

// ancestors is P3: the subdomain was left out.
func (s *search) ancestors() {
	if s.labels == "" || s.item.Purpose == myodai.PurposeDMARC {
		return
	}
	for _, above := range s.base.Parent().Ancestors() {
		if s.zone == "" || !above.Under(s.zone) {
			break
		}
		sub := strings.TrimSuffix(string(s.base), "."+string(above))
		s.add(NameMissingSubdomain, above.Child(s.labels), "sub", sub)
	}
}

// underscores is P8.
func (s *search) underscores() {
	if !strings.Contains(s.labels, "_") {
		return
	}
	s.below(NameUnderscoreMissing, strings.ReplaceAll(s.labels, "_", ""))
	s.below(NameUnderscoreToHyphen, strings.ReplaceAll(s.labels, "_", "-"))
	s.below(NameUnderscoreToHyphen, strings.ReplaceAll(s.labels, "._", "-"))
	s.below(NameDotLost, strings.ReplaceAll(s.labels, "._", "_"))
	s.below(NameDotLost, strings.ReplaceAll(s.labels, "._", ""))
	if i := strings.LastIndex(s.labels, "_"); i > 0 {
		s.below(NameUnderscoreMissing, s.labels[:i]+s.labels[i+1:])
	}
}

// dkimLabels is P4: one of the two labels is missing.
func (s *search) dkimLabels() {
	selector, rest, ok := strings.Cut(s.labels, "._domainkey")
	if !ok {
		return
	}
	s.add(NameMissingDomainkeyLabel, s.base.Child(selector+rest))
	s.add(NameMissingSelector, s.base.Child(strings.TrimPrefix(s.labels, selector+".")), "sel", selector)
}

// reordered is P5.
func (s *search) reordered() {
	list := strings.Split(s.labels, ".")
	switch len(list) {
	case 2:
		s.below(NameLabelsReversed, list[1]+"."+list[0])
	case 3:
		for _, p := range [][3]int{{1, 0, 2}, {2, 1, 0}, {0, 2, 1}, {1, 2, 0}, {2, 0, 1}} {
			s.below(NameLabelsReversed, list[p[0]]+"."+list[p[1]]+"."+list[p[2]])
		}
	}
}

// prefixed is P9: a host name was put in between, or in place of the labels.
func (s *search) prefixed() {
	for _, host := range []string{"www", "mail", "smtp", "ftp"} {
		if s.labels != "" {
			s.add(NameWwwPrefix, s.base.Child(s.labels+"."+host), "pre", host)
		}
		cause := NameWwwPrefix
		if s.item.Purpose == myodai.PurposeSPF {
			cause = SPFWrongHost
		}
		if s.item.Purpose == myodai.PurposeSPF || s.item.Purpose == myodai.PurposeDMARC {
			s.add(cause, s.base.Child(host), "pre", host)
		}
	}
	if s.item.Name.Labels() > 1 {
		s.add(NameWwwPrefix, s.item.Name.Child("www"), "pre", "www")
	}
}

// purposes adds what only one kind of record is prone to.
func (s *search) purposes() {
	switch s.item.Purpose {
	case myodai.PurposeSPF:
		for _, host := range []string{"_spf", "spf", "bounce", "bounces", "send"} {
			s.add(SPFWrongHost, s.base.Child(host), "pre", host)
		}
	case myodai.PurposeACME:
		for _, above := range s.item.Name.Parent().Parent().Ancestors() {
			if !above.Under(s.domain) && !above.Under(s.zone) || above.IsPublicSuffix() {
				break
			}
			s.add(ACMEChallengeWrongLevel, above.Child("_acme-challenge"), "click", string(s.item.Name.Parent()))
		}
	}
}

// misspelled are the mistakes seen in labels, by the label they are made in.
var misspelled = map[string][]string{
	"_domainkey":      {"_domainkeys", "_domain_key", "_domain-key", "_domiankey", "_domankey", "_doaminkey", "_dkim", "domainkey_", "_domainkey_", "_domainky", "_dmainkey", "_domeinkey", "__domainkey"},
	"_dmarc":          {"_damrc", "_dmarc1", "_demarc", "_dmark", "_dmarc_", "__dmarc", "_dmrac", "_darmc", "_dmac"},
	"bounce":          {"boucne", "bounces", "bounse", "bonuce", "bunce"},
	"click":           {"clik", "clicks", "clikc", "tracking", "track"},
	"_acme-challenge": {"_acme-challange", "_acme_challenge", "_acme-chalenge", "_acmechallenge", "_acme-challenges", "acme_challenge"},
}

// spelled is P6, with the labels that carry a tag of ours as well.
func (s *search) spelled() {
	list := strings.Split(s.labels, ".")
	for i, label := range list {
		stem, tag := label, ""
		if at := strings.IndexByte(label, '-'); at > 0 && misspelled[label] == nil {
			stem, tag = label[:at], label[at:]
		}
		for _, wrong := range append(slices.Clip(misspelled[stem]), untagged(stem, tag)...) {
			changed := slices.Clone(list)
			changed[i] = wrong + tag
			if wrong == stem {
				changed[i] = stem
			}
			s.below(NameTypo, strings.Join(changed, "."))
		}
	}
}

// untagged is the label without its tag, which somebody may have thought
// superfluous.
func untagged(stem, tag string) []string {
	if tag == "" || stem == "" || strings.HasPrefix(stem, "_") {
		return nil
	}
	return []string{stem}
}

// confusable are characters taken for one another.
var confusable = [][2]string{{"1", "l"}, {"1", "i"}, {"0", "o"}, {"l", "1"}, {"o", "0"}, {"rn", "m"}, {"m", "rn"}, {"i", "l"}, {"5", "s"}, {"s", "5"}}

// selectors is P7: another selector, by a character that looks the same.
func (s *search) selectors() {
	selector, rest, ok := strings.Cut(s.labels, ".")
	if s.item.Purpose != myodai.PurposeDKIM || !ok {
		return
	}
	n := 0
	for _, pair := range confusable {
		for at := 0; at < len(selector) && n < 12; at++ {
			if strings.HasPrefix(selector[at:], pair[0]) {
				got := selector[:at] + pair[1] + selector[at+len(pair[0]):]
				s.below(NameSelectorConfusable, got+"."+rest, "got", got, "sel", selector)
				n++
				break
			}
		}
	}
}

// raw writes labels as names of octets are written (RFC 1035 §5.1), the way
// answers show them.
func raw(labels string) string {
	var b strings.Builder
	for _, c := range []byte(labels) {
		switch {
		case c < ' ' || c > '~':
			b.WriteString("\\" + string([]byte{'0' + c/100, '0' + c/10%10, '0' + c%10}))
		case c == '@' || c == ' ' || c == '"' || c == ';' || c == '(' || c == ')' || c == '\'':
			b.WriteString("\\" + string(c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// odd notes labels that are not ASCII, as octets and as an encoding panel would
// store them.
func (s *search) odd(cause myodai.Cause, labels string, encoded bool, args ...string) {
	s.below(cause, raw(labels), args...)
	if a, err := idna.Punycode.ToASCII(labels); encoded && err == nil && a != labels {
		s.below(cause, a, args...)
	}
}
