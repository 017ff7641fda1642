package domains

import (
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Bounds of what events repeat of findings: what is found comes from strangers,
// and events are kept.
const (
	maxTold   = 20   // findings
	maxQuoted = 1000 // octets of a value
)

// toldFinding is a finding as events have it: without what only texts need.
type toldFinding struct {
	Cause     myodai.Cause    `json:"cause"`
	Severity  myodai.Severity `json:"severity"`
	Primary   bool            `json:"primary"`
	Record    myodai.Name     `json:"record"`
	Purpose   myodai.Purpose  `json:"purpose"`
	Found     string          `json:"found"`
	Expected  string          `json:"expected"`
	VisibleAt time.Time       `json:"visible_at,omitzero"`
}

// checkEvents tells of what a check changed, with what the reader needs to act.
func (s *Service) checkEvents(d myodai.Domain, kinds []myodai.EventKind, check myodai.Check) []myodai.Event {
	var events []myodai.Event
	for _, kind := range kinds {
		data := map[string]any{"check": check.ID}
		if kind != myodai.EventDomainVerified {
			data["records"] = troubled(check.Records)
			data["findings"] = told(check.Findings)
			data["cause"] = primary(check.Findings)
		}
		if kind == myodai.EventDomainAtRisk {
			data["notice"] = d.Notices
			data["sending_stops_at"] = d.AtRiskAt.Add(myodai.GracePeriod).UTC().Format(time.RFC3339)
		}
		events = append(events, s.event(kind, d, check.At, data))
	}
	return events
}

func told(findings []myodai.Finding) []toldFinding {
	list := []toldFinding{}
	for _, f := range findings[:min(len(findings), maxTold)] {
		list = append(list, toldFinding{
			Cause: f.Cause, Severity: f.Severity, Primary: f.Primary, Record: f.Record, Purpose: f.Purpose,
			Found: quoted(f.Found), Expected: quoted(f.Expected), VisibleAt: f.VisibleAt,
		})
	}
	return list
}

// quoted shortens a value, on a character boundary.
func quoted(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	return strings.ToValidUTF8(s[:maxQuoted], "") + "…"
}

// troubled lists the required records that are not as planned.
func troubled(checks []myodai.RecordCheck) []map[string]any {
	list := []map[string]any{}
	for _, c := range checks {
		if c.Required && c.Status != myodai.StatusAsPlanned {
			list = append(list, map[string]any{"name": c.Name, "type": c.Type, "status": c.Status, "reason": c.Reason})
		}
	}
	return list
}
