package diagnose

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// comparison says how the published key came to differ from the planned one,
// when one can be seen in the other.
func (k *keyText) comparison() (flaw, bool) {
	if k.wantP == "" {
		return flaw{}, false
	}
	if !k.hasP {
		if strings.Contains(squeeze(k.text, ""), k.wantP) {
			return k.flaw(DKIMPTagMissing)
		}
		return flaw{}, false
	}
	found := squeeze(k.public, "")
	if found == "" || found == k.wantP {
		return flaw{}, false
	}
	for _, selector := range slices.Sorted(maps.Keys(k.others)) {
		if publicOf(k.others[selector]) == found {
			return k.flaw(DKIMKeyOfOtherSelector, "other", selector)
		}
	}
	for _, former := range k.former {
		if publicOf(former.Value) == found {
			return k.flaw(ValueOutdatedToken, "date", stamp(former.ReplacedAt))
		}
	}
	for _, judge := range []func(found string) (flaw, bool){k.decoded, k.cut, k.corrupted} {
		if f, ok := judge(found); ok {
			return f, true
		}
	}
	return flaw{}, false
}

// usualCuts are the lengths at which panels cut a TXT value: a string of the
// wire holds 255 octets, and fields are sized a little less or twice that.
var usualCuts = []int{250, 253, 254, 255, 256, 500, 510, 512}

// shortest is how much of a key has to be left to be recognized as a part of it.
const shortest = 12

// cut finds a key of which a part is missing.
func (k *keyText) cut(found string) (flaw, bool) {
	if len(found) < shortest || len(found) >= len(k.wantP) {
		return flaw{}, false
	}
	end := ""
	switch {
	case strings.HasPrefix(k.wantP, found):
		if k.cutByPanel() {
			return k.truncated255()
		}
		end = "end"
	case strings.HasSuffix(k.wantP, found):
		end = "beginning"
	case strings.Contains(k.wantP, found):
		end = "beginning and end"
	default:
		head, tail := common(found, k.wantP)
		if head+tail < len(found) {
			return flaw{}, false
		}
		end = "middle"
	}
	return k.flaw(DKIMPTruncated, "got", strconv.Itoa(len(found)), "exp", strconv.Itoa(len(k.wantP)), "end", end)
}

func (k *keyText) cutByPanel() bool {
	return slices.Contains(usualCuts, len(k.text)) || k.limit > 0 && len(k.text) == k.limit
}

func (k *keyText) truncated255() (flaw, bool) {
	n := strconv.Itoa(len(k.text))
	return k.flaw(DKIMTXTTruncated255, "n", n, "limit", n)
}

// common is the length of the beginning and of the end that two texts share,
// which do not overlap in either.
func common(a, b string) (head, tail int) {
	short := min(len(a), len(b))
	for head < short && a[head] == b[head] {
		head++
	}
	for tail < short-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head, tail
}

// decoded finds a key that was taken for something encoded, or encoded once
// more: URL decoding makes "+" a space, JSON makes "/" a "\/".
func (k *keyText) decoded(found string) (flaw, bool) {
	spaced := strings.Map(plusForBlank, k.public)
	switch {
	case spaced == k.wantP:
		return k.differing(spaced, strings.Count(k.wantP, "+")-strings.Count(found, "+"), " ")
	case strings.ReplaceAll(found, `\`, "") == k.wantP:
		return k.differing(found, strings.Count(found, `\`), "")
	}
	return flaw{}, false
}

// corrupted finds a key in which some characters were changed on the way.
func (k *keyText) corrupted(found string) (flaw, bool) {
	if len(found) == len(k.wantP) {
		n := 0
		for i := range len(found) {
			if found[i] != k.wantP[i] {
				n++
			}
		}
		if n <= max(2, len(found)/16) {
			return k.differing(found, n, "")
		}
		return flaw{}, false
	}
	// Characters too many or too few, with most of the key on both sides.
	if head, tail := common(found, k.wantP); head+tail >= len(k.wantP)*9/10 {
		return k.differing(found, 1, "")
	}
	return flaw{}, false
}

// differing describes the first place at which found differs from the key. Got
// is what stands there, when that is not the character of found itself.
func (k *keyText) differing(found string, n int, got string) (flaw, bool) {
	at, _ := common(found, k.wantP)
	if got == " " { // the first "+" that became a space
		at = strings.IndexFunc(k.public, isBlank)
	}
	character := func(s string) string {
		if at < len(s) {
			return s[at : at+1]
		}
		return ""
	}
	if got == "" {
		got = character(found)
	}
	return k.flaw(DKIMBase64Corrupted, "n", strconv.Itoa(max(n, 1)), "pos", strconv.Itoa(at+1),
		"got", got, "exp", character(k.wantP))
}

func plusForBlank(c rune) rune {
	if isBlank(c) {
		return '+'
	}
	return c
}

func isBlank(c rune) bool { return blanks.MatchString(string(c)) }

// fingerprint is a short name for a public key.
func fingerprint(public string) string {
	sum := sha256.Sum256([]byte(public))
	return hex.EncodeToString(sum[:4])
}

// severalKeys judges more than one TXT record at a selector, whose order nobody
// defines (RFC 6376 §3.6.2.2).
func severalKeys(records []myodai.Record, p keyPlan) flaw {
	texts := make([]string, 0, len(records))
	for _, rr := range records {
		texts = append(texts, rr.Text())
	}
	slices.Sort(texts) // servers turn record sets around
	f := flaw{
		cause: DKIMMultipleRecords, found: strings.Join(texts, "\n"), expected: p.want,
		args: map[string]string{"n": strconv.Itoa(len(texts))},
	}
	if _, ok := permuted(texts, squeeze(p.want, "")); ok || inPieces(texts) {
		f.cause = DKIMTXTSplitRecords
		return f
	}
	keys, foreign := []string{}, ""
	for _, text := range texts {
		switch kind := kindOf(text); {
		case kind == textSPF || kind == textDMARC:
			foreign = string(kind)
		case kind == textDKIM || publicTag.MatchString(text):
			keys = append(keys, text)
		}
	}
	if len(keys) < 2 && foreign != "" {
		f.cause = TXTValuesExchanged
		f.args["got"], f.args["exp"] = foreign, string(textDKIM)
		return f
	}
	if want := publicOf(p.want); len(keys) > 1 && want != "" {
		wrong := slices.DeleteFunc(slices.Clone(keys), func(text string) bool { return publicOf(text) == want })
		f.args["wrong"] = strings.Join(wrong, "\n")
	}
	return f
}

// inPieces reports whether one of the texts begins a key and all others are bare
// base64: the rest of it.
func inPieces(texts []string) bool {
	begun := 0
	for _, text := range texts {
		s := squeeze(text, `"()`)
		switch {
		case publicTag.MatchString(text):
			begun++
		case len(s) < shortest || strings.Trim(s, base64Letters+"=") != "":
			return false
		}
	}
	return begun == 1
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
