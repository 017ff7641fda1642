package store_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// bodyOf reads a message that is stored.
func bodyOf(t *testing.T, s *store.Store, tenant myodai.TenantID, message myodai.MessageID) []byte {
	t.Helper()
	octets, _, err := s.Body(t.Context(), tenant, message)
	ok(t, err)
	return octets
}

// noBody is why a message cannot be read.
func noBody(t *testing.T, s *store.Store, tenant myodai.TenantID, message myodai.MessageID) error {
	t.Helper()
	_, _, err := s.Body(t.Context(), tenant, message)
	return err
}

// A message that was accepted unsigned is told apart, gets the signatures of the
// first attempt that wrote any, and is from then on what was sent.
func TestSignaturesCome(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		check := func(a myodai.Accepted, when string, want []byte, wantSigned bool) {
			t.Helper()
			got, signed, err := s.Body(t.Context(), d.TenantID, a.Message.ID)
			ok(t, err)
			m := must(s.Message(t.Context(), d.TenantID, a.Message.ID))(t)
			if !bytes.Equal(got, want) || signed != wantSigned || m.Size != int64(len(want)) {
				t.Errorf("%s: %d octets, signed %t, size %d; want %d and %t", when, len(got), signed, m.Size, len(want), wantSigned)
			}
		}
		var list [3]myodai.Accepted // a small one, one of two chunks, and one that is signed
		for i, body := range [][]byte{[]byte("Subject: x\r\n\r\nHello\r\n"), bytes.Repeat([]byte("0123456\r\n"), 40_000), []byte("DKIM-Signature: x\r\n\r\n")} {
			list[i] = letter(d, t0, rcpt("a", "example.net"))
			list[i].Body, list[i].Message.Size, list[i].Unsigned = body, int64(len(body)), i < 2
			accept(t, s, list[i])
			check(list[i], "accepted", body, i == 2)
		}
		claimed, _ := claim(t, s, "n1", 9, t0)
		attempt := func(owner, signatures string, at time.Time) (lost int) {
			var all []myodai.Finished
			for _, c := range claimed {
				f := finished(c, myodai.DeliveryDeferred, at)
				f.Delivery.DueAt, f.Signatures = t0, []byte(signatures)
				if c.MessageID == list[2].Message.ID {
					f.Signatures = nil
				}
				all = append(all, f)
			}
			return len(must(s.FinishDeliveries(t.Context(), owner, all))(t))
		}
		if lost := attempt("n2", "DKIM-Signature: of who has no lease\r\n", t0); lost != 3 {
			t.Errorf("without a lease %d results were lost", lost)
		}
		check(list[0], "after an attempt of who has no lease", list[0].Body, false)
		first := "DKIM-Signature: first\r\n"
		attempt("n1", "", t0)
		check(list[1], "after an attempt that did not get as far", list[1].Body, false)
		for _, signatures := range []string{first, "DKIM-Signature: another one\r\n"} {
			claimed, _ = claim(t, s, "n1", 9, t0)
			if lost := attempt("n1", signatures, t0); lost != 0 {
				t.Fatalf("%d results were lost", lost)
			}
			for _, a := range list[:2] {
				check(a, "signed", append([]byte(first), a.Body...), true)
			}
			check(list[2], "signed when it was accepted", list[2].Body, true)
		}
	})
}
