package spf_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/spf"
)

// TestEditTable is the table of SPF edits, row by row (C11–C15).
func TestEditTable(t *testing.T) {
	for _, tt := range []struct {
		name      string
		wish      spf.Wish
		old       []string
		before    int
		want      string
		after     int
		notes     []spf.NoteID
		questions []spf.QuestionID
	}{
		{
			name: "1: no record, mail elsewhere", wish: spf.Wish{Senders: []string{"include:_spf.mailhost.example"}}, before: -1,
			want: "v=spf1 include:_spf.mailhost.example include:_spf.plat.example ~all", after: 4,
			questions: []spf.QuestionID{spf.QuestionComplete},
		},
		{
			name: "2: before ~all", old: []string{"v=spf1 mx include:_spf.mailhost.example ~all"}, before: 4,
			want: "v=spf1 mx include:_spf.mailhost.example include:_spf.plat.example ~all", after: 5,
		},
		{
			name: "3: the tenth look-up", old: []string{"v=spf1 a mx ptr include:_spf.mailhost.example include:spf.crm.example -all"}, before: 9,
			want: "v=spf1 a mx ptr include:_spf.mailhost.example include:spf.crm.example include:_spf.plat.example -all", after: 10,
			notes: []spf.NoteID{spf.NotePTR, spf.NoteNearLimit},
		},
		{
			name: "3: without ptr", old: []string{"v=spf1 a mx ptr include:_spf.mailhost.example include:spf.crm.example -all"}, before: 9,
			wish: spf.Wish{Drop: []string{"ptr"}},
			want: "v=spf1 a mx include:_spf.mailhost.example include:spf.crm.example include:_spf.plat.example -all", after: 9,
			notes: []spf.NoteID{spf.NoteDropped, spf.NoteNearLimit},
		},
		{
			name: "4: redirect only", old: []string{"v=spf1 redirect=_spf.mailhost.example"}, before: 3,
			want: "v=spf1 include:_spf.plat.example redirect=_spf.mailhost.example", after: 4,
		},
		{
			name: "5: ours after all", old: []string{"v=spf1 ip4:198.51.100.0/24 ~all include:_spf.plat.example"}, before: 0,
			want: "v=spf1 ip4:198.51.100.0/24 include:_spf.plat.example ~all", after: 1,
			notes: []spf.NoteID{spf.NoteMoved},
		},
		{
			name: "6: two records", old: []string{"v=spf1 include:_spf.mailhost.example -all", "v=spf1 include:_spf.plat.example ~all"}, before: -1,
			want: "v=spf1 include:_spf.mailhost.example include:_spf.plat.example ~all", after: 4,
			questions: []spf.QuestionID{spf.QuestionKeepFail},
		},
		{
			name: "6: two records the other way round", old: []string{"v=spf1 include:_spf.plat.example ~all", "v=spf1 include:_spf.mailhost.example -all"}, before: -1,
			want: "v=spf1 include:_spf.mailhost.example include:_spf.plat.example ~all", after: 4,
			questions: []spf.QuestionID{spf.QuestionKeepFail},
		},
		{
			name: "6: -all kept", old: []string{"v=spf1 include:_spf.mailhost.example -all", "v=spf1 include:_spf.plat.example ~all"}, before: -1,
			wish: spf.Wish{Confirmed: []spf.QuestionID{spf.QuestionKeepFail}},
			want: "v=spf1 include:_spf.mailhost.example include:_spf.plat.example -all", after: 4,
		},
		{
			name: "7: redirect beside all", old: []string{"v=spf1 include:_spf.mailhost.example redirect=spf.crm.example ~all"}, before: 3,
			want: "v=spf1 include:_spf.mailhost.example include:_spf.plat.example ~all", after: 4,
			notes: []spf.NoteID{spf.NoteDead, spf.NoteDropped}, questions: []spf.QuestionID{spf.QuestionRevive},
		},
		{
			name: "7: the redirect shall count", old: []string{"v=spf1 include:_spf.mailhost.example redirect=spf.crm.example ~all"}, before: 3,
			wish: spf.Wish{Confirmed: []spf.QuestionID{spf.QuestionRevive}},
			want: "v=spf1 include:_spf.mailhost.example include:spf.crm.example include:_spf.plat.example ~all", after: 7,
		},
		{
			name: "8: a duplicate makes room", before: 11,
			old:  []string{"v=spf1 a mx include:_spf.mailhost.example include:spf.crm.example include:_spf.mailhost.example -all"},
			want: "v=spf1 a mx include:_spf.mailhost.example include:spf.crm.example include:_spf.plat.example -all", after: 9,
			notes: []spf.NoteID{spf.NoteDuplicate, spf.NoteNearLimit},
		},
		{
			name: "9: modifiers stay in place", old: []string{"v=spf1 exp=why.%{d} include:_spf.mailhost.example ?all"}, before: 3,
			want: "v=spf1 exp=why.%{d} include:_spf.mailhost.example include:_spf.plat.example ?all", after: 4,
		},
		{
			name: "10: a domain that sends no mail", old: []string{"v=spf1 -all"}, before: 0,
			want: "v=spf1 include:_spf.plat.example -all", after: 1,
			questions: []spf.QuestionID{spf.QuestionNoMail},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := propose(t, tt.wish, tt.old...)
			if e.New != tt.want || e.Before != tt.before || e.After != tt.after {
				t.Errorf("Propose = %q, %d -> %d, want %q, %d -> %d", e.New, e.Before, e.After, tt.want, tt.before, tt.after)
			}
			if got := notes(e); !slices.Equal(got, tt.notes) {
				t.Errorf("notes = %v, want %v", got, tt.notes)
			}
			if got := questions(e); !slices.Equal(got, tt.questions) {
				t.Errorf("questions = %v, want %v", got, tt.questions)
			}
			if got := strings.Join(e.Strings, ""); got != tt.want {
				t.Errorf("strings = %q", e.Strings)
			}
		})
	}
}
