package hygiene_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/hygiene"
)

// bounced is a past bounce of the address, as Postfix writes it.
func bounced(address, status, said string) string {
	return "From: MAILER-DAEMON@mx.example\r\nTo: shop@shop.example\r\nSubject: Undelivered Mail Returned to Sender\r\n" +
		"Date: Mon, 2 Nov 2026 10:00:00 +0900\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" +
		"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; " + address + "\r\nAction: failed\r\nStatus: " + status +
		"\r\nDiagnostic-Code: smtp; 550 " + status + " " + said + "\r\n\r\n--b--\r\n"
}

// D9: before the first send a survey of list and past bounces says of every
// address what is wrong with it, and why.
func TestAudit(t *testing.T) {
	l := newLedger()
	s := service(t, l)
	list := strings.Join([]string{
		"会員番号,メールアドレス,登録日時",
		"1,taro@fine.example,2026-01-01 10:00:00", "2,Hanako <hanako@fine.example>,2026-01-02 10:00:00",
		"3,dead@fine.example,2026-01-03 10:00:00", "4,full@fine.example,2026-01-04 10:00:00",
		"5,a@gone.example,2026-01-05 10:00:00", "6,a@null.example,2026-01-06 10:00:00", "7,a@empty.example,", "8,a@web.example,",
		"9,a@silent.example,", "10,taro@gamil.com,", "11,jiro@gmail.con,", "12,x@mailinator.com,", "13,info@fine.example,",
		"14,twice@fine.example,", "15,Twice@fine.example,", "16,not an address,", "17,jiro＠docomo.ne.jp,", "18,ken@@fine.example,",
		"19,saburo.@docomo.ne.jp,",
	}, "\r\n") + "\r\n"
	box := "From MAILER-DAEMON Mon Nov  2 10:00:00 2026\r\n" + bounced("dead@fine.example", "5.1.1", "no such user") +
		"\r\nFrom MAILER-DAEMON Mon Nov  2 10:00:00 2026\r\n" + bounced("FULL@fine.example", "5.2.2", "mailbox full") +
		"\r\nFrom MAILER-DAEMON Mon Nov  2 10:00:00 2026\r\n" + bounced("unlisted@fine.example", "5.1.1", "no such user") +
		"\r\nFrom somebody Mon Nov  2 10:00:00 2026\r\nFrom: a@b.example\r\nSubject: Hello\r\n\r\nNo bounce.\r\n"
	a := audit(t, s, file{"members.csv", list}, file{"bounces.mbox", box})
	want := map[string]string{
		"dead@fine.example": "dead bounced", "unlisted@fine.example": "dead bounced", "full@fine.example": "blocked blocked",
		"a@gone.example": "no_mail no_such_domain", "a@null.example": "no_mail null_mx", "a@empty.example": "no_mail no_host",
		"a@silent.example": "unanswered unknown", "taro@gamil.com": "typo typo taro@gmail.com", "jiro@gmail.con": "typo typo jiro@gmail.com",
		"x@mailinator.com": "disposable disposable", "info@fine.example": "role role", "twice@fine.example": "duplicate duplicate",
		"not an address": "invalid syntax", "jiro＠docomo.ne.jp": "invalid syntax jiro@docomo.ne.jp",
		"ken@@fine.example": "invalid syntax ken@fine.example", "saburo.@docomo.ne.jp": `invalid syntax "saburo."@docomo.ne.jp`,
	}
	got := l.verdicts()
	for _, address := range slices.Sorted(maps.Keys(want)) {
		if got[address] != want[address] {
			t.Errorf("%s is %q, want %q", address, got[address], want[address])
		}
	}
	if len(got) != len(want) {
		t.Errorf("findings %v", got)
	}
	if a.Summary.Addresses != 14 || a.Summary.Bounces != 3 || a.Summary.Unread != 1 || a.Progress.Mails != 4 || a.Progress.Lines != 19 {
		t.Errorf("summary %+v, progress %+v", a.Summary, a.Progress)
	}
	// Certain: dead and three without mail, of those listed.
	if certain, worst, all := a.Expected(); certain != 4 || worst != 8 || all != 14 || a.Gate() != myodai.GateStop || a.Passed() {
		t.Errorf("expected %d to %d of %d, %s", certain, worst, all, a.Gate())
	}
	accepts(t, s, l, a)
}

// accepts presses the one button, and takes it back.
func accepts(t *testing.T, s *hygiene.Service, l *ledger, a myodai.ListAudit) {
	t.Helper()
	a, err := s.Accept(t.Context(), shop, a.ID, nil, "crd_1")
	if err != nil || !a.Passed() || a.Gate() != myodai.GateGo {
		t.Fatalf("Accept = %v, %+v", err, a)
	}
	entry := l.list["dead@fine.example"]
	if len(l.list) != 8 || entry.Reason != myodai.SuppressionAudited || entry.Evidence != "a past mail came back: 550 5.1.1 no such user" || entry.ProbeAt.IsZero() {
		t.Errorf("%d entries, such as %+v", len(l.list), entry)
	}
	if _, err := s.Accept(t.Context(), shop, a.ID, nil, "crd_1"); err == nil {
		t.Error("accepted twice")
	}
	if a, err = s.Undo(t.Context(), shop, a.ID, "crd_1"); err != nil || len(l.list) != 0 || a.Passed() {
		t.Errorf("Undo = %v, %d entries left", err, len(l.list))
	}
	want := "audit.started audit.finished suppression.imported audit.accepted audit.undone suppression.undone"
	if got := strings.Join(l.kinds(), " "); got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	if _, err := s.Accept(t.Context(), shop, a.ID, []myodai.ListAuditVerdict{myodai.ListAuditDead}, ""); err != nil || len(l.list) != 2 {
		t.Errorf("accepting a part of it = %v, %d entries", err, len(l.list))
	}
}

// D9: bulk registrations show by their names, not by their domain's.
func TestAuditFindsBulkRegistrations(t *testing.T) {
	l := newLedger()
	s := service(t, l)
	var list strings.Builder
	list.WriteString("email,created_at\n")
	people := []string{"tanaka", "suzuki.ichiro", "yamada1985", "m.sato", "kobayashi-ken", "john.smith", "anna99", "watanabe_y", "schwartz", "nguyen.thi"}
	for i, name := range people {
		fmt.Fprintf(&list, "%s@firm.example,2026-02-%02d 10:00:00\n", name, i+1)
	}
	for i := range 40 {
		fmt.Fprintf(&list, "user%03d@seq.example,2026-03-%02d 11:00:00\n", i, i%28+1)
	}
	for i, c := range "bcdfghjklmnpqrst" {
		fmt.Fprintf(&list, "x%cq%dvz%d%ck%dw@rand.example,2026-04-%02d 12:00:00\n", c, i, i+3, c, i, i+1)
	}
	for _, dots := range []string{"taro", "t.aro", "ta.ro", "tar.o", "taro+1"} {
		fmt.Fprintf(&list, "%s@gmail.com,2026-05-01 10:00:00\n", dots)
	}
	for i := range 60 { // one night
		fmt.Fprintf(&list, "k%dq%dz%dxv%d@free%d.example,2026-06-01 03:%02d:00\n", i, i, i, i, i, i%60)
	}
	a := audit(t, s, file{"members.csv", list.String()})
	if n := a.Summary.Counts[myodai.ListAuditBulk]; n != 40+16+5+60 {
		t.Errorf("%d in bulk, want 121: %v", n, a.Summary.Clusters)
	}
	for _, name := range people {
		if found := l.verdicts()[name+"@firm.example"]; found != "" {
			t.Errorf("%s is %s", name, found)
		}
	}
	if c := a.Summary.Clusters; len(c) != 3 || c[0].Kind != "sequence" || c[0].Pattern != "user0 … user39" || c[1].Kind != "random" || c[2].Kind != "variants" {
		t.Errorf("clusters %+v", c)
	}
	if b := a.Summary.Bursts; len(b) != 1 || b[0].Count != 60 || b[0].Random != 60 {
		t.Errorf("bursts %+v", b)
	}
}

// The corpus of package bounce, as somebody's MAILER-DAEMON mailbox: an archive of
// a Maildir gives the same as an mbox, and no block makes an address dead.
func TestAuditReadsTheCorpus(t *testing.T) {
	names, err := filepath.Glob("../bounce/testdata/*/*.eml")
	if err != nil || len(names) < 200 {
		t.Fatalf("%d mails, %v", len(names), err)
	}
	box, maildir := &bytes.Buffer{}, newArchive()
	dead := 0
	for i, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(box, "From MAILER-DAEMON Mon Nov  2 10:00:00 2026\r\n%s\r\n\r\n", raw)
		maildir.add(t, fmt.Sprintf("Maildir/cur/%d.mx:2,S", i), raw)
	}
	tables, _ := filepath.Glob("../bounce/testdata/*/want.txt")
	seen := map[string]bool{}
	for _, table := range tables {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			address := strings.ToLower(words[3])
			if words[2] == "failed" && words[5] == "recipient" && !seen[address] {
				seen[address] = true
				dead++
			}
		}
	}
	for _, f := range []file{{"bounces.mbox", box.String()}, {"maildir.tar.gz", maildir.tarGz(t)}, {"maildir.zip", maildir.zip(t)}} {
		l := newLedger()
		a := audit(t, service(t, l), f)
		if n := a.Summary.Counts[myodai.ListAuditDead]; n != dead || a.Progress.Mails != len(names) {
			t.Errorf("%s: %d dead of %d mails, want %d of %d", f.name, n, a.Progress.Mails, dead, len(names))
		}
		if a.Gate() != myodai.GateNoOne || a.Passed() {
			t.Errorf("%s: the gate says %s", f.name, a.Gate())
		}
	}
}
