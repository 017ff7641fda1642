package console

import (
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/spf"
)

// spfView is what is to become of the SPF record that is there (C11–C15). The
// whole new text stands among the fields of its record, to be copied.
type spfView struct {
	Old       []string
	Steps     []string
	Notes     []string
	Questions []string // that only the owner can answer
}

// editSPF puts the whole edited record into the fields of an include, once a check
// has seen what is there; until then it stays a part to be merged.
func (v *recordView) editSPF(r reader, item plan.Item, host dnshost.Host, in reading, f form) {
	if in.Last.At.IsZero() || in.Last.At.Before(in.Domain.PlannedAt) {
		return
	}
	seen := diagnose.Input{Plan: in.Plan, Observation: in.Last.Observation}
	edit, known, err := diagnose.EditSPF(seen, item, spf.Wish{})
	if err != nil || !known || edit.Action == spf.ActionNone {
		return
	}
	text := diagnose.ExplainSPF(edit, diagnose.SPFSenders(seen), diagnose.Lang(r.lang))
	v.Notes = nil
	v.SPF = &spfView{Old: edit.Old, Steps: text.Steps, Notes: text.Notes, Questions: text.Questions}
	if edit.New == "" {
		return
	}
	item.Value = edit.New
	entry := host.Enter(plan.ZoneOf(in.Last, item.Name), item)
	fields := entry.Fields
	if f.Other {
		fields = entry.Other
	}
	v.Fields, v.Line = r.fields(v.ID, fields, host)
}
