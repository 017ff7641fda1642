package diagnose

import (
	"strings"
	"testing"
)

// TestTermsAreExplainedOnFirstUse reads every cause's texts as a person does,
// from the message to the reason: where a DNS term comes up for the first time,
// its explanation follows, unless it is part of one that was explained (E18).
func TestTermsAreExplainedOnFirstUse(t *testing.T) {
	for _, e := range allTexts {
		for _, lang := range languages {
			f, c := e.sampled(lang)
			text := Explain(f, c)
			said := strings.Join(append(append([]string{text.Message}, text.Steps...), text.Why), "\n")
			for _, g := range vocab.Glossary {
				words := g.in(lang)
				if words == "" || relatedBefore(said, g.Term, lang) {
					continue
				}
				for _, m := range g.word.FindAllStringIndex(said, -1) {
					before, after := lineOf(said, m[0]), said[m[1]:]
					if quoted(before) || strings.HasSuffix(before, ":") || strings.HasSuffix(before, "：") {
						continue // a value
					}
					if !strings.HasPrefix(after, " (") && !strings.HasPrefix(after, "（") {
						t.Errorf("%s %s: %q is not explained in %q", e.ID, lang, g.Term, said)
					}
					break
				}
			}
		}
	}
}

// lineOf is the part of a line in front of a place in it.
func lineOf(text string, at int) string {
	return text[strings.LastIndexByte(text[:at], '\n')+1 : at]
}

// relatedBefore reports whether a term was explained with another that it is made
// of, or that is made of it: "name servers" after "name server".
func relatedBefore(said, term string, lang Lang) bool {
	at := strings.Index(said, term)
	for _, g := range vocab.Glossary {
		if g.Term == term || g.in(lang) == "" || !strings.Contains(g.Term, term) && !strings.Contains(term, g.Term) {
			continue
		}
		if i := strings.Index(said, g.Term); i >= 0 && i <= at {
			return true
		}
	}
	return false
}

// TestEveryFindingLinksItsPage: what is said of a cause leads to its page.
func TestEveryFindingLinksItsPage(t *testing.T) {
	for _, e := range allTexts {
		for _, lang := range languages {
			f, c := e.sampled(lang)
			if page := Explain(f, c).Page; page != "docs/checks/"+string(e.ID)+".md" {
				t.Errorf("%s %s: %q", e.ID, lang, page)
			}
		}
	}
}

// combined are marks in the names of cases of two mistakes at once, whose primary
// cause the order of causes decides.
var combined = []string{"--and-", "--outranks-", "--most-", "--with-", "-before-", "--beside"}

// TestTwentyCombinedCases counts them; TestCases judges them.
func TestTwentyCombinedCases(t *testing.T) {
	var list []string
	for _, name := range folders(t) {
		for _, mark := range combined {
			if strings.Contains(name, mark) && !strings.HasPrefix(name, "none") {
				list = append(list, name)
				break
			}
		}
	}
	if len(list) < 20 {
		t.Errorf("%d cases of two mistakes at once: %v", len(list), list)
	}
}

// FuzzParseCAA: what strangers put into CAA records is read without surprise.
func FuzzParseCAA(f *testing.F) {
	for _, data := range []string{`0 issue "letsencrypt.org"`, `128 issue "ca.example; validationmethods=dns-01"`, `0 iodef "mailto:a@b.example"`, "x", "0 issue", `0 issue \"`} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		p, ok := parseCAA(data)
		if !ok && p != (caaProperty{}) {
			t.Errorf("%q: %+v", data, p)
		}
		if p.tag != strings.ToLower(p.tag) {
			t.Errorf("%q: %q", data, p.tag)
		}
		issues(p.value, true, usualIssuers)
		caaJudged(caaAnswer{records: []string{data}, known: true}, true, usualIssuers)
	})
}
