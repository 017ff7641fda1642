package console

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/myodai/myodai"
)

// loadRefusals reads what refusals say in Japanese, by what they say in English
// before values are put in. That every one is there is shown by a test.
var loadRefusals = sync.OnceValue(func() map[string]string {
	text, err := ui.ReadFile("ui/refusals.ja.json")
	if err != nil {
		panic("console: " + err.Error())
	}
	japanese := map[string]string{}
	if err := json.Unmarshal(text, &japanese); err != nil {
		panic("console: refusals.ja.json: " + err.Error())
	}
	return japanese
})

// tell is a refusal in the reader's language; in English where nobody wrote it
// in theirs.
func (r reader) tell(e *myodai.Error) string {
	if r.lang == Japanese {
		if format, ok := loadRefusals()[e.Format]; ok {
			return sentence(fmt.Sprintf(format, e.Args...), "。")
		}
	}
	return sentence(e.Message, ".")
}

// sentence ends a text that is one.
func sentence(text, end string) string {
	if text == "" {
		return ""
	}
	first := text[:1]
	if end == "." && first >= "a" && first <= "z" {
		text = string(first[0]-'a'+'A') + text[1:]
	}
	return text + end
}
