package diagnose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// keyPlan is what a selector should hold, and what it might hold by mistake.
type keyPlan struct {
	want   string            // text of the planned key record, "" when it is not known
	others map[string]string // the planned texts of the other selectors, by selector
	former []Former          // values this claim was asked for before
	limit  int               // octets the DNS host takes in a TXT value, 0 when not known
	below  bool              // signatures name identities below the domain, or nobody knows which
}

// keyFlaws says what is wrong with the TXT records at a selector. The most
// specific mistake that explains what is there comes alone; only a record whose
// key is right is looked at for its flags as well.
func keyFlaws(records []myodai.Record, p keyPlan) []flaw {
	if len(records) == 0 {
		return nil
	}
	for _, rr := range records {
		if text := rr.Text(); holdsPrivateKey(text) {
			return []flaw{{cause: DKIMPrivateKeyPublished, found: text, expected: p.want, args: map[string]string{}}}
		}
	}
	if len(records) > 1 {
		return []flaw{severalKeys(records, p)}
	}
	k := keyText{keyPlan: p, text: records[0].Text(), strings: stringsOf(records[0])}
	k.parse()
	if k.err == nil && k.wantP != "" && squeeze(k.public, "") == k.wantP {
		return k.flags() // whatever else stands there, every receiver reads the right key
	}
	for _, judge := range []func() (flaw, bool){
		k.typing, k.exchanged, k.quoted, k.joints, k.caseChanged, k.comparison, k.grammar, k.usable,
	} {
		if f, ok := judge(); ok {
			return []flaw{f}
		}
	}
	return k.flags()
}

// stringsOf lists the strings of a TXT record as octets.
func stringsOf(rr myodai.Record) []string {
	list := make([]string, 0, len(rr.Strings))
	for _, s := range rr.Strings {
		list = append(list, myodai.UnescapeText(s))
	}
	return list
}

// keyText is the one TXT record of a selector under judgement.
type keyText struct {
	keyPlan
	text    string
	strings []string
	public  string // p= as it stands, with the white space inside it
	hasP    bool
	wantP   string
	data    dkim.KeyRecordData
	err     error
}

var (
	publicTag = regexp.MustCompile(`(?s)(?:^|[;,\s"\x{ff1b}\x{ff0c}])[pP]\s*[=\x{ff1d}]([^;\x{ff1b}]*)`)
	blob      = regexp.MustCompile(`[A-Za-z0-9+/]{40,}={0,2}`)
	blanks    = regexp.MustCompile(`[\s\x{00a0}\x{3000}\x{200b}\x{feff}]+`)
)

func (k *keyText) parse() {
	k.data, k.err = dkim.ParseKeyRecord(k.text)
	if m := publicTag.FindStringSubmatch(k.text); m != nil {
		k.public, k.hasP = strings.Trim(m[1], " \t\r\n\""), true
	}
	k.wantP = publicOf(k.want)
}

// publicOf is p= of a key record without white space, "" when there is none.
func publicOf(text string) string {
	m := publicTag.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return blanks.ReplaceAllString(m[1], "")
}

func (k *keyText) flaw(cause myodai.Cause, args ...string) (flaw, bool) {
	f := flaw{cause: cause, found: k.text, expected: k.want, args: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		f.args[args[i]] = args[i+1]
	}
	return f, true
}

// typing finds what has nothing to do with keys: quotation marks of word
// processors, pasted lines, backslashes.
func (k *keyText) typing() (flaw, bool) {
	if strings.Contains(k.text, "-----BEGIN") {
		return k.flaw(DKIMPEMArmor)
	}
	if k.want != "" && strings.Contains(k.text, `"`) && squeeze(k.text, `"`) == squeeze(k.want, "") {
		return k.flaw(DKIMTXTQuotesInside)
	}
	return mistyped(k.text, k.want)
}

// squeeze takes white space and the given characters out of a text.
func squeeze(text, also string) string {
	return strings.Map(dropRunes(also), blanks.ReplaceAllString(text, ""))
}

// exchanged finds the text of another kind of record.
func (k *keyText) exchanged() (flaw, bool) {
	if kind := kindOf(k.text); kind == textSPF || kind == textDMARC {
		return k.flaw(TXTValuesExchanged, "got", string(kind), "exp", string(textDKIM))
	}
	return flaw{}, false
}

func (k *keyText) quoted() (flaw, bool) {
	if !strings.Contains(k.text, `"`) {
		return flaw{}, false
	}
	f, ok := k.flaw(DKIMTXTQuotesInside)
	f.fallback(strings.ReplaceAll(strings.ReplaceAll(k.text, `" "`, ""), `"`, ""))
	return f, ok
}

// joints finds strings of one record that are put together wrongly: in another
// order, with a piece twice, or with a piece lost where one ends.
func (k *keyText) joints() (flaw, bool) {
	if k.want == "" || len(k.strings) < 2 || len(k.strings) > maxJoined {
		return flaw{}, false
	}
	want, found := squeeze(k.want, ""), squeeze(k.text, "")
	if found == want {
		return flaw{}, false
	}
	if _, ok := permuted(k.strings, want); ok {
		return k.flaw(DKIMTXTStringOrder)
	}
	for i := 1; i < len(k.strings); i++ {
		head := squeeze(strings.Join(k.strings[:i], ""), "")
		tail := squeeze(strings.Join(k.strings[i:], ""), "")
		if overlapping(head, tail, want) || overlapping(head, leadingTags.ReplaceAllString(tail, ""), want) {
			return k.flaw(DKIMTXTStringOverlap, "n", strconv.Itoa(len(k.strings)),
				"excess", strconv.Itoa(len(found)-len(want)))
		}
	}
	return flaw{}, false
}

// maxJoined bounds the strings whose joints are looked at: a key needs two.
const maxJoined = 8

// leadingTags are the tags in front of the key, which some people repeat in
// every part of it.
var leadingTags = regexp.MustCompile(`^(?:v=DKIM1;?)?(?:k=[a-z0-9]+;?)?(?:p=)?`)

// overlapping reports whether head begins and tail ends the wanted text, but
// too much or too little of it stands where they meet.
func overlapping(head, tail, want string) bool {
	return head != "" && tail != "" && strings.HasPrefix(want, head) && strings.HasSuffix(want, tail)
}

// maxPermuted bounds the parts that are tried in every order.
const maxPermuted = 5

// permuted finds the order in which parts make up the wanted text, white space
// and quotation marks aside.
func permuted(parts []string, want string) ([]int, bool) {
	if len(parts) < 2 || len(parts) > maxPermuted {
		return nil, false
	}
	clean := make([]string, len(parts))
	for i, part := range parts {
		clean[i] = squeeze(part, `"()`)
	}
	return arrange(clean, want, nil)
}

func arrange(parts []string, want string, used []int) ([]int, bool) {
	if len(used) == len(parts) {
		return used, want == ""
	}
	for i, part := range parts {
		if slices.Contains(used, i) || !strings.HasPrefix(want, part) {
			continue
		}
		if order, ok := arrange(parts, want[len(part):], append(used[:len(used):len(used)], i)); ok {
			return order, true
		}
	}
	return nil, false
}

func (k *keyText) caseChanged() (flaw, bool) {
	found := squeeze(k.public, "")
	switch {
	case k.wantP != "" && found != k.wantP && strings.EqualFold(found, k.wantP):
		return k.flaw(DKIMBase64CaseChanged)
	case k.wantP == "" && len(found) > 40 && strings.HasPrefix(found, "mi") && found == strings.ToLower(found):
		return k.flaw(DKIMBase64CaseChanged) // no key of this size is without a capital
	}
	return flaw{}, false
}
