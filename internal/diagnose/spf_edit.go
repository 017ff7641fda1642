package diagnose

import (
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/spf"
)

// SPFItem is the planned part of an SPF record, when a plan asks for one.
func SPFItem(p plan.Plan) (plan.Item, bool) {
	for _, item := range p.Items {
		if item.Purpose == myodai.PurposeSPF && strings.HasPrefix(spfInclude(item.Value), "include:") {
			return item, true
		}
	}
	return plan.Item{}, false
}

// EditSPF works out what is to become of the TXT records at an SPF item's name,
// by what DNS said (requirements C11–C15); the wish's domain and include are the
// item's. ok is false when nobody knows what is there now.
func EditSPF(in Input, item plan.Item, wish spf.Wish) (edit spf.Edit, ok bool, err error) {
	v := newView(in)
	if c := v.chain(item.Name, myodai.TypeTXT); !c.known && len(c.end) == 0 {
		return spf.Edit{}, false, nil
	}
	var texts []string
	for _, rr := range v.texts(item.Name) {
		texts = append(texts, rr.Text())
	}
	wish.Domain = item.Name
	wish.Include = myodai.Name(strings.TrimPrefix(spfInclude(item.Value), "include:"))
	edit, err = spf.Propose(v.lookup, texts, wish)
	return edit, err == nil, err
}

// SPFSenders guesses which terms a new SPF record needs for the mail that the
// domain sends already, by where it receives mail. A guess is for a question.
func SPFSenders(in Input) []string {
	var hosts []myodai.Name
	for _, rr := range newView(in).records(in.Plan.Domain, myodai.TypeMX) {
		hosts = append(hosts, myodai.Name(mxHost(rr.Data)))
	}
	return spf.SendersByMX(in.Plan.Domain, hosts)
}

// SPFTexts is an edit as told to a person.
type SPFTexts struct {
	Steps     []string // what to do, in order
	Notes     []string // what is worth knowing
	Questions []string // which only the owner can answer, in the order of the edit's
}

// ExplainSPF tells an edit in the reader's language; guessed are the terms that
// the domain's own mail probably needs.
func ExplainSPF(e spf.Edit, guessed []string, lang Lang) SPFTexts {
	w := spfWords[lang]
	if lang != Japanese {
		w = spfWords[English]
	}
	var t SPFTexts
	say := func(list *[]string, template, term string, n int) {
		if template != "" {
			*list = append(*list, strings.NewReplacer("{term}", typed(term), "{n}", decimal(n), "{max}", decimal(spf.MaxLookups)).Replace(template))
		}
	}
	if e.Action == spf.ActionStop {
		say(&t.Steps, w.stop[e.Stop], "", 0)
		for _, p := range e.Problems[:min(len(e.Problems), maxAnswers)] {
			say(&t.Notes, w.problem, p.Text, p.Offset+1)
		}
		for _, s := range e.Savings[:min(len(e.Savings), maxAnswers)] {
			say(&t.Notes, w.saving, s.Term, s.Lookups)
		}
	}
	for _, step := range w.action[e.Action] {
		say(&t.Steps, step, e.New, 0)
	}
	for _, n := range e.Notes {
		say(&t.Notes, w.note[n.ID], n.Term, n.Number)
	}
	for _, q := range e.Questions {
		term := q.Term
		if q.ID == spf.QuestionSenders {
			term = strings.Join(guessed, " ")
		}
		template := w.question[q.ID]
		if q.ID == spf.QuestionSenders && term == "" {
			template = w.noGuess
		}
		say(&t.Questions, template, term, q.Number)
	}
	return t
}
