package submission_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

// A1, D1: who says what kind of mail a message is, and what that changes.
func TestClass(t *testing.T) {
	const header = "X-Myodai-Class: marketing\r\n"
	for _, tt := range []struct {
		name       string
		request    myodai.ClassName
		header     string
		credential myodai.ClassName
		want       myodai.ClassName // "" for a refusal
	}{
		{"nobody says", "", "", "", "transactional"},
		{"the credential says", "", "", "notification", "notification"},
		{"the credential says what is no more", "", "", "newsletter", "transactional"},
		{"the header says", "", header, "notification", "marketing"},
		{"the header in another case", "", strings.ToLower(header[:14]) + header[14:], "", "marketing"},
		{"the request says", "administrative", "", "notification", "administrative"},
		{"both say the same", "marketing", header, "", "marketing"},
		{"both say different things", "administrative", header, "", ""},
		{"the header says what there is not", "", "X-Myodai-Class: spam\r\n", "", ""},
		{"the header says it twice", "", header + header, "", ""},
		{"the request says what there is not", "spam", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger()
			l.policy.Classes = append(myodai.DefaultPolicy().Classes[:0:0], myodai.DefaultPolicy().Classes...)
			l.policy.Classes[1].Life = myodai.Span(time.Hour)
			r := request(tt.header + hello)
			r.Class, r.Credential.Class = tt.request, tt.credential
			_, err := submission.New(submission.Options{Store: l, Suppressions: l, Random: &counter{}, MailHost: "mx.plat.example"}).Submit(t.Context(), r)
			if tt.want == "" {
				if !refuses(err, myodai.CodeInvalid) {
					t.Errorf("Submit = %v, want a refusal", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			m := l.accepted[0].Message
			if m.Class != tt.want {
				t.Errorf("class %s, want %s", m.Class, tt.want)
			}
			want := submission.DefaultMaxAge
			if tt.want == "marketing" {
				want = time.Hour
			}
			if life := m.ExpiresAt.Sub(m.AcceptedAt); life != want {
				t.Errorf("delivery is tried for %s, want %s", life, want)
			}
			if strings.Contains(strings.ToLower(string(l.accepted[0].Body)), "x-myodai") {
				t.Error("what was said to us went on")
			}
		})
	}
}

// P16: a life begins by a clock that is believed.
func TestLifeBeginsByABelievedClock(t *testing.T) {
	l := newLedger()
	right := time.Now().Add(10 * 365 * 24 * time.Hour)
	e := submission.New(submission.Options{
		Store: l, Suppressions: l, Random: &counter{}, MailHost: "mx.plat.example", Reckon: func(time.Time) time.Time { return right },
	})
	if _, err := e.Submit(t.Context(), request(hello)); err != nil {
		t.Fatal(err)
	}
	if end := l.accepted[0].Message.ExpiresAt; !end.Equal(right.Add(submission.DefaultMaxAge)) {
		t.Errorf("it ends at %v", end)
	}
}

// refuses reports whether err is a refusal with the given code.
func refuses(err error, code myodai.Code) bool {
	refusal, ok := errors.AsType[*myodai.Error](err)
	return ok && refusal.Code == code
}
