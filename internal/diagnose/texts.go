package diagnose

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/myodai/myodai"
)

//go:embed texts.json words.json
var textFiles embed.FS

// Lang is a language that texts for people are written in.
type Lang string

const (
	English  Lang = "en"
	Japanese Lang = "ja"
)

// wording is the texts of one cause in one language, with placeholders.
type wording struct {
	Title   string   `json:"title"`
	Message string   `json:"message"`
	Fix     []string `json:"fix"`
	Why     string   `json:"why"`
	Learn   string   `json:"learn"`
}

// textEntry is all that is written about one cause.
type textEntry struct {
	ID myodai.Cause `json:"id"`
	// Args says which argument of a finding fills a placeholder, where it is not
	// the one of the same name.
	Args     map[string]string `json:"args"`
	Zone     []string          `json:"zone"`   // an example, as zone-file lines
	Sample   textSample        `json:"sample"` // what a finding about such a zone says
	English  wording           `json:"en"`
	Japanese wording           `json:"ja"`
}

func (e textEntry) in(lang Lang) wording {
	if lang == Japanese {
		return e.Japanese
	}
	return e.English
}

// textSample is a made-up finding of a cause, for its page and for tests.
type textSample struct {
	Domain   myodai.Name       `json:"domain"`
	Zone     myodai.Name       `json:"zone"`
	Org      myodai.Name       `json:"org"`
	Name     myodai.Name       `json:"name"`
	Type     myodai.RecordType `json:"type"`
	Value    string            `json:"value"`
	Purpose  myodai.Purpose    `json:"purpose"`
	Found    string            `json:"found"`
	Expected string            `json:"expected"`
	DNSHost  string            `json:"dns_host"`
	Args     map[string]string `json:"args"`
}

// gloss explains a DNS term in a few words; "" where a language needs none.
type gloss struct {
	Term     string `json:"term"`
	English  string `json:"en"`
	Japanese string `json:"ja"`
	word     *regexp.Regexp
}

func (g gloss) in(lang Lang) string {
	if lang == Japanese {
		return g.Japanese
	}
	return g.English
}

// vocabulary is what is said in the texts of more than one cause.
type vocabulary struct {
	Glossary []gloss                    `json:"glossary"`
	Generic  map[Lang]map[string]string `json:"generic"` // for what is not known, by placeholder
	Phrases  map[Lang]map[string]string `json:"phrases"`
}

var (
	allTexts = loadTexts()
	textOf   = func() map[myodai.Cause]textEntry {
		m := make(map[myodai.Cause]textEntry, len(allTexts))
		for _, e := range allTexts {
			m[e.ID] = e
		}
		return m
	}()
	vocab = loadVocabulary()
)

func loadTexts() []textEntry {
	var list []textEntry
	loadFile("texts.json", &list)
	return list
}

// glossedWith is what belongs to a term before its explanation may follow.
const glossedWith = `(?: records?\b| keys?\b| files?\b|レコード|ファイル|形式)?`

func loadVocabulary() vocabulary {
	var v vocabulary
	loadFile("words.json", &v)
	for i, g := range v.Glossary {
		// \b is about ASCII letters: between one of them and Japanese there is a
		// boundary, and Japanese terms need none.
		pattern := regexp.QuoteMeta(g.Term)
		if g.Term[0] < 0x80 {
			pattern = `\b` + pattern + `\b`
		}
		v.Glossary[i].word = regexp.MustCompile(pattern + glossedWith)
	}
	return v
}

// loadFile reads a file that was built in; a test opens it, so it cannot fail later.
func loadFile(name string, into any) {
	data, err := textFiles.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		panic(fmt.Sprintf("diagnose: %s: %v", name, err))
	}
}
