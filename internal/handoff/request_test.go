package handoff_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

// request asks for everything but the first key, which is there, and the
// return path, which is wrong.
func request(t *testing.T, shape myodai.Shape, host string, language handoff.Language) handoff.Request {
	t.Helper()
	r := handoff.Request{
		Plan: planned(domain("acme.example", shape)), Zone: "acme.example", Language: language,
		Tenant: "株式会社アクメ", Service: "Platform", Link: "https://app.plat.example/s/abc?x=1&y=2", Host: dnshost.Generic(),
	}
	if host != "" {
		r.Host, _ = dnshost.ByID(host)
	}
	for n, i := range r.Plan.Items {
		c := myodai.RecordCheck{Name: i.Name, Type: i.Type, Purpose: i.Purpose, Status: myodai.StatusMissing}
		switch {
		case n == 0:
			c.Status = myodai.StatusAsPlanned
		case i.Purpose == myodai.PurposeReturnPath:
			c.Status, c.Found = myodai.StatusDifferent, []string{"CNAME other.example"}
		}
		r.Checks = append(r.Checks, c)
	}
	return r
}

func mail(t *testing.T, r handoff.Request) handoff.Mail {
	t.Helper()
	m, err := r.Mail(r.Letter())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// B7, E16: who keeps the DNS gets a mail with all there is to do.
func TestRequestMail(t *testing.T) {
	for _, tt := range []struct {
		name     string
		shape    myodai.Shape
		host     string
		language handoff.Language
	}{
		{"ja", myodai.ShapeCNAME, "onamae", handoff.Japanese},
		{"en", myodai.ShapeTXT, "", handoff.English},
	} {
		m := mail(t, request(t, tt.shape, tt.host, tt.language))
		golden(t, "request."+tt.name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
		golden(t, "request."+tt.name+".html", m.HTML)
	}
}

// Both forms ask for the open records and for no other (B15), in full, and ask
// not to delete them (B18).
func TestRequestAsksForWhatIsOpen(t *testing.T) {
	for _, language := range []handoff.Language{handoff.English, handoff.Japanese, "fr"} {
		r := request(t, myodai.ShapeTXT, "", language)
		m := mail(t, r)
		keep := "Please keep these records"
		if language == handoff.Japanese {
			keep = "これらのレコードを削除しないでください"
		}
		for form, got := range map[string]string{"text": m.Text, "HTML": visible(t, m.HTML)} {
			for n, i := range r.Plan.Items {
				_, value, _ := strings.Cut(i.Value, " ")
				if i.Type != myodai.TypeMX {
					value = i.Value
				}
				if strings.Contains(got, string(i.Name)) != (n > 0) || n > 0 && !strings.Contains(got, value) {
					t.Errorf("%s %s: %s %s is asked for, or not", language, form, i.Name, i.Type)
				}
			}
			if !strings.Contains(got, keep) || !strings.Contains(got, r.Link) || !strings.Contains(got, "CNAME other.example") {
				t.Errorf("%s %s lacks something:\n%s", language, form, got)
			}
		}
	}
}

// The fields are those of the panel (B8).
func TestRequestByHost(t *testing.T) {
	for _, tt := range []struct{ host, want string }{
		{"", "Host: bounce-k7f3q9x2\n  Priority: 10\n  Value: " + token + ".rp.plat.example\n"},
		{"value-domain", "Host: bounce-k7f3q9x2\n  Value: 10 " + token + ".rp.plat.example.\n"},
		{"nifcloud", "Host: bounce-k7f3q9x2.acme.example\n  Value: 10 " + token + ".rp.plat.example\n"},
		{"onamae", "Host: (leave empty)\n"}, // of the domain itself
	} {
		if got := mail(t, request(t, myodai.ShapeTXT, tt.host, handoff.English)).Text; !strings.Contains(got, tt.want) {
			t.Errorf("%s: want %q in\n%s", tt.host, tt.want, got)
		}
	}
	r := request(t, myodai.ShapeTXT, "", handoff.English)
	r.Zone = ""
	if got := mail(t, r).Text; !strings.Contains(got, "Host: bounce-k7f3q9x2\n") {
		t.Errorf("without a zone:\n%s", got)
	}
}

// A good DMARC record of their own is to stay, a broken one is to be mended (C3).
func TestRequestAboutDMARC(t *testing.T) {
	r := request(t, myodai.ShapeCNAME, "", handoff.English)
	const keep, mend = "leave it as it is and add none", "There now: TXT v=DMARC1; p=maybe. Please correct it"
	if got := mail(t, r).Text; !strings.Contains(got, keep) || strings.Contains(got, "p=maybe") {
		t.Errorf("without a record:\n%s", got)
	}
	for n, i := range r.Plan.Items {
		if i.Purpose == myodai.PurposeDMARC {
			r.Checks[n].Status, r.Checks[n].Found = myodai.StatusDifferent, []string{"TXT v=DMARC1; p=maybe"}
		}
	}
	if got := mail(t, r).Text; strings.Contains(got, keep) || !strings.Contains(got, mend) {
		t.Errorf("with a broken one:\n%s", got)
	}
}

func TestRequestWithoutNames(t *testing.T) {
	r := request(t, myodai.ShapeCNAME, "", handoff.Japanese)
	r.Tenant, r.Service, r.Link = "", "", ""
	m := mail(t, r)
	if strings.Contains(m.Text, "お世話に") || !strings.Contains(m.Text, "弊社のメール配信サービス") || !strings.Contains(m.Text, "このメールへの返信") {
		t.Errorf("without names:\n%s", m.Text)
	}
	r.Plan = planned(domain("xn--bcher-kva.example", myodai.ShapeCNAME))
	if m := mail(t, r); !strings.HasPrefix(m.Subject, "bücher.example (xn--bcher-kva.example) ") {
		t.Errorf("subject = %s", m.Subject)
	}
}

// What a person writes goes out as text, and what strangers wrote is neither
// markup nor a line of its own (T70).
func TestRequestEscapes(t *testing.T) {
	const evil = `<script>alert(1)</script><img src=x onerror=alert(1)>"'&`
	r := request(t, myodai.ShapeCNAME, "", handoff.English)
	r.Tenant, r.Service = evil+"\r\nBcc: x@y.example", evil+"\u202e"
	r.Checks[3].Found = []string{"TXT " + evil + "\x1b[31m\r\n\u202e" + strings.Repeat("é", 400)}
	l := r.Letter()
	l.Opening += "\n\n" + evil
	l.Closing = evil
	l.Subject = evil
	m, err := r.Mail(l)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != evil {
		t.Errorf("subject = %q", m.Subject)
	}
	for _, tag := range []string{"script", "img"} {
		if strings.Contains(m.HTML, "<"+tag) {
			t.Errorf("the HTML has a %s:\n%s", tag, m.HTML)
		}
	}
	for form, got := range map[string]string{"text": m.Text, "HTML": visible(t, m.HTML)} {
		if strings.Count(got, evil) < 4 {
			t.Errorf("%s: what was written is not shown as it was written:\n%s", form, got)
		}
		if strings.ContainsAny(got, "\x1b\r\u202e") || strings.Contains(got, "\nBcc:") || strings.Contains(got, strings.Repeat("é", 301)) {
			t.Errorf("%s: something hidden came through", form)
		}
	}
}

func TestRequestRefuses(t *testing.T) {
	type change func(*handoff.Request, *handoff.Letter)
	for _, tt := range []struct {
		name   string
		change change
		code   myodai.Code
		field  string
	}{
		{"nothing is open", func(r *handoff.Request, _ *handoff.Letter) {
			for n := range r.Checks {
				r.Checks[n].Status = myodai.StatusAsPlanned
			}
		}, myodai.CodeConflict, ""},
		{"no subject", func(_ *handoff.Request, l *handoff.Letter) { l.Subject = " " }, myodai.CodeInvalid, "subject"},
		{"two subjects", func(_ *handoff.Request, l *handoff.Letter) { l.Subject = "a\r\nBcc: x@y.example" }, myodai.CodeInvalid, "subject"},
		{"a subject of 200", func(_ *handoff.Request, l *handoff.Letter) { l.Subject = strings.Repeat("件", 200) }, "", ""},
		{"a subject of 201", func(_ *handoff.Request, l *handoff.Letter) { l.Subject = strings.Repeat("件", 201) }, myodai.CodeTooLarge, "subject"},
		{"a reversed opening", func(_ *handoff.Request, l *handoff.Letter) { l.Opening = "a\u202eb" }, myodai.CodeInvalid, "opening"},
		{"an opening of several lines", func(_ *handoff.Request, l *handoff.Letter) { l.Opening = "a\r\nb\n\n\tc" }, "", ""},
		{"a long closing", func(_ *handoff.Request, l *handoff.Letter) { l.Closing = strings.Repeat("x", 4001) }, myodai.CodeTooLarge, "closing"},
		{"a letter without words", func(_ *handoff.Request, l *handoff.Letter) { l.Opening, l.Closing = "", "" }, "", ""},
		{"a script for a link", func(r *handoff.Request, _ *handoff.Letter) { r.Link = "javascript:alert(1)" }, myodai.CodeInvalid, "link"},
		{"a link of two lines", func(r *handoff.Request, _ *handoff.Letter) { r.Link = "https://x.example/\nhttps://y.example" }, myodai.CodeInvalid, "link"},
		{"a path for a link", func(r *handoff.Request, _ *handoff.Letter) { r.Link = "/s/abc" }, myodai.CodeInvalid, "link"},
	} {
		r := request(t, myodai.ShapeCNAME, "", handoff.English)
		l := r.Letter()
		tt.change(&r, &l)
		_, err := r.Mail(l)
		refusal, ok := errors.AsType[*myodai.Error](err)
		if tt.code == "" && err != nil || tt.code != "" && (!ok || refusal.Code != tt.code || refusal.Field != tt.field) {
			t.Errorf("%s: %v, want %q about %q", tt.name, err, tt.code, tt.field)
		}
	}
}

// Both languages say the same things, about every purpose.
func TestRequestExplainsEveryPurpose(t *testing.T) {
	for _, language := range []handoff.Language{handoff.English, handoff.Japanese} {
		r := handoff.Request{Language: language, Plan: plan.Plan{Domain: "acme.example"}}
		purposes := []myodai.Purpose{
			myodai.PurposeDKIM, myodai.PurposeReturnPath, myodai.PurposeDMARC, myodai.PurposeSPF, myodai.PurposeTracking, myodai.PurposeACME,
		}
		for _, p := range purposes {
			r.Plan.Items = append(r.Plan.Items, plan.Item{Purpose: p, Name: "x.acme.example", Type: "CNAME", Value: "y.example", Required: true})
		}
		m := mail(t, r)
		for _, paragraph := range strings.Split(m.Text, "\n\n")[2:8] {
			if lines := strings.Split(paragraph, "\n"); len(lines[0]) < len("[1] SPF") || len(lines[1]) < 20 {
				t.Errorf("%s does not explain itself: %q", language, paragraph)
			}
		}
		if strings.Contains(m.Text, "%!") || strings.Contains(m.HTML, "%!") {
			t.Errorf("%s: a verb is wrong:\n%s", language, m.Text)
		}
	}
}

// visible is the text of a page as its reader sees it, and the addresses that
// its links lead to.
func visible(t *testing.T, page string) string {
	t.Helper()
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.WriteString(html.UnescapeString(string(z.Raw())))
		case html.StartTagToken:
			for _, a := range z.Token().Attr {
				if a.Key == "href" && !strings.HasPrefix(a.Val, "https://") || strings.HasPrefix(a.Key, "on") || a.Key == "src" {
					t.Errorf("the page has %s=%q", a.Key, a.Val)
				}
			}
		}
	}
}
