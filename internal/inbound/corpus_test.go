package inbound_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// corpusPath is the return path that the mails in package bounce's testdata came
// back to.
const corpusPath = "b-01m80xe2r00w3ge1r70w3ge1r7-aznqy4r5sjg6pv8yc9qnsj722r@bounce.customer.example"

// mail is one of those mails, and what its table says is in it.
type mail struct {
	name, kind, act, class string
	recipient              myodai.Address // zero for none
	raw                    []byte
}

func mails(t *testing.T) (list []mail) {
	t.Helper()
	tables, _ := filepath.Glob("../bounce/testdata/*/want.txt")
	for _, table := range tables {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			m := mail{name: filepath.Base(filepath.Dir(table)) + "/" + words[0], kind: words[1], act: words[2], class: words[5]}
			if words[3] != "-" {
				if m.recipient, err = myodai.ParseAddress(words[3]); err != nil {
					t.Fatal(err)
				}
			}
			if m.raw, err = os.ReadFile(filepath.Join(filepath.Dir(table), words[0]+".eml")); err != nil {
				t.Fatal(err)
			}
			list = append(list, m)
		}
	}
	if len(list) < 200 {
		t.Fatalf("%d mails, want 200", len(list))
	}
	return list
}

// Whatever any of 25 origins writes: a failure of our recipient bounces, and
// only a missing recipient is suppressed. A second copy changes nothing.
func TestReceiveCorpus(t *testing.T) {
	for _, m := range mails(t) {
		if m.kind == "complaint" {
			continue // TestReceiveComplaint
		}
		s, store, d, _ := room(t)
		if m.recipient != (myodai.Address{}) {
			d.Recipient = m.recipient
			store.deliveries[d.ID] = d
		}
		raw := bytes.ReplaceAll(m.raw, []byte(corpusPath), []byte(d.ReturnPath.String()))
		for range 2 {
			if err := s.Receive(t.Context(), d.ReturnPath, "192.0.2.1", raw); err != nil {
				t.Fatalf("%s: %v", m.name, err)
			}
		}
		bounced := m.act == "failed"
		suppressed := bounced && m.class == string(bounce.ClassRecipient)
		if got := store.deliveries[d.ID].State == myodai.DeliveryBounced; got != bounced {
			t.Errorf("%s: bounced %v, want %v", m.name, got, bounced)
		}
		if got := len(store.suppressions) == 1; got != suppressed || len(store.suppressions) > 1 {
			t.Errorf("%s: suppressed %v, want %v", m.name, store.suppressions, suppressed)
		}
		if want := map[bool]int{true: 1}[bounced] + map[bool]int{true: 1}[suppressed]; len(store.events) != want {
			t.Errorf("%s: events %v, want %d", m.name, store.kinds(), want)
		}
	}
}

// Threats T41 to T43: the right text changes nothing without the right token. At
// a return path that was made up it is refused; at the return path of another
// delivery, and at the desk, it is about nobody.
func TestForgedCorpusChangesNothing(t *testing.T) {
	for _, m := range mails(t) {
		s, store, d, _ := abuseDesk(t)
		d.Recipient = myodai.Address{Local: "somebody", Domain: "else.example"}
		store.deliveries[d.ID] = d
		victim := d
		victim.ID, victim.TenantID = "dlv_01kak9zz000000000000000002", "ten_b"
		victim.Recipient = m.recipient
		store.deliveries[victim.ID] = victim
		guess := bounce.MintReturnPath(sha256.Sum256([]byte("guess")), victim.ID, bounceHost)
		forged := bytes.ReplaceAll(m.raw, []byte(corpusPath), []byte(guess.String()))
		if err := s.Receive(t.Context(), guess, "192.0.2.1", forged); !isNotFound(err) {
			t.Errorf("%s: Receive at a forged return path = %v, want a refusal", m.name, err)
		}
		if err := s.Receive(t.Context(), desk, "192.0.2.1", forged); err != nil {
			t.Fatal(err)
		}
		if m.kind != "complaint" {
			if err := s.Receive(t.Context(), d.ReturnPath, "192.0.2.1", forged); err != nil {
				t.Fatal(err)
			}
		}
		if len(store.events) != 0 || len(store.suppressions) != 0 || store.deliveries[d.ID] != d || store.deliveries[victim.ID] != victim {
			t.Errorf("%s: events %v, suppressions %v; want nothing changed", m.name, store.kinds(), store.suppressions)
		}
	}
}
