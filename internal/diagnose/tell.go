package diagnose

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/myodai/myodai/internal/dnshost"
)

// How many characters of a value stand in a text: enough to recognize it in a
// sentence, and all of what has to be typed.
const (
	shortValue = 120
	wholeValue = 4096
)

// ownWords are the placeholders that are filled with words of ours, or with what
// is fit to be shown already.
var ownWords = map[string]bool{"dnshost": true, "host": true, "value": true, "eta": true}

// teller fills templates, and explains each DNS term once.
type teller struct {
	lang   Lang
	values arguments
	told   map[string]bool // terms that were explained already
}

// tell fills a template, with its terms explained, also those it is filled with.
func (t teller) tell(template string, most int) string {
	return t.filled(t.glossed(template), most, t.termed)
}

// placeholder matches one, with the quotation marks around it: words that stand
// in for a value are no quotation.
var placeholder = regexp.MustCompile(`"\{([a-z]+)\}"|「\{([a-z]+)\}」|\{([a-z]+)\}`)

// fill puts the arguments in.
func (t teller) fill(template string, most int) string {
	return t.filled(template, most, func(_, value string) string { return value })
}

// filled puts the arguments in, as show has them behind what is written so far.
// It looks at each place once, so an argument that looks like a placeholder stays
// what it is.
func (t teller) filled(template string, most int, show func(before, value string) string) string {
	var b strings.Builder
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(template, -1) {
		b.WriteString(template[at:m[0]])
		at = m[1]
		whole, key := template[m[0]:m[1]], ""
		for i := 2; i < len(m); i += 2 {
			if m[i] >= 0 {
				key = template[m[i]:m[i+1]]
			}
		}
		value := t.values.values[key]
		if value == "" {
			words := vocab.Generic[t.lang][key]
			if b.Len() == 0 {
				words = capitalized(words)
			}
			b.WriteString(words)
			continue
		}
		if !ownWords[key] {
			value = Spell(shortened(oneLine(value, t.lang), most))
		}
		if whole == "{"+key+"}" {
			value = show(b.String(), value)
		}
		b.WriteString(strings.Replace(whole, "{"+key+"}", value, 1))
	}
	b.WriteString(template[at:])
	return b.String()
}

// step tells one step; ok is false for a step that is about a value nobody
// knows.
func (t teller) step(template string) (said string, ok bool) {
	if strings.HasSuffix(template, "{got}") && t.values.values["got"] == "" {
		return "", false
	}
	return t.tell(template, shortValue), true
}

// otherForm says, behind the step that tells the value, what a panel of another
// form wants, where it is not certain what this one does; "" for nothing.
func (t teller) otherForm(step string, fix []string) string {
	e, phrases := t.values.entry, vocab.Phrases[t.lang]
	all := strings.Join(fix, "\n")
	switch {
	case !t.values.enter || !strings.Contains(step, "{value}") || !strings.Contains(all, "{host}"):
		return ""
	case e.Line != "":
		return fmt.Sprintf(phrases["line"], typed(e.Line))
	case e.Certainty == dnshost.Seen || e.Other.Host == "" || e.Other.Host == e.Host:
		return ""
	case t.values.values["found"] == e.Other.Host+"."+t.values.values["zone"]:
		return "" // this is what the tenant typed
	}
	return fmt.Sprintf(phrases["other"], typed(e.Other.Host), typed(e.Other.Value))
}

// termed explains a value that is a term and comes up for the first time, such as
// the type of a record.
func (t teller) termed(before, value string) string {
	for _, g := range vocab.Glossary {
		words := g.in(t.lang)
		if g.Term != value || words == "" || t.told[g.Term] || quoted(before) {
			continue
		}
		t.explained(g.Term)
		if t.lang == Japanese {
			return value + "（" + words + "）"
		}
		return value + " (" + words + ")"
	}
	return value
}

// glossed explains, in brackets, the terms that come up for the first time.
func (t teller) glossed(template string) string {
	for _, g := range vocab.Glossary {
		words := g.in(t.lang)
		if words == "" || t.told[g.Term] {
			continue
		}
		for _, m := range g.word.FindAllStringIndex(template, -1) {
			before, after := template[:m[0]], template[m[1]:]
			if quoted(before) {
				continue
			}
			t.explained(g.Term)
			if strings.HasPrefix(after, " (") || strings.HasPrefix(after, "（") {
				break // it is explained there
			}
			if t.lang == Japanese {
				words = "（" + words + "）"
			} else {
				words = " (" + words + ")"
			}
			template = template[:m[1]] + words + after
			break
		}
	}
	return template
}

// quoted reports whether what follows is part of a quotation, of a placeholder
// or of another explanation.
func quoted(before string) bool {
	return strings.Count(before, `"`)%2 == 1 || strings.Count(before, "「") > strings.Count(before, "」") ||
		strings.Count(before, "(") > strings.Count(before, ")") || strings.Count(before, "（") > strings.Count(before, "）") ||
		strings.HasSuffix(before, "{") || strings.HasSuffix(before, "=") || strings.HasSuffix(before, "-")
}

// explained notes a term, and those it is made of or is a part of.
func (t teller) explained(term string) {
	for _, g := range vocab.Glossary {
		if strings.Contains(g.Term, term) || strings.Contains(term, g.Term) {
			t.told[g.Term] = true
		}
	}
}

func capitalized(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// oneLine joins what a finding lists line by line.
func oneLine(s string, lang Lang) string {
	return strings.ReplaceAll(s, "\n", vocab.Phrases[lang]["list"])
}

// shortened cuts the middle out of what is longer than most characters.
func shortened(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	r := []rune(s)
	return string(r[:most*2/3]) + " … " + string(r[len(r)-most/4:])
}

// typed is a value that has to be typed: all of it.
func typed(s string) string { return Spell(shortened(s, wholeValue)) }
