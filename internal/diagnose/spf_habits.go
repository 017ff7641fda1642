package diagnose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/spf"
)

// habits judges what works and should not be there.
func (j *spfJudge) habits() []flaw {
	var flaws []flaw
	add := func(f flaw, expected string) {
		f.expected = expected
		flaws = append(flaws, f)
	}
	all, redirect := j.record.All(), j.record.Redirect()
	if all >= 0 && redirect >= 0 {
		t := j.record.Terms[redirect]
		add(j.flaw(SPFRedirectWithAll, "got", t.Domain, "all", j.record.Terms[all].Text),
			dropTerm(j.text, t.Text))
	}
	if open := j.record.Open(); len(open) > 0 {
		f, expected := j.flaw(SPFPlusAll, "got", texts(open)), dropTerms(j.text, open)
		if at := slices.IndexFunc(open, func(t spf.Term) bool { return t.Name == spf.TermAll }); at >= 0 {
			expected += " ~all"
		}
		add(f, expected)
	}
	if all < 0 && redirect < 0 {
		add(j.flaw(SPFNoAll), strings.TrimRight(j.text, " ")+" ~all")
	}
	var slow, inside []spf.Term
	for i, t := range j.record.Terms {
		switch {
		case all >= 0 && i > all: // never reached
		case t.Name == spf.TermPTR || validatedName.MatchString(t.Domain):
			slow = append(slow, t)
		case (t.Name == spf.TermIP4 || t.Name == spf.TermIP6) && private(t.Prefix):
			inside = append(inside, t)
		}
	}
	if slow != nil {
		add(j.flaw(SPFPTR, "got", texts(slow)), dropTerms(j.text, slow))
	}
	if inside != nil {
		f := j.flaw(SPFIPSyntax, "got", texts(inside), "why", "private")
		f.severity = myodai.SeverityAdvice
		add(f, dropTerms(j.text, inside))
	}
	return flaws
}

// texts lists terms as they are spelled.
func texts(terms []spf.Term) string {
	var list []string
	for _, t := range terms {
		list = append(list, t.Text)
	}
	return strings.Join(list, " ")
}

// dropTerms takes terms out of a record, wherever they stand in it.
func dropTerms(text string, terms []spf.Term) string {
	gone := map[string]bool{}
	for _, t := range terms {
		gone[t.Text] = true
	}
	return strings.Join(slices.DeleteFunc(strings.Fields(text), func(word string) bool { return gone[word] }), " ")
}

// validatedName matches the macro that makes receivers do what ptr does.
var validatedName = regexp.MustCompile(`(?i)%\{p[0-9]*r?[.+,/_=-]*\}`)

// The sizes past which records of a domain get into trouble: an SPF record that
// leaves room for others in 512 octets (RFC 7208 §3.4), and all TXT records
// together in the UDP answers of today.
const (
	longRecord = 450
	wideSet    = 1232
)

// size judges how large the answer is that receivers have to fetch.
func (j *spfJudge) size(records []myodai.Record) []flaw {
	wide := 0
	for _, rr := range records {
		wide += 12 + len(rr.Text()) + max(1, len(rr.Strings)) // compressed owner name, fixed part, lengths
	}
	wide += 12 + len(j.domain) + 6 + 11 // header, question, EDNS
	n := len(j.text)
	if n <= longRecord {
		n = wide
	}
	if len(j.text) <= longRecord && wide <= wideSet {
		return nil
	}
	f := j.flaw(SPFTooLarge, "n", strconv.Itoa(n))
	f.open = true
	return []flaw{f}
}

// dropTerm takes the first such term out of a record.
func dropTerm(text, term string) string { return replaceTerm(text, term, "") }

func replaceTerm(text, term, by string) string {
	words := strings.Fields(text)
	for i, word := range words {
		if word == term && i > 0 {
			words[i] = by
			break
		}
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// merged puts several records together when our own include is not wished: all
// terms but the endings, each once, and the softest ending.
func merged(records []string) string {
	words, seen, ending := []string{"v=spf1"}, map[string]bool{}, ""
	for _, text := range records {
		r, err := spf.Parse(text)
		if err != nil || r.Redirect() >= 0 {
			return "" // more than one can say unasked
		}
		for _, t := range r.Terms {
			switch {
			case t.Name == spf.TermAll:
				ending = softer(ending, t)
			case !seen[t.Canonical()]:
				seen[t.Canonical()] = true
				words = append(words, t.Text)
			}
		}
	}
	return strings.TrimSpace(strings.Join(words, " ") + " " + ending)
}

// softer is the softer of two endings; what lets everybody pass counts as "~all".
func softer(ending string, t spf.Term) string {
	const order = "-~?"
	text := string(t.Qualifier) + "all"
	if t.Qualifier == spf.QualifierPass {
		text = "~all"
	}
	if ending == "" || strings.IndexByte(order, text[0]) > strings.IndexByte(order, ending[0]) {
		return text
	}
	return ending
}

// near reports whether two names differ so little that one is most likely the
// other, mistyped.
func near(a, b string) bool {
	return a != b && distance(strings.ToLower(a), strings.ToLower(b), nearEnough) <= nearEnough
}

// nearEnough is how many characters may be typed wrongly in a name of usual
// length before it is another name.
const nearEnough = 3

// distance is how many characters have to be inserted, deleted, replaced or
// exchanged with their neighbor to make a into b; past most it is just larger.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most || len(a) > 253 || len(b) > 253 {
		return most + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
