package myodai_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

var t0 = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func TestAdvance(t *testing.T) {
	const hour = time.Hour
	pending := myodai.Domain{State: myodai.DomainPending}
	verified := myodai.Domain{State: myodai.DomainVerified, VerifiedAt: t0}
	risk := func(checks, notices int) myodai.Domain {
		return myodai.Domain{State: myodai.DomainAtRisk, AtRiskAt: t0, FailedChecks: checks, Notices: notices}
	}
	for _, tt := range []struct {
		name    string
		domain  myodai.Domain
		verdict myodai.Verdict
		after   time.Duration
		state   myodai.DomainState
		events  []myodai.EventKind
	}{
		{"proof appears", pending, myodai.VerdictProved, 0, myodai.DomainVerified, []myodai.EventKind{myodai.EventDomainVerified}},
		{"proof is still missing", pending, myodai.VerdictDisproved, 0, myodai.DomainPending, nil},
		{"nothing is known of a new domain", pending, myodai.VerdictUnknown, 0, myodai.DomainPending, nil},
		{"proof stays", verified, myodai.VerdictProved, hour, myodai.DomainVerified, nil},
		{"DNS fails", verified, myodai.VerdictUnknown, 900 * hour, myodai.DomainVerified, nil},
		{"proof goes", verified, myodai.VerdictDisproved, hour, myodai.DomainAtRisk, []myodai.EventKind{myodai.EventDomainAtRisk}},
		{"just before the second notice", risk(1, 1), myodai.VerdictDisproved, 24*hour - 1, myodai.DomainAtRisk, nil},
		{"second notice", risk(1, 1), myodai.VerdictDisproved, 24 * hour, myodai.DomainAtRisk, []myodai.EventKind{myodai.EventDomainAtRisk}},
		{"third notice", risk(5, 2), myodai.VerdictDisproved, 48 * hour, myodai.DomainAtRisk, []myodai.EventKind{myodai.EventDomainAtRisk}},
		{"no fourth notice", risk(5, 3), myodai.VerdictDisproved, 71 * hour, myodai.DomainAtRisk, nil},
		{"just before the end of grace", risk(9, 3), myodai.VerdictDisproved, 72*hour - 1, myodai.DomainAtRisk, nil},
		{"grace is over", risk(2, 3), myodai.VerdictDisproved, 72 * hour, myodai.DomainSuspended, []myodai.EventKind{myodai.EventDomainSuspended}},
		{"grace is over but it was seen only twice", risk(1, 3), myodai.VerdictDisproved, 72 * hour, myodai.DomainAtRisk, nil},
		{"DNS fails past the grace", risk(9, 3), myodai.VerdictUnknown, 200 * hour, myodai.DomainAtRisk, nil},
		{"mended in time", risk(9, 3), myodai.VerdictProved, 71 * hour, myodai.DomainVerified, []myodai.EventKind{myodai.EventDomainVerified}},
		{"mended after suspension", myodai.Domain{State: myodai.DomainSuspended, AtRiskAt: t0, FailedChecks: 9}, myodai.VerdictProved, 99 * hour, myodai.DomainVerified, []myodai.EventKind{myodai.EventDomainVerified}},
		{"suspended stays so", myodai.Domain{State: myodai.DomainSuspended, AtRiskAt: t0, FailedChecks: 9}, myodai.VerdictDisproved, 99 * hour, myodai.DomainSuspended, nil},
	} {
		got, events := tt.domain.Advance(tt.verdict, t0.Add(tt.after))
		if got.State != tt.state || !slices.Equal(events, tt.events) {
			t.Errorf("%s: state %s, events %v, want %s, %v", tt.name, got.State, events, tt.state, tt.events)
		}
		if got.State == myodai.DomainVerified && (got.FailedChecks != 0 || !got.AtRiskAt.IsZero()) {
			t.Errorf("%s: a verified domain remembers old trouble: %+v", tt.name, got)
		}
	}
}

// TestRemovalTakesItsCourse plays P12's second half: hourly checks after the
// records are gone give three notices, and sending stops after 72 hours (F7).
func TestRemovalTakesItsCourse(t *testing.T) {
	d := myodai.Domain{State: myodai.DomainVerified}
	notices := 0
	for h := 0; h < 200; h++ {
		now := t0.Add(time.Duration(h) * time.Hour)
		var events []myodai.EventKind
		d, events = d.Advance(myodai.VerdictDisproved, now)
		for _, e := range events {
			switch e {
			case myodai.EventDomainAtRisk:
				notices++
			case myodai.EventDomainSuspended:
				if h != 72 || notices != 3 {
					t.Fatalf("suspended after %d h and %d notices, want 72 h and 3", h, notices)
				}
			}
		}
		if want := h < 72; d.CanSend() != want {
			t.Fatalf("after %d h CanSend() = %v, want %v", h, d.CanSend(), want)
		}
	}
}

// TestDNSFailureNeverUnverifies is P12: no run of unknowns changes a state.
func TestDNSFailureNeverUnverifies(t *testing.T) {
	for _, state := range []myodai.DomainState{myodai.DomainPending, myodai.DomainVerified, myodai.DomainAtRisk, myodai.DomainSuspended} {
		d := myodai.Domain{State: state, AtRiskAt: t0, FailedChecks: 8}
		for h := range 720 {
			var events []myodai.EventKind
			if d, events = d.Advance(myodai.VerdictUnknown, t0.Add(time.Duration(h)*time.Hour)); d.State != state || events != nil {
				t.Fatalf("%s became %s with %v after %d unknown checks", state, d.State, events, h+1)
			}
		}
	}
}

func TestJudge(t *testing.T) {
	check := func(required bool, s myodai.RecordStatus) myodai.RecordCheck {
		return myodai.RecordCheck{Required: required, Status: s}
	}
	const good, missing, unknown, different = myodai.StatusAsPlanned, myodai.StatusMissing, myodai.StatusUnknown, myodai.StatusDifferent
	for _, tt := range []struct {
		name   string
		checks []myodai.RecordCheck
		want   myodai.Verdict
	}{
		{"nothing is planned", nil, myodai.VerdictUnknown},
		{"only optional records", []myodai.RecordCheck{check(false, good)}, myodai.VerdictUnknown},
		{"all right", []myodai.RecordCheck{check(true, good), check(true, good)}, myodai.VerdictProved},
		{"an optional one is missing", []myodai.RecordCheck{check(true, good), check(false, missing)}, myodai.VerdictProved},
		{"one is missing", []myodai.RecordCheck{check(true, good), check(true, missing)}, myodai.VerdictDisproved},
		{"one differs, one is unknown", []myodai.RecordCheck{check(true, unknown), check(true, different)}, myodai.VerdictDisproved},
		{"one is unknown", []myodai.RecordCheck{check(true, good), check(true, unknown)}, myodai.VerdictUnknown},
	} {
		if got := myodai.Judge(tt.checks); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestReshapeLeavesTheOriginalAlone(t *testing.T) {
	d := myodai.Domain{Shape: myodai.ShapeCNAME}
	one := d.Reshape("a.example", myodai.ShapeTXT)
	two := one.Reshape("b.example", myodai.ShapeTXT)
	if len(one.Shapes) != 1 || len(two.Shapes) != 2 || two.ShapeOf("a.example") != myodai.ShapeTXT || two.ShapeOf("c.example") != myodai.ShapeCNAME {
		t.Errorf("one record: %v, two records: %v", one.Shapes, two.Shapes)
	}
	if all := two.Reshape("", myodai.ShapeTXT); all.Shape != myodai.ShapeTXT || all.Shapes != nil {
		t.Errorf("all records: %+v", all)
	}
}

func TestIDs(t *testing.T) {
	first := myodai.NewID[myodai.DomainID](time.UnixMilli(0), bytes.NewReader(make([]byte, 10)))
	if first != "dom_00000000000000000000000000" {
		t.Errorf("the first id is %q", first)
	}
	last := myodai.NewID[myodai.DomainID](time.UnixMilli(1<<48-1), bytes.NewReader(bytes.Repeat([]byte{255}, 10)))
	if last != "dom_7zzzzzzzzzzzzzzzzzzzzzzzzz" {
		t.Errorf("the last id is %q", last)
	}
	early := myodai.NewID[myodai.EventID](t0, bytes.NewReader(bytes.Repeat([]byte{255}, 10)))
	late := myodai.NewID[myodai.EventID](t0.Add(time.Millisecond), bytes.NewReader(make([]byte, 10)))
	if early >= late {
		t.Errorf("%q of an earlier millisecond sorts after %q", early, late)
	}
	if _, err := myodai.ParseID[myodai.DomainID](string(first)); err != nil {
		t.Error(err)
	}
	for _, s := range []string{"", "dom_", string(early), "dom_0000000000000000000000000i", "dom_000000000000000000000000000"} {
		if _, err := myodai.ParseID[myodai.DomainID](s); err == nil {
			t.Errorf("ParseID accepted %q", s)
		}
	}
}

func TestAnswerKind(t *testing.T) { // P12, RFC 2308 §2
	soa := []myodai.Record{{Name: "example.com", Type: myodai.TypeSOA}}
	q := myodai.Question{Name: "a.example.com", Type: myodai.TypeTXT}
	txt := []myodai.Record{{Name: "a.example.com", Type: myodai.TypeTXT, Data: "x"}}
	alias := []myodai.Record{{Name: "a.example.com", Type: myodai.TypeCNAME, Data: "b.example.net"}}
	for _, tt := range []struct {
		name   string
		answer myodai.Answer
		want   myodai.AnswerKind
	}{
		{"records", myodai.Answer{Question: q, RCode: "NOERROR", Authoritative: true, Records: txt}, myodai.AnswerPositive},
		{"an alias", myodai.Answer{Question: q, RCode: "NOERROR", Authoritative: true, Records: alias}, myodai.AnswerPositive},
		{"an alias to nowhere", myodai.Answer{Question: q, RCode: "NXDOMAIN", Authoritative: true, Records: alias}, myodai.AnswerPositive},
		{"no such name", myodai.Answer{Question: q, RCode: "NXDOMAIN", Authoritative: true, Authority: soa}, myodai.AnswerNegative},
		{"no such type", myodai.Answer{Question: q, RCode: "NOERROR", Authoritative: true, Authority: soa}, myodai.AnswerNegative},
		{"no such name, without SOA", myodai.Answer{Question: q, RCode: "NXDOMAIN", Authoritative: true}, myodai.AnswerUnknown},
		{"another zone's SOA", myodai.Answer{Question: q, RCode: "NXDOMAIN", Authoritative: true, Authority: []myodai.Record{{Name: "example.net", Type: myodai.TypeSOA}}}, myodai.AnswerUnknown},
		{"not authoritative", myodai.Answer{Question: q, RCode: "NXDOMAIN", Authority: soa}, myodai.AnswerUnknown},
		{"records, not authoritative", myodai.Answer{Question: q, RCode: "NOERROR", Records: txt}, myodai.AnswerUnknown},
		{"SERVFAIL", myodai.Answer{Question: q, RCode: "SERVFAIL", Authoritative: true, Authority: soa}, myodai.AnswerUnknown},
		{"REFUSED", myodai.Answer{Question: q, RCode: "REFUSED", Authoritative: true}, myodai.AnswerUnknown},
		{"a timeout", myodai.Answer{Question: q, Err: "timeout"}, myodai.AnswerUnknown},
		{"a referral", myodai.Answer{Question: q, RCode: "NOERROR", Authority: []myodai.Record{{Name: "a.example.com", Type: myodai.TypeNS}}}, myodai.AnswerUnknown},
	} {
		if got := tt.answer.Kind(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestUnescapeText(t *testing.T) { // RFC 1035 §5.1
	for in, want := range map[string]string{
		`v=spf1 -all`: "v=spf1 -all", `a\"b`: `a"b`, `a\\b`: `a\b`, `\226\128\156x`: "“x", `end\`: `end\`, `\12`: "12",
	} {
		if got := myodai.UnescapeText(in); got != want {
			t.Errorf("UnescapeText(%q) = %q, want %q", in, got, want)
		}
	}
}
