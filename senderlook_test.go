package myodai_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// D11, T12: what becomes of a confirmed address whose domain begins to ask for
// quarantine or reject, and stops doing so.
func TestSenderLookAdvance(t *testing.T) {
	const hour = time.Hour
	atRisk := myodai.SenderLook{Policy: "reject", AtRiskAt: t0}
	refused := myodai.SenderLook{Policy: "reject", AtRiskAt: t0, RefusedAt: t0.Add(hour)}
	for _, tt := range []struct {
		name   string
		look   myodai.SenderLook
		policy string
		known  bool
		after  time.Duration
		want   string // "", "at risk", "refused"
		event  myodai.EventKind
		next   time.Duration
	}{
		{"nothing asked for", myodai.SenderLook{}, "", true, 0, "", "", 6 * hour},
		{"nobody answers", myodai.SenderLook{}, "", false, 0, "", "", hour},
		{"reject begins", myodai.SenderLook{}, "reject", true, 0, "at risk", myodai.EventSenderAtRisk, hour},
		{"quarantine begins", myodai.SenderLook{}, "quarantine", true, 0, "at risk", myodai.EventSenderAtRisk, hour},
		{"seen again too soon", atRisk, "reject", true, hour - 1, "at risk", "", hour},
		{"seen again", atRisk, "reject", true, hour, "refused", myodai.EventSenderRefused, hour},
		{"seen again as quarantine", atRisk, "quarantine", true, hour, "refused", myodai.EventSenderRefused, hour},
		{"nobody answers of one at risk", atRisk, "", false, hour, "at risk", "", hour},
		{"taken back", atRisk, "", true, hour, "", myodai.EventSenderRecovered, 6 * hour},
		{"refused stays so", refused, "reject", true, 9 * hour, "refused", "", hour},
		{"nobody answers of one refused", refused, "", false, 9 * hour, "refused", "", hour},
		{"taken back late", refused, "", true, 9 * hour, "", myodai.EventSenderRecovered, 6 * hour},
	} {
		got, event := tt.look.Advance(tt.policy, tt.known, t0.Add(tt.after))
		state := ""
		switch {
		case !got.RefusedAt.IsZero():
			state = "refused"
		case !got.AtRiskAt.IsZero():
			state = "at risk"
		}
		if state != tt.want || event != tt.event || got.At.Sub(t0.Add(tt.after)) != tt.next || (got.Policy != "") != (state != "") {
			t.Errorf("%s: %q %q %+v", tt.name, state, event, got)
		}
	}
}
