package submission_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/submission"
)

// TestReturnPaths says who shares a return path: those of one message at one domain,
// where the class wants it; who is alone at a domain never does, and nobody shares
// one with another domain, whose people could then tell lies about them (T41).
func TestReturnPaths(t *testing.T) {
	const to = "a@one.example b@two.example c@one.example d@three.example e@two.example f@one.example"
	for _, tt := range []struct {
		rule     myodai.ReturnPathRule
		to, want string // for each recipient the first that has its return path, and * when it is shared
	}{
		{"", to, "a b c d e f"},
		{myodai.ReturnPathRecipient, to, "a b c d e f"},
		{myodai.ReturnPathMessage, to, "a* b* a* d b* a*"},
		{myodai.ReturnPathMessage, "a@one.example", "a"},
		{myodai.ReturnPathMessage, "a@one.example b@two.example", "a b"},
	} {
		l := newLedger()
		l.policy.Classes = append(l.policy.Classes, myodai.DefaultPolicy().Classes...)
		l.policy.Classes[0].ReturnPath = tt.rule
		r := request(hello)
		r.Recipients = addresses(strings.Fields(tt.to)...)
		e := submission.New(submission.Options{Store: l, Suppressions: l, Random: &counter{}, ReturnKey: returnKey, MailHost: "mx.plat.example"})
		if _, err := e.Submit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		list, names := l.accepted[0].Deliveries, map[myodai.DeliveryID]string{}
		var got []string
		for _, d := range list {
			names[d.ID] = d.Recipient.Local
			origin, err := bounce.ReadReturnPath(returnKey, d.ReturnPath, time.Now())
			if err != nil || d.ReturnPath.Domain != "rp.example.com" {
				t.Errorf("return path %s: %v", d.ReturnPath, err)
			}
			got = append(got, names[origin.Delivery]+map[bool]string{true: "*"}[origin.Shared])
		}
		if fmt.Sprint(got) != fmt.Sprint(strings.Fields(tt.want)) {
			t.Errorf("%q to %s: %v, want %s", tt.rule, tt.to, got, tt.want)
		}
	}
}
