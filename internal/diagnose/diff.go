package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/myodai/myodai"
)

// DiffOp says where a part of a difference stands.
type DiffOp string

const (
	DiffEqual  DiffOp = "equal"  // in both
	DiffDelete DiffOp = "delete" // only in what was found
	DiffInsert DiffOp = "insert" // only in what was expected
)

// DiffPart is a run of characters of a difference, as it stands there. Spell
// makes it fit to be shown.
type DiffPart struct {
	Op   DiffOp `json:"op"`
	Text string `json:"text"`
}

// Bounds of a comparison: of longer values the rest counts as different, and so
// does a middle that would need more steps than these.
const (
	maxDiffLength = 8192    // characters
	maxDiffSteps  = 1 << 20 // product of the lengths that differ
	smallIsland   = 3       // equal characters between changes that say nothing
)

// Diff compares two values character by character. The equal and deleted parts
// together are found, the equal and inserted ones expected.
func Diff(found, expected string) []DiffPart {
	a, b := []rune(found), []rune(expected)
	if !utf8.ValidString(found) || !utf8.ValidString(expected) || len(a) > maxDiffLength || len(b) > maxDiffLength {
		// Octets that are no text, or too much of it: only the ends are compared.
		return ends(found, expected)
	}
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	d := differ{}
	d.add(DiffEqual, a[:start])
	d.middle(a[start:len(a)-end], b[start:len(b)-end])
	d.close()
	d.add(DiffEqual, a[len(a)-end:])
	return d.parts
}

// ends compares what is not compared by characters.
func ends(a, b string) []DiffPart {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	for start > 0 && start < len(a) && !utf8.RuneStart(a[start]) {
		start--
	}
	var parts []DiffPart
	for _, p := range []DiffPart{{DiffEqual, a[:start]}, {DiffDelete, a[start:]}, {DiffInsert, b[start:]}} {
		if p.Text != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

// differ puts parts together. The last change is kept open, in case the next
// one belongs to it.
type differ struct {
	parts             []DiffPart
	deleted, inserted []rune
}

// close writes the open change.
func (d *differ) close() {
	d.add(DiffDelete, d.deleted)
	d.add(DiffInsert, d.inserted)
	d.deleted, d.inserted = nil, nil
}

func (d *differ) add(op DiffOp, text []rune) {
	if len(text) > 0 {
		d.parts = append(d.parts, DiffPart{op, string(text)})
	}
}

// middle compares what has neither beginning nor end in common, by the longest
// common subsequence.
func (d *differ) middle(a, b []rune) {
	if len(a)*len(b) > maxDiffSteps || len(a) == 0 || len(b) == 0 {
		d.change(nil, a, b)
		return
	}
	width := len(b) + 1
	longest := make([]int32, (len(a)+1)*width) // of a[i:] and b[j:]
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i*width+j] = longest[(i+1)*width+j+1] + 1
			} else {
				longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		fromI, fromJ := i, j
		for i < len(a) && j < len(b) && a[i] == b[j] {
			i, j = i+1, j+1
		}
		equal := a[fromI:i]
		fromI, fromJ = i, j
		for (i < len(a) || j < len(b)) && (i == len(a) || j == len(b) || a[i] != b[j]) {
			if j == len(b) || i < len(a) && longest[(i+1)*width+j] >= longest[i*width+j+1] {
				i++
			} else {
				j++
			}
		}
		d.change(equal, a[fromI:i], b[fromJ:j])
	}
}

// change adds an equal run and the change behind it. A run of a character or
// two between larger changes is chance, and counts as changed.
func (d *differ) change(equal, deleted, inserted []rune) {
	before, after := len(d.deleted)+len(d.inserted), len(deleted)+len(inserted)
	if island := len(equal) > 0 && len(equal) < smallIsland && before > 0 && after > 0 && before+after >= 4*len(equal); !island {
		d.close()
		d.add(DiffEqual, equal)
		equal = nil
	}
	d.deleted = slices.Concat(d.deleted, equal, deleted)
	d.inserted = slices.Concat(d.inserted, equal, inserted)
}

// MarkDiff writes a difference on one line: what is too much as [-this-], what
// is missing as [+this+]. Long equal runs are shortened.
func MarkDiff(parts []DiffPart) string { return marked(showDiff(parts)) }

// showDiff makes a difference fit to be shown: spelled, long runs shortened.
func showDiff(parts []DiffPart) []DiffPart {
	var shown []DiffPart
	for i, p := range parts {
		text := around(p.Text, i > 0, i < len(parts)-1)
		if p.Op != DiffEqual {
			text = shortened(p.Text, longValue)
		}
		shown = append(shown, DiffPart{p.Op, Spell(text)})
	}
	return shown
}

// marked writes a difference that was made fit to be shown.
func marked(parts []DiffPart) string {
	var b strings.Builder
	for _, p := range parts {
		switch p.Op {
		case DiffDelete:
			b.WriteString("[-" + p.Text + "-]")
		case DiffInsert:
			b.WriteString("[+" + p.Text + "+]")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// around keeps of an equal run what stands beside a change.
func around(text string, before, after bool) string {
	const context = 24
	r := []rune(text)
	switch {
	case before && after && len(r) > 2*context+3:
		return string(r[:context]) + " … " + string(r[len(r)-context:])
	case !before && after && len(r) > 2*context:
		return string(r[:context/2]) + " … " + string(r[len(r)-context:])
	case before && !after && len(r) > 2*context:
		return string(r[:context]) + " … " + string(r[len(r)-context/2:])
	case len(r) > longValue:
		return shortened(text, longValue)
	}
	return text
}

// difference is that of a finding, fit to be shown, when both sides are two
// spellings of one thing: one stands in the other, or most of it does.
func difference(f myodai.Finding) []DiffPart {
	found, expected := f.Found, f.Expected
	if info, _ := About(f.Cause); info.Group == GroupName && f.Args["found"] != "" {
		found, expected = f.Args["found"], string(f.Record) // the name is what is wrong
	}
	found, expected = readable(found), readable(expected)
	if found == "" || expected == "" || found == expected || strings.Contains(found+expected, "\n") {
		return nil
	}
	foundData, expectedData := withoutType(found), withoutType(expected)
	foundType, expectedType := found[:len(found)-len(foundData)], expected[:len(expected)-len(expectedData)]
	if (foundType == "") != (expectedType == "") {
		return nil
	}
	parts := Diff(foundData, expectedData)
	equal := 0
	for _, p := range parts {
		if p.Op == DiffEqual {
			equal += utf8.RuneCountInString(p.Text)
		}
	}
	a, b := utf8.RuneCountInString(foundData), utf8.RuneCountInString(expectedData)
	if equal < min(a, b) && 5*equal < 3*max(a, b) {
		return nil
	}
	if foundType == expectedType {
		return append([]DiffPart{{DiffEqual, foundType}}, showDiff(parts)...)
	}
	types := []DiffPart{{DiffDelete, strings.TrimSpace(foundType)}, {DiffInsert, strings.TrimSpace(expectedType)}}
	return append(append(types, DiffPart{DiffEqual, " "}), showDiff(parts)...)
}

// Spell makes a value of strangers fit to be shown: characters that cannot be
// seen, or would steer a terminal, are written as U+200B, and those that are
// easily taken for an ASCII one are followed by their number.
func Spell(s string) string {
	var b strings.Builder
	s = readable(s)
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, "<%02X>", s[i]) // an octet that is no text
		case r < 0x7f && r >= ' ':
			b.WriteRune(r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, "<U+%04X>", r)
		case lookAlike(r):
			fmt.Fprintf(&b, "%c<U+%04X>", r, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escaped are octets outside ASCII as zone files have them (RFC 1035 §5.1).
var escaped = regexp.MustCompile(`(?:\\(?:12[89]|1[3-9][0-9]|2[0-4][0-9]|25[0-5]))+`)

// readable is a text in which octets that zone files escape are characters again,
// where they are any: a name is known as people typed it.
func readable(s string) string {
	return escaped.ReplaceAllStringFunc(s, func(octets string) string {
		if text := myodai.UnescapeText(octets); utf8.ValidString(text) {
			return text
		}
		return octets
	})
}

// lookAlike reports whether a character that can be seen is easily taken for an
// ASCII one.
func lookAlike(r rune) bool {
	return r >= 0xff01 && r <= 0xff5e || // full-width forms
		strings.ContainsRune("‐‑‒–—―−ー－˜〜～‘’‚‛“”„‟′″´｀·・․。．｡ǀ∶：；﹔﹕⁎∗", r) ||
		unicode.Is(unicode.Cyrillic, r) || unicode.Is(unicode.Greek, r)
}
