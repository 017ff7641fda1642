package diagnose

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/spf"
)

// spfInput is a domain whose servers hold the given TXT and MX records.
func spfInput(texts []string, mx ...string) Input {
	const domain = "kaisha.example"
	at := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	answer := func(name myodai.Name, t myodai.RecordType, data ...string) myodai.Answer {
		a := myodai.Answer{Question: myodai.Question{Name: name, Type: t}, Address: "192.0.2.1:53", RCode: "NOERROR", Authoritative: true, At: at,
			Authority: []myodai.Record{{Name: domain, Type: myodai.TypeSOA, Data: "ns. h. 1 1 1 1 1"}}}
		for _, d := range data {
			a.Records = append(a.Records, myodai.Record{Name: name, Type: t, Data: d, Strings: []string{d}})
		}
		return a
	}
	item := plan.Item{Purpose: myodai.PurposeSPF, Name: domain, Type: myodai.TypeTXT, Value: "include:_spf.plat.example"}
	return Input{
		Plan: plan.Plan{Domain: domain, Items: []plan.Item{item}},
		Observation: myodai.Observation{Domain: domain, FinishedAt: at, Answers: []myodai.Answer{
			answer(domain, myodai.TypeTXT, texts...), answer(domain, myodai.TypeMX, mx...), answer(domain, myodai.TypeA, "198.51.100.1"),
			answer("mail.kaisha.example", myodai.TypeA, "198.51.100.2"), answer("_spf.google.com", myodai.TypeTXT, "v=spf1 ip4:198.51.100.3 ~all"),
			{Question: myodai.Question{Name: "_spf.plat.example", Type: myodai.TypeTXT}, Address: "192.0.2.2:53", RCode: "NOERROR", Authoritative: true,
				Records: []myodai.Record{{Name: "_spf.plat.example", Type: myodai.TypeTXT, Data: "v=spf1 ip4:203.0.113.0/24 ~all"}}},
		}},
	}
}

// TestEditSPF: what C11 to C15 want done by hand, from what DNS said.
func TestEditSPF(t *testing.T) {
	for name, tt := range map[string]struct {
		texts  []string
		action spf.Action
		want   string
	}{
		"modify (C13)":               {[]string{"v=spf1 a mx -all"}, spf.ActionEdit, "v=spf1 a mx include:_spf.plat.example -all"},
		"create (C14)":               {[]string{"another=text"}, spf.ActionCreate, "v=spf1 include:_spf.plat.example ~all"},
		"never two (C15)":            {[]string{"v=spf1 a -all", "v=spf1 mx ~all"}, spf.ActionMerge, "v=spf1 a mx include:_spf.plat.example ~all"},
		"include before all (C15)":   {[]string{"v=spf1 a ~all include:_spf.plat.example"}, spf.ActionEdit, "v=spf1 a include:_spf.plat.example ~all"},
		"there already (C12)":        {[]string{"v=spf1 include:_spf.plat.example ~all"}, spf.ActionNone, "v=spf1 include:_spf.plat.example ~all"},
		"a mistake nobody can guess": {[]string{"v=spf1 foo:bar -all"}, spf.ActionStop, ""},
	} {
		in := spfInput(tt.texts, "10 mail.kaisha.example")
		item, ok := SPFItem(in.Plan)
		edit, known, err := EditSPF(in, item, spf.Wish{})
		if !ok || !known || err != nil || edit.Action != tt.action || edit.New != tt.want {
			t.Errorf("%s: %+v, %v, %v", name, edit, known, err)
		}
		if edit.New != "" { // validated before it is shown
			if _, err := spf.Parse(edit.New); err != nil || strings.Count(edit.New, "v=spf1") != 1 {
				t.Errorf("%s: %q cannot be published: %v", name, edit.New, err)
			}
		}
		for _, lang := range languages {
			text := ExplainSPF(edit, nil, lang)
			if len(text.Steps) == 0 || tt.want != "" && tt.action != spf.ActionNone && !strings.Contains(strings.Join(text.Steps, "\n"), tt.want) {
				t.Errorf("%s %s: %+v", name, lang, text)
			}
		}
	}
}

// TestSPFOfSilentServers: what nobody knows is not edited (P12).
func TestSPFOfSilentServers(t *testing.T) {
	in := spfInput(nil)
	in.Observation.Answers = nil
	if _, known, err := EditSPF(in, in.Plan.Items[0], spf.Wish{}); known || err != nil {
		t.Errorf("known %v, %v", known, err)
	}
}

// TestSPFAsksWhoElseSends: a new record is not made without asking, and the
// answer is guessed by where the domain receives mail (§4.3 of the DNS page).
func TestSPFAsksWhoElseSends(t *testing.T) {
	in := spfInput(nil, "10 aspmx.l.google.com")
	guessed := SPFSenders(in)
	if !slices.Equal(guessed, []string{"include:_spf.google.com"}) {
		t.Fatalf("guessed %v", guessed)
	}
	edit, _, err := EditSPF(in, in.Plan.Items[0], spf.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	if text := ExplainSPF(edit, guessed, English); len(text.Questions) != 2 || !strings.Contains(text.Questions[0], "include:_spf.google.com") || strings.Contains(edit.New, "google") {
		t.Errorf("%q, %+v", edit.New, text.Questions)
	}
	edit, _, err = EditSPF(in, in.Plan.Items[0], spf.Wish{Senders: guessed, Confirmed: []spf.QuestionID{spf.QuestionComplete}})
	if err != nil || edit.New != "v=spf1 include:_spf.google.com include:_spf.plat.example -all" {
		t.Errorf("%q, %v", edit.New, err)
	}
	if _, _, err := EditSPF(in, in.Plan.Items[0], spf.Wish{Senders: []string{"everybody"}}); err == nil {
		t.Error("a term that is none is taken")
	}
}

// TestSPFWordsAreComplete: everything an edit can say has words in both
// languages, with the same values in them.
func TestSPFWordsAreComplete(t *testing.T) {
	holes := regexp.MustCompile(`\{[a-z]+\}`)
	en, ja := spfWords[English], spfWords[Japanese]
	same := func(what, a, b string) {
		x, y := holes.FindAllString(a, -1), holes.FindAllString(b, -1)
		slices.Sort(x)
		slices.Sort(y)
		if a == "" || b == "" || !slices.Equal(x, y) || !regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`).MatchString(b) {
			t.Errorf("%s: %q, %q", what, a, b)
		}
	}
	for _, id := range []spf.Action{spf.ActionNone, spf.ActionCreate, spf.ActionEdit, spf.ActionMerge} {
		same(string(id), strings.Join(en.action[id], "\n"), strings.Join(ja.action[id], "\n"))
	}
	for _, id := range []spf.StopID{spf.StopSyntax, spf.StopLookups, spf.StopVoids, spf.StopTarget} {
		same(string(id), en.stop[id], ja.stop[id])
	}
	notes := []spf.NoteID{
		spf.NoteNested, spf.NoteRepaired, spf.NoteNearMiss, spf.NoteMoved, spf.NoteQualifier, spf.NoteFirst, spf.NoteDuplicate, spf.NoteDead,
		spf.NoteDropped, spf.NoteRedirect, spf.NoteExp, spf.NotePlusAll, spf.NoteNoAll, spf.NotePTR, spf.NoteNearLimit, spf.NoteVoid,
		spf.NoteUncounted, spf.NoteUnresolved, spf.NoteLong, spf.NoteWide,
	}
	for _, id := range notes {
		same(string(id), en.note[id], ja.note[id])
	}
	for _, id := range []spf.QuestionID{spf.QuestionSenders, spf.QuestionComplete, spf.QuestionKeepFail, spf.QuestionRevive, spf.QuestionNoMail} {
		same(string(id), en.question[id], ja.question[id])
	}
	same("no guess", en.noGuess, ja.noGuess)
	same("problem", en.problem, ja.problem)
	same("saving", en.saving, ja.saving)
	if len(en.note) != len(notes) || len(ja.note) != len(notes) {
		t.Errorf("%d and %d notes", len(en.note), len(ja.note))
	}
}
