package submission_test

import (
	"context"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

// Which of the platform's keys sign beside a tenant is the operator's choice;
// the tenant's own signature is always there.
func TestCosign(t *testing.T) {
	for cosign, want := range map[submission.Cosign]string{
		"":                       "example.com pass, plat.example pass",
		submission.CosignEd25519: "example.com pass, plat.example pass",
		submission.CosignRSA:     "example.com pass, plat.example pass",
		submission.CosignBoth:    "example.com pass, plat.example pass, plat.example pass",
		submission.CosignNone:    "example.com pass",
	} {
		l := newLedger()
		l.publish("", "plat.example", "p1r", myodai.KeyRSA)
		e := submission.New(submission.Options{
			Store: l, Suppressions: l, Random: &counter{}, ReturnKey: returnKey, MailHost: "mx.plat.example", Cosign: cosign,
		})
		if _, err := e.Submit(context.Background(), request(hello)); err != nil {
			t.Fatal(err)
		}
		if got := l.verify(l.accepted[0].Body, time.Now()); got != want {
			t.Errorf("cosigned with %q, a receiver says %s; want %s", cosign, got, want)
		}
	}
	if _, err := submission.ParseCosign("dsa"); err == nil {
		t.Error("dsa is read")
	}
}
