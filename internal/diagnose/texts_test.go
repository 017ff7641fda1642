package diagnose

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var languages = []Lang{English, Japanese}

var placeholders = strings.Fields("d zone org name found want sel got dnshost ns srv n eta sub dup host value type")

// parts are the fields of a wording, by name.
func (w wording) parts() map[string]string {
	return map[string]string{
		"title": w.Title, "message": w.Message, "why": w.Why, "learn": w.Learn, "fix": strings.Join(w.Fix, "\n"),
	}
}

var braced = regexp.MustCompile(`\{([^}]*)\}`)

func placeholdersIn(text string) []string {
	var list []string
	for _, m := range braced.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestTextsAndCauses compares the texts with the list of causes, both ways and
// in order.
func TestTextsAndCauses(t *testing.T) {
	var written, listed []string
	for _, e := range allTexts {
		written = append(written, string(e.ID))
	}
	for _, info := range Causes() {
		listed = append(listed, string(info.Cause))
		if _, ok := textOf[info.Cause]; !ok {
			t.Errorf("%s has no texts", info.Cause)
		}
	}
	for _, id := range written {
		if !slices.Contains(listed, id) {
			t.Errorf("texts.json has %s, which is no cause", id)
		}
	}
	if !slices.Equal(written, listed) {
		t.Error("texts.json and the table of causes are in different orders")
	}
}

func TestTextsAreComplete(t *testing.T) {
	for _, e := range allTexts {
		for _, lang := range languages {
			for field, text := range e.in(lang).parts() {
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s %s: no %s", e.ID, lang, field)
				}
			}
			for _, step := range e.in(lang).Fix {
				if strings.TrimSpace(step) != step || step == "" {
					t.Errorf("%s %s: a step is empty or has spaces around it: %q", e.ID, lang, step)
				}
			}
		}
		if len(e.English.Fix) != len(e.Japanese.Fix) {
			t.Errorf("%s: %d steps in English, %d in Japanese", e.ID, len(e.English.Fix), len(e.Japanese.Fix))
		}
		if len(e.Zone) == 0 || e.Sample.Name == "" {
			t.Errorf("%s has no example", e.ID)
		}
		if !strings.Contains(e.English.Learn, "RFC") && e.ID != CNAMETargetOtherTenant && e.ID != ValueOutdatedToken && e.ID != NameInvisibleUnicode {
			t.Errorf("%s names no standard", e.ID)
		}
	}
}

// TestPlaceholders shows that every placeholder is known, and that both
// languages say the same.
func TestPlaceholders(t *testing.T) {
	for _, e := range allTexts {
		japanese := e.Japanese.parts()
		for field, text := range e.English.parts() {
			en, ja := placeholdersIn(text), placeholdersIn(japanese[field])
			if !slices.Equal(en, ja) {
				t.Errorf("%s %s: English has %v, Japanese %v", e.ID, field, en, ja)
			}
			for _, p := range append(en, ja...) {
				if !slices.Contains(placeholders, p) {
					t.Errorf("%s %s: unknown placeholder {%s}", e.ID, field, p)
				}
			}
		}
		for p := range e.Args {
			if !slices.Contains(placeholders, p) {
				t.Errorf("%s: an argument fills the unknown placeholder {%s}", e.ID, p)
			}
		}
	}
	for _, lang := range languages {
		for _, p := range placeholders {
			if vocab.Generic[lang][p] == "" {
				t.Errorf("%s: no words for a missing {%s}", lang, p)
			}
		}
		for key := range vocab.Phrases[English] {
			if strings.Count(vocab.Phrases[lang][key], "%") != strings.Count(vocab.Phrases[English][key], "%") {
				t.Errorf("%s: phrase %q does not say the same as in English", lang, key)
			}
		}
	}
}

func TestFirstSentencesAreShort(t *testing.T) {
	for _, e := range allTexts {
		if n := utf8.RuneCountInString(e.English.Message); n > 160 {
			t.Errorf("%s: the English message has %d characters, more than 160", e.ID, n)
		}
		if n := utf8.RuneCountInString(e.Japanese.Message); n > 90 {
			t.Errorf("%s: the Japanese message has %d characters, more than 90", e.ID, n)
		}
		if n := utf8.RuneCountInString(e.English.Title); n > 60 {
			t.Errorf("%s: the English title has %d characters, more than 60", e.ID, n)
		}
		if n := utf8.RuneCountInString(e.Japanese.Title); n > 30 {
			t.Errorf("%s: the Japanese title has %d characters, more than 30", e.ID, n)
		}
	}
}

const cjk = `[\x{3040}-\x{30ff}\x{4e00}-\x{9fff}]`

// wrongJapanese are slips of an input method: ASCII punctuation beside Japanese
// letters, spaces between them, half-width kana, full-width letters and digits.
var wrongJapanese = regexp.MustCompile(cjk + `[,.!?;:()]|[,!?;:()]` + cjk + `|` + cjk + `  *` + cjk +
	`|[\x{ff61}-\x{ff9f}]|[\x{ff10}-\x{ff19}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}]|。。|、、|である。|のだ。`)

func TestJapaneseIsWellTyped(t *testing.T) {
	for _, e := range allTexts {
		for field, text := range e.Japanese.parts() {
			for line := range strings.Lines(text) {
				if m := wrongJapanese.FindString(line); m != "" {
					t.Errorf("%s %s: %q in %q", e.ID, field, m, line)
				}
				if field != "title" && !regexp.MustCompile(`(。|：\{[a-z]+\})\n?$`).MatchString(line) {
					t.Errorf("%s %s does not end as a sentence: %q", e.ID, field, line)
				}
			}
			if strings.Count(text, "「") != strings.Count(text, "」") || strings.Count(text, "（") != strings.Count(text, "）") {
				t.Errorf("%s %s: brackets do not match: %q", e.ID, field, text)
			}
		}
		for field, text := range e.English.parts() {
			if regexp.MustCompile(cjk).MatchString(text) {
				t.Errorf("%s %s: Japanese in the English text: %q", e.ID, field, text)
			}
			if strings.Count(text, `"`)%2 != 0 || strings.Count(text, "(") != strings.Count(text, ")") {
				t.Errorf("%s %s: quotation marks or brackets do not match: %q", e.ID, field, text)
			}
		}
	}
}
