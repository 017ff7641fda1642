package api

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dnshost"
)

// Finding is one thing that is wrong, or could be better.
type Finding struct {
	Cause     myodai.Cause    `json:"cause" doc:"What it is, from a closed list; programs decide by this." example:"name-suffix-duplicated"`
	Severity  myodai.Severity `json:"severity" enum:"blocks,fragile,wait,advice" doc:"blocks: the domain cannot be verified like this. fragile: works today and will break. wait: right already, caches have to catch up. advice: could be better."`
	Primary   bool            `json:"primary" doc:"The one to mend first; exactly one, when there is any."`
	Record    string          `json:"record" doc:"The owner name of the planned record; empty for the domain as a whole."`
	Purpose   myodai.Purpose  `json:"purpose" doc:"Of that record; empty for the domain as a whole."`
	Found     string          `json:"found" doc:"What is there, word for word."`
	Expected  string          `json:"expected" doc:"What should be there."`
	Diff      string          `json:"diff,omitempty" doc:"The difference of the two, marked, when they are two spellings of one thing."`
	Title     Texts           `json:"title"`
	Message   Texts           `json:"message" doc:"What is wrong, in a sentence."`
	Fix       Texts           `json:"fix" doc:"What to do, one step a line, in the terms of the domain's DNS host."`
	Why       Texts           `json:"why" doc:"What it does to the mail."`
	Details   TextLists       `json:"details" doc:"What was found and expected; and, except in lists, what was asked of which server, when, and what it said."`
	Page      string          `json:"page,omitempty" format:"uri" doc:"Where to read more."`
	VisibleAt time.Time       `json:"visible_at,omitzero" doc:"When a wait ends."`
}

// Texts is one text in both languages.
type Texts struct {
	English  string `json:"en"`
	Japanese string `json:"ja"`
}

// TextLists are several texts in both languages.
type TextLists struct {
	English  []string `json:"en"`
	Japanese []string `json:"ja"`
}

// DNSHost is who serves a domain's zone.
type DNSHost struct {
	ID   string `json:"id" example:"route53"`
	Name Texts  `json:"name"`
}

// documentation is where the pages about causes are.
const documentation = "https://github.com/myodai/myodai/blob/main/"

// teller tells findings. It remembers what it has told: in the history of a
// domain the same findings come again and again, and texts take time to make.
type teller struct{ told map[string]Finding }

func newTeller() teller { return teller{told: map[string]Finding{}} }

// findings tells all findings of a check, without the answers they came from.
func (t teller) findings(findings []myodai.Finding, host dnshost.Host) []Finding {
	list := []Finding{}
	for _, f := range findings {
		key, err := json.Marshal(f)
		if err != nil {
			panic("api: a finding cannot be written: " + err.Error())
		}
		out, known := t.told[host.ID+string(key)]
		if !known {
			out = showFinding(f, diagnose.ContextOf(f, host))
			t.told[host.ID+string(key)] = out
		}
		list = append(list, out)
	}
	return list
}

// detailed tells findings with the answers they came from.
func detailed(findings []myodai.Finding, host dnshost.Host, o myodai.Observation) []Finding {
	list := []Finding{}
	for _, f := range findings {
		c := diagnose.ContextOf(f, host)
		if c.Item.Name != "" {
			c.Answers = o.About(f.Record, c.Item.Type)
		}
		list = append(list, showFinding(f, c))
	}
	return list
}

// showFinding tells a finding in both languages.
func showFinding(f myodai.Finding, c diagnose.Context) Finding {
	c.Lang = diagnose.English
	english := diagnose.Explain(f, c)
	c.Lang = diagnose.Japanese
	japanese := diagnose.Explain(f, c)
	out := Finding{
		Cause: f.Cause, Severity: f.Severity, Primary: f.Primary, Record: string(f.Record), Purpose: f.Purpose,
		Found: f.Found, Expected: f.Expected, Diff: english.Diff, VisibleAt: utc(f.VisibleAt),
		Title: Texts{english.Title, japanese.Title}, Message: Texts{english.Message, japanese.Message},
		Fix: Texts{strings.Join(english.Steps, "\n"), strings.Join(japanese.Steps, "\n")}, Why: Texts{english.Why, japanese.Why},
		Details: TextLists{append([]string{}, english.Details...), append([]string{}, japanese.Details...)},
	}
	if english.Page != "" {
		out.Page = documentation + english.Page
	}
	return out
}

func showHost(h dnshost.Host) *DNSHost {
	if h.ID == dnshost.Generic().ID {
		return nil
	}
	return &DNSHost{ID: h.ID, Name: Texts{h.Name.English, h.Name.Japanese}}
}
