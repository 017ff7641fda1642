package spf_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/spf"
)

func notes(e spf.Edit) (ids []spf.NoteID) {
	for _, n := range e.Notes {
		ids = append(ids, n.ID)
	}
	return ids
}

func questions(e spf.Edit) (ids []spf.QuestionID) {
	for _, q := range e.Questions {
		ids = append(ids, q.ID)
	}
	return ids
}

// propose runs Propose for kaisha.example with the given SPF records.
func propose(t *testing.T, wish spf.Wish, records ...string) spf.Edit {
	t.Helper()
	zone := providers
	for _, r := range records {
		zone += "kaisha.example. TXT \"" + r + "\"\n"
	}
	wish.Domain, wish.Include = "kaisha.example", "_spf.plat.example"
	edit, err := spf.Propose(world(t, zone), records, wish)
	if err != nil {
		t.Fatal(err)
	}
	return edit
}

func TestEditAsksWhatTheDeadRedirectCosts(t *testing.T) {
	e := propose(t, spf.Wish{}, "v=spf1 include:_spf.mailhost.example redirect=spf.crm.example ~all")
	want := spf.Question{ID: spf.QuestionRevive, Term: "redirect=spf.crm.example", Number: 3}
	if !slices.Contains(e.Questions, want) {
		t.Errorf("questions = %v, want %v among them", e.Questions, want)
	}
}

func TestEdit(t *testing.T) {
	for _, tt := range []struct {
		name   string
		wish   spf.Wish
		old    []string
		action spf.Action
		want   string
		notes  []spf.NoteID
	}{
		{
			"ours is there", spf.Wish{}, []string{"v=spf1 include:_spf.plat.example ~all"},
			spf.ActionNone, "v=spf1 include:_spf.plat.example ~all", nil,
		},
		{
			"ours is there in capitals", spf.Wish{}, []string{"V=SPF1 mx Include:_SPF.Plat.Example. ~all"},
			spf.ActionNone, "V=SPF1 mx Include:_SPF.Plat.Example. ~all", nil,
		},
		{
			"ours is subtracted", spf.Wish{}, []string{"v=spf1 -include:_spf.plat.example mx ~all"},
			spf.ActionEdit, "v=spf1 include:_spf.plat.example mx ~all", []spf.NoteID{spf.NoteQualifier},
		},
		{
			"ours is only soft", spf.Wish{}, []string{"v=spf1 mx ~include:_spf.plat.example ~all"},
			spf.ActionEdit, "v=spf1 mx include:_spf.plat.example ~all", []spf.NoteID{spf.NoteQualifier},
		},
		{
			"neither all nor redirect", spf.Wish{}, []string{"v=spf1 mx"},
			spf.ActionEdit, "v=spf1 mx include:_spf.plat.example", []spf.NoteID{spf.NoteNoAll},
		},
		{
			"nothing but the version", spf.Wish{}, []string{"v=spf1"},
			spf.ActionEdit, "v=spf1 include:_spf.plat.example", []spf.NoteID{spf.NoteNoAll},
		},
		{
			"exp before redirect", spf.Wish{}, []string{"v=spf1 exp=why.kaisha.example redirect=_spf.mailhost.example"},
			spf.ActionEdit, "v=spf1 exp=why.kaisha.example include:_spf.plat.example redirect=_spf.mailhost.example", nil,
		},
		{
			"redirect before mechanisms", spf.Wish{}, []string{"v=spf1 redirect=_spf.mailhost.example mx"},
			spf.ActionEdit, "v=spf1 redirect=_spf.mailhost.example mx include:_spf.plat.example", nil,
		},
		{
			"other dead terms stay dead", spf.Wish{}, []string{"v=spf1 mx ~all include:spf.crm.example"},
			spf.ActionEdit, "v=spf1 mx include:_spf.plat.example ~all include:spf.crm.example", []spf.NoteID{spf.NoteDead},
		},
		{
			"a second all goes", spf.Wish{}, []string{"v=spf1 mx ~all -all"},
			spf.ActionEdit, "v=spf1 mx include:_spf.plat.example ~all", []spf.NoteID{spf.NoteDropped},
		},
		{
			"a name that does not exist comes after ours", spf.Wish{}, []string{"v=spf1 mx a:gone.example ~all"},
			spf.ActionEdit, "v=spf1 include:_spf.plat.example mx a:gone.example ~all", []spf.NoteID{spf.NoteFirst, spf.NoteVoid},
		},
		{
			"+all is left and noted", spf.Wish{}, []string{"v=spf1 mx +all"},
			spf.ActionEdit, "v=spf1 mx include:_spf.plat.example +all", []spf.NoteID{spf.NotePlusAll},
		},
		{
			"curly quotes and a dash", spf.Wish{}, []string{"\u201cv=spf1 mx \u2013all\u201d"},
			spf.ActionEdit, "v=spf1 mx include:_spf.plat.example -all", []spf.NoteID{spf.NoteRepaired},
		},
		{
			"include= was meant as include:", spf.Wish{}, []string{"v=spf1 mx include=_spf.plat.example ~all"},
			spf.ActionEdit, "v=spf1 mx include:_spf.plat.example ~all", []spf.NoteID{spf.NoteRepaired},
		},
		{
			"our bare name", spf.Wish{}, []string{"v=spf1 _spf.plat.example ~all"},
			spf.ActionEdit, "v=spf1 include:_spf.plat.example ~all", []spf.NoteID{spf.NoteRepaired},
		},
		{
			"merge: mechanisms once, the least restrictive qualifier", spf.Wish{},
			[]string{"v=spf1 ip4:192.0.2.1/32 ?mx a ~all", "v=spf1 MX ip4:192.0.2.1 ?all"},
			spf.ActionMerge, "v=spf1 ip4:192.0.2.1/32 MX a include:_spf.plat.example ?all", nil,
		},
		{
			"merge: +all becomes ~all", spf.Wish{}, []string{"v=spf1 a mx +all", "v=spf1 ip4:192.0.2.9 -all"},
			spf.ActionMerge, "v=spf1 a mx ip4:192.0.2.9 include:_spf.plat.example ~all", []spf.NoteID{spf.NotePlusAll},
		},
		{
			"merge: redirect beside all becomes include", spf.Wish{}, []string{"v=spf1 a mx ~all", "v=spf1 redirect=_spf.mailhost.example"},
			spf.ActionMerge, "v=spf1 a mx include:_spf.mailhost.example include:_spf.plat.example ~all", []spf.NoteID{spf.NoteRedirect},
		},
		{
			"merge: redirect without all stays", spf.Wish{}, []string{"v=spf1 a", "v=spf1 redirect=_spf.mailhost.example"},
			spf.ActionMerge, "v=spf1 a include:_spf.plat.example redirect=_spf.mailhost.example", nil,
		},
		{
			"merge: the first exp stays", spf.Wish{}, []string{"v=spf1 a mx exp=one.example -all", "v=spf1 a exp=two.example -all"},
			spf.ActionMerge, "v=spf1 a mx include:_spf.plat.example -all exp=one.example", []spf.NoteID{spf.NoteExp},
		},
		{
			"merge: the same record twice", spf.Wish{}, []string{"v=spf1 mx -all", "v=spf1 mx -all"},
			spf.ActionMerge, "v=spf1 mx include:_spf.plat.example -all", nil,
		},
		{
			"nobody known sends", spf.Wish{}, nil,
			spf.ActionCreate, "v=spf1 include:_spf.plat.example ~all", nil,
		},
		{
			"the list of senders is complete", spf.Wish{Senders: []string{"mx"}, Confirmed: []spf.QuestionID{spf.QuestionComplete}}, nil,
			spf.ActionCreate, "v=spf1 mx include:_spf.plat.example -all", nil,
		},
		{
			"a near miss is left alone beside a record", spf.Wish{}, []string{"v=spf1 mx ~all", "v=spf2.0/pra mx ~all"},
			spf.ActionEdit, "v=spf1 mx include:_spf.plat.example ~all", []spf.NoteID{spf.NoteNearMiss},
		},
		{
			"other records stay out of it", spf.Wish{}, []string{"google-site-verification=abc", "v=spf1 mx ~all"},
			spf.ActionEdit, "v=spf1 mx include:_spf.plat.example ~all", nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := propose(t, tt.wish, tt.old...)
			if e.Action != tt.action || e.New != tt.want {
				t.Errorf("Propose = %s %q, want %s %q", e.Action, e.New, tt.action, tt.want)
			}
			if got := notes(e); !slices.Equal(got, tt.notes) {
				t.Errorf("notes = %v, want %v", got, tt.notes)
			}
			if _, err := spf.Parse(e.New); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEditNested(t *testing.T) {
	lookup := world(t, providers+`
kaisha.example. TXT "v=spf1 include:dc-8e8b._spfm.kaisha.example ~all"
dc-8e8b._spfm.kaisha.example. TXT "v=spf1 include:_spf.plat.example ~all"
`)
	wish := spf.Wish{Domain: "kaisha.example", Include: "_spf.plat.example"}
	e, err := spf.Propose(lookup, texts(lookup, "kaisha.example"), wish)
	want := spf.Note{ID: spf.NoteNested, Term: "include:dc-8e8b._spfm.kaisha.example"}
	if err != nil || e.Action != spf.ActionNone || !slices.Contains(e.Notes, want) {
		t.Errorf("Propose = %+v, %v; want nothing to do, and %v", e, err, want)
	}
}

func TestEditStops(t *testing.T) {
	for _, tt := range []struct {
		name string
		zone string
		stop spf.StopID
	}{
		{"an address that cannot be guessed", `kaisha.example. TXT "v=spf1 ip4:203.0.113.300 ~all"`, spf.StopSyntax},
		{"the eleventh look-up", `kaisha.example. TXT "v=spf1 a mx exists:mx.kaisha.example ptr include:_spf.mailhost.example include:spf.crm.example -all"`, spf.StopLookups},
		{"the third name that does not exist", `kaisha.example. TXT "v=spf1 a:x.example a:y.example mx:z.example -all"`, spf.StopVoids},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lookup := world(t, providers+tt.zone)
			wish := spf.Wish{Domain: "kaisha.example", Include: "_spf.plat.example"}
			e, err := spf.Propose(lookup, texts(lookup, "kaisha.example"), wish)
			if err != nil || e.Action != spf.ActionStop || e.Stop != tt.stop || e.New != "" {
				t.Fatalf("Propose = %+v, %v; want it to stop for %s", e, err, tt.stop)
			}
			if tt.stop == spf.StopSyntax {
				return
			}
			// What it says could go is enough to go on.
			wish.Drop = []string{e.Savings[0].Term}
			if e, err := spf.Propose(lookup, texts(lookup, "kaisha.example"), wish); err != nil || e.Action != spf.ActionEdit {
				t.Errorf("Propose without %v = %+v, %v; want an edit", wish.Drop, e, err)
			}
		})
	}
}

func TestEditOurOwnFault(t *testing.T) {
	lookup := world(t, `kaisha.example. TXT "v=spf1 ~all"`)
	wish := spf.Wish{Domain: "kaisha.example", Include: "_spf.plat.example"}
	if e, err := spf.Propose(lookup, []string{"v=spf1 ~all"}, wish); err != nil || e.Stop != spf.StopTarget {
		t.Errorf("Propose = %+v, %v; want it to stop for our own target", e, err)
	}
	lookup = world(t, "_spf.plat.example. SERVFAIL")
	e, err := spf.Propose(lookup, []string{"v=spf1 ~all"}, wish)
	if err != nil || e.Action != spf.ActionEdit || !slices.Contains(notes(e), spf.NoteUnresolved) {
		t.Errorf("Propose = %+v, %v; want an edit that says our include is unknown", e, err)
	}
}

func TestEditNotesSizes(t *testing.T) {
	long := "v=spf1" + strings.Repeat(" ip4:198.51.100.100", 22) // 424 octets, all the same term
	if e := propose(t, spf.Wish{}, long+" ~all"); slices.Contains(notes(e), spf.NoteLong) {
		t.Errorf("%d octets after duplicates went, noted as long", len(e.New))
	}
	var b strings.Builder
	for i := range 26 {
		b.WriteString(" ip4:198.51.100." + string(rune('0'+i/10)) + string(rune('0'+i%10)))
	}
	spread := "v=spf1" + strings.ReplaceAll(b.String(), ".0", ".10") + " ~all"
	e := propose(t, spf.Wish{}, spread, strings.Repeat("x", 700))
	if !slices.Contains(notes(e), spf.NoteLong) || !slices.Contains(notes(e), spf.NoteWide) {
		t.Errorf("notes of %d octets = %v, want long and wide", len(e.New), notes(e))
	}
}

func TestEditRefusesSenders(t *testing.T) {
	for _, bad := range []string{"", "-all", "redirect=x.example", "a mx", "include:", "gmail"} {
		if _, err := spf.Propose(world(t, ""), nil, spf.Wish{Domain: "kaisha.example", Senders: []string{bad}}); err == nil {
			t.Errorf("sender %q was accepted", bad)
		}
	}
}
