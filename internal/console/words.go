package console

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"sync"
)

//go:embed ui
var ui embed.FS

// word is one text in every language. Verbs of fmt stand where values go, with
// the same meaning in each: %[1]s.
type word struct {
	English  string `json:"en"`
	Japanese string `json:"ja"`
}

// words are all texts by key: "design.title" stands in ui/words/design.json
// under "title".
type words map[string]word

// loadWords reads the embedded words. They are part of the program: that they
// are whole is shown by a test.
var loadWords = sync.OnceValue(func() words {
	all := words{}
	names, err := fs.Glob(ui, "ui/words/*.json")
	if err != nil {
		panic("console: " + err.Error())
	}
	for _, name := range names {
		text, err := ui.ReadFile(name)
		if err != nil {
			panic("console: " + err.Error())
		}
		page := map[string]word{}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&page); err != nil {
			panic("console: " + name + ": " + err.Error())
		}
		for key, w := range page {
			all[strings.TrimSuffix(path.Base(name), ".json")+"."+key] = w
		}
	}
	return all
})

// say is a text in a language. A key that nobody wrote is a fault of ours, which
// tests find; a reader sees the key.
func (w words) say(lang Lang, key string, args ...any) string {
	word, ok := w[key]
	if !ok {
		return key
	}
	text := word.English
	if lang == Japanese {
		text = word.Japanese
	}
	if len(args) == 0 || !strings.Contains(text, "%") {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// rich is a text with marks: `code` and **strong**. Values that are put in are
// escaped and cannot mark anything.
func (w words) rich(lang Lang, key string, args ...any) template.HTML {
	escaped := make([]any, len(args))
	for i, arg := range args {
		if number, ok := arg.(int); ok {
			escaped[i] = number
			continue
		}
		escaped[i] = markless.Replace(template.HTMLEscapeString(fmt.Sprint(arg)))
	}
	return mark(w.say(lang, key, escaped...))
}

// markless hides our marks from mark.
var markless = strings.NewReplacer("`", "&#96;", "*", "&#42;")

// mark turns our marks into elements. Text that does not come from the words
// must have been through markless.
func mark(text string) template.HTML {
	for _, m := range [][3]string{{"**", "<strong>", "</strong>"}, {"`", "<code>", "</code>"}} {
		parts := strings.Split(text, m[0])
		for i := 1; i < len(parts); i += 2 {
			if i+1 < len(parts) {
				parts[i] = m[1] + parts[i] + m[2]
			}
		}
		text = strings.Join(parts, "")
	}
	return template.HTML(text) // #nosec G203 -- our own words, and values that were escaped
}
