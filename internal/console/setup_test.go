package console_test

import (
	"net/http"
	"strings"
	"testing"
)

// The set-up has its place in the navigation (A12, B11) and begins with a domain
// and the address mail comes from (A13). Whoever has a domain never meets the
// advice to get one (A8). Saving leads to the records (B14).
func TestSetUpIsAskedFor(t *testing.T) {
	admin := newWorld(t).as(adminToken)
	if p := admin.get("/domains"); textOf(p.one("nav a[href=/domains]")) != "Domains" {
		t.Errorf("the navigation does not lead to the domains:\n%s", p.body)
	}
	p := admin.get("/domains/new")
	if p.text("label[for=name]") != "Domain" || !strings.HasPrefix(p.text("label[for=from]"), "Default From address") {
		t.Errorf("the first step asks for %q and %q", p.text("label[for=name]"), p.text("label[for=from]"))
	}
	if advice := p.text("#q-free"); !strings.Contains(advice, "if there is none, one can be bought") || attr(p.one("#q-free"), "open") != "" {
		t.Errorf("about getting a domain: %s", advice)
	}
	if p := admin.get("/domains/hint?value=a@gmail.com"); !strings.Contains(p.body, "stays yours, whatever mail service you use") {
		t.Errorf("what a domain of one's own is good for: %s", p.body)
	}
	for _, from := range []string{"info@other.example", "info@sub.acme.example", "acme.example", "@acme.example"} { // A15
		p := admin.post("/domains", "name", "acme.example", "from", from)
		if p.status != http.StatusUnprocessableEntity || p.text("#from-problem") == "" {
			t.Errorf("From %s: %d", from, p.status)
		}
	}
	p = admin.post("/domains", "name", "test.shop+1@acme.example") // B13: the address says its domain; A15: with any local part
	if !strings.HasSuffix(p.path, "/records") {
		t.Fatalf("after saving one is at %s: %d", p.path, p.status)
	}
	for _, record := range p.all("li.record") { // A16, E14, E17
		var labels []string
		for n := range record.Descendants() {
			if n.Data == "dt" {
				labels = append(labels, textOf(n))
			}
		}
		if got := strings.Join(labels, " "); got != "Type Host Value TTL" {
			t.Errorf("a record has the fields %s", got)
		}
	}
	at := strings.TrimSuffix(p.path, "/records")
	if got := len(p.all("li.record")); got != 4 { // E14: three CNAME, and DMARC
		t.Errorf("%d records", got)
	}
	if p := admin.get(at); attr(p.one("#default_from"), "value") != "test.shop+1@acme.example" {
		t.Errorf("the default From address is not kept:\n%s", p.body)
	}
	admin.post("/domains", "name", "second.example")
	p = admin.get("/domains") // A22
	for _, line := range p.all("li.line") {
		if got := textOf(line); !strings.Contains(got, ".example Not verified yet Sends once its records are there") {
			t.Errorf("in the list: %s", got)
		}
	}
	if got := len(p.all("li.line")); got != 2 {
		t.Errorf("%d domains are listed", got)
	}
}

// The set-up says why it is needed, and what its words mean, in both languages.
func TestSetUpExplains(t *testing.T) {
	admin := newWorld(t).as(adminToken)
	records := strings.TrimSuffix(admin.post("/domains", "name", "acme.example").path, "/records")
	for _, tt := range []struct{ what, page, at, en, ja string }{
		{"why DMARC, since when (A2, A11)", "/records", "#record-4-why", "Gmail, Yahoo! and others ask for it since February 2024", "2024年2月以降、GmailやYahoo!メールなどで求められており"},
		{"what happens without it (A3)", "/records", "#record-4-why", "without it mail may land in spam folders", "迷惑メールに振り分けられる"},
		{"where records are entered (A10)", "/records", "#glossary", "Often that is where the domain was bought", "ドメインを取得した会社"},
		{"DMARC (A5)", "/records", "#glossary", "what receivers are to do with mail that claims to come from your domain", "受信側でどう扱うかを示すポリシー"},
		{"DKIM (C4)", "/records", "#glossary", "An electronic signature under every mail", "メールごとに付く電子署名"},
		{"SPF (C10)", "/records", "#glossary", "A list of the servers that may send mail for a domain", "送信を許可するサーバーの一覧"},
		{"TTL (E17)", "/records", "#glossary", "If your panel asks for it, 3600 is fine", "3600 で問題ありません"},
		{"CNAME (E18)", "/records", "#glossary", "An alias: “for this name, look over there”", "「この名前については別の場所を参照」"},
		{"DNS (E18)", "/records", "#glossary", "The public directory of the Internet", "インターネットの公開台帳"},
		{"the registrar (E18)", "/records", "#glossary", "where the domain was bought (the registrar)", "(レジストラ)"},
		{"the bounce domain is the return path (C6)", "/records", "#glossary", "Return path (bounce domain)", "Return-Path(バウンス用ドメイン)"},
		{"somebody else keeps the DNS (E16)", "/records", ".hand", "Somebody else manages our DNS", "DNSの管理担当者"},
		{"no two days of waiting (A19, E19)", "/check", "#status", "no need to press anything or to wait two days", "何日も待つ必要もありません"},
		{"never delete the records (B18)", "/check", ".keep", "Do not delete these records, even when everything is verified", "認証が完了した後も、レコードを削除しないでください"},
		{"never delete the records (B18)", "", ".keep", "Do not delete these records, even when everything is verified", "認証が完了した後も、レコードを削除しないでください"},
		{"what mail without authentication comes to (C1)", "", ".keep", "signatures cannot be checked: mail lands in spam folders or is rejected", "迷惑メールへの振り分けや受信拒否"},
		{"what becomes of sending when one is gone (F7)", "", ".keep", "keep sending for 72 hours", "72時間は送信を続ける"},
	} {
		for lang, want := range map[string]string{"en": tt.en, "ja": tt.ja} {
			admin.header.Set("Accept-Language", lang)
			if got := admin.get(records + tt.page + "?lang=" + lang).text(tt.at); !strings.Contains(got, want) {
				t.Errorf("%s, in %s, is not said by %q", tt.what, lang, got)
			}
		}
	}
	// A18, B9: there is a button, whatever goes on by itself.
	admin.header.Set("Accept-Language", "en")
	p := admin.get(records + "/check?lang=en")
	if p.text("form[action="+records+"/check] button") != "Check now" {
		t.Errorf("no button:\n%s", p.body)
	}
	if p := admin.post(records+"/check", "from", "check"); p.path != records+"/check" || p.status != http.StatusOK {
		t.Errorf("pressed: %d at %s", p.status, p.path)
	}
}

// D5: what deliverability is, and what a low reputation comes to, is said where mail
// is withheld.
func TestDeliverabilityIsExplained(t *testing.T) {
	member := newWorld(t).as(memberToken)
	for lang, wants := range map[string][]string{
		"en": {"Receivers keep a reputation of every sender, by domain and by IP address", "refused before it reaches the receiver's server", "Only the recipient's own failure"},
		"ja": {"評価(レピュテーション)", "受信サーバーに届く前に拒否", "宛先自体が無効な場合だけ"},
	} {
		text := member.get("/suppressions?lang=" + lang).text("#why")
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("in %s %q is not said by %q", lang, want, text)
			}
		}
	}
}
