package dmarc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// mail reads "from=example.com dkim=s1@example.com spf=bounce.example.com".
func mail(text string) dmarc.Message {
	var m dmarc.Message
	for word := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "from":
			m.From = myodai.Name(value)
		case "spf":
			m.SPF = myodai.Name(value)
		case "dkim":
			selector, domain, _ := strings.Cut(value, "@")
			m.DKIM = append(m.DKIM, dmarc.Signature{Domain: myodai.Name(domain), Selector: selector})
		}
	}
	return m
}

// identifiers writes the aligned ones back.
func identifiers(e dmarc.Evaluation) string {
	var list []string
	for _, id := range e.DKIM {
		if id.Aligned {
			list = append(list, fmt.Sprintf("dkim=%s@%s", id.Selector, id.Domain))
		}
	}
	if e.SPF.Aligned {
		list = append(list, fmt.Sprintf("spf=%s", e.SPF.Domain))
	}
	return strings.Join(list, " ")
}

func TestEvaluate(t *testing.T) {
	reject := "_dmarc.example.com TXT v=DMARC1; p=reject"
	for _, tt := range []struct {
		name        string
		mail        string
		zone        *world
		want        dmarc.Result
		aligned     string
		disposition dmarc.Policy
	}{
		{"signed as the same domain", "from=example.com dkim=s1@example.com", zone(reject), "pass", "dkim=s1@example.com", "none"},
		{"signed as the organizational domain", "from=news.example.com dkim=s1@example.com", zone(reject), "pass", "dkim=s1@example.com", "none"},
		{"return path below", "from=example.com spf=bounce.example.com", zone(reject), "pass", "spf=bounce.example.com", "none"},
		{"both", "from=example.com dkim=s1@example.com dkim=p1@plat.example spf=bounce.example.com", zone(reject), "pass", "dkim=s1@example.com spf=bounce.example.com", "none"},
		{"only the platform's own signature", "from=example.com dkim=p1@plat.example spf=rp.plat.example", zone(reject), "fail", "", "reject"},
		{"nothing passed", "from=example.com", zone(reject), "fail", "", "reject"},
		{"strict signature as the same domain", "from=example.com dkim=s1@example.com", zone("_dmarc.example.com TXT v=DMARC1; p=reject; adkim=s"), "pass", "dkim=s1@example.com", "none"},
		{"strict signature as the domain above", "from=news.example.com dkim=s1@example.com", zone("_dmarc.example.com TXT v=DMARC1; p=reject; adkim=s"), "fail", "", "reject"},
		{"strict SPF, return path below", "from=example.com spf=bounce.example.com", zone("_dmarc.example.com TXT v=DMARC1; p=quarantine; aspf=s"), "fail", "", "quarantine"},
		{"strict SPF does not touch DKIM", "from=example.com dkim=s1@news.example.com spf=bounce.example.com", zone("_dmarc.example.com TXT v=DMARC1; p=quarantine; aspf=s"), "pass", "dkim=s1@news.example.com", "none"},
		{"no record", "from=example.com dkim=s1@example.com", zone(), "none", "", "none"},
		{"void record", "from=example.com", zone("_dmarc.example.com TXT v=DMARC1; p=x"), "none", "", "none"},
		{"invalid policy with reports", "from=example.com", zone("_dmarc.example.com TXT v=DMARC1; p=x; rua=mailto:a@b.example"), "fail", "", "none"},
		{"missing policy", "from=example.com", zone("_dmarc.example.com TXT v=DMARC1; adkim=s"), "fail", "", "none"},
		{"pct changes nothing", "from=example.com", zone("_dmarc.example.com TXT v=DMARC1; p=reject; pct=0"), "fail", "", "reject"},
		{"test mode of reject", "from=example.com", zone("_dmarc.example.com TXT v=DMARC1; p=reject; t=y"), "fail", "", "quarantine"},
		{"test mode of quarantine", "from=example.com", zone("_dmarc.example.com TXT v=DMARC1; p=quarantine; t=y"), "fail", "", "none"},
		{"test mode of none", "from=example.com", zone("_dmarc.example.com TXT v=DMARC1; p=none; t=y"), "fail", "", "none"},
		{"subdomain policy in test mode", "from=a.example.com", zone("_dmarc.example.com TXT v=DMARC1; p=none; sp=reject; t=y"), "fail", "", "quarantine"},
		{"name that does not exist", "from=a.example.com", zone("_dmarc.example.com TXT v=DMARC1; p=none; np=reject"), "fail", "", "reject"},
		{"two registrants below a public suffix", "from=giant.bank.example spf=mail.giant.bank.example dkim=x@mail.mega.bank.example",
			zone("_dmarc.bank.example TXT v=DMARC1; p=reject; psd=y", "_dmarc.giant.bank.example TXT v=DMARC1; p=quarantine"), "pass", "spf=mail.giant.bank.example", "none"},
		{"own record, none above: the domain above is a stranger", "from=mail.example.com dkim=x@example.com",
			zone("_dmarc.mail.example.com TXT v=DMARC1; p=reject"), "fail", "", "reject"},
		{"signer declares itself apart", "from=example.com dkim=x@own.example.com",
			zone(reject, "_dmarc.own.example.com TXT v=DMARC1; p=none; psd=n"), "fail", "", "reject"},

		{"policy unknown", "from=example.com dkim=x@example.com", zone("_dmarc.example.com SERVFAIL"), "temperror", "", "none"},
		{"walk fails above, same domain signed", "from=example.com dkim=x@example.com", zone(reject, "_dmarc.com SERVFAIL"), "pass", "dkim=x@example.com", "none"},
		{"walk fails above, other domain signed", "from=example.com dkim=x@news.example.com", zone(reject, "_dmarc.com SERVFAIL"), "temperror", "", "none"},
		{"walk fails above, nothing passed", "from=example.com", zone(reject, "_dmarc.com SERVFAIL"), "fail", "", "reject"},
		{"walk of the signer fails", "from=example.com dkim=x@news.example.com", zone(reject, "_dmarc.news.example.com SERVFAIL"), "temperror", "", "none"},
		{"walk of the signer fails, SPF aligns", "from=example.com dkim=x@news.example.com spf=bounce.example.com", zone(reject, "_dmarc.news.example.com SERVFAIL"), "pass", "spf=bounce.example.com", "none"},
		{"walk fails above, strict SPF needs none", "from=example.com spf=bounce.example.com", zone("_dmarc.example.com TXT v=DMARC1; p=reject; aspf=s", "_dmarc.com SERVFAIL"), "fail", "", "reject"},
		{"walk of a strict signer is not needed", "from=example.com dkim=x@news.example.com", zone("_dmarc.example.com TXT v=DMARC1; p=reject; adkim=s", "_dmarc.news.example.com SERVFAIL"), "fail", "", "reject"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := dmarc.Evaluate(mail(tt.mail), tt.zone.lookup)
			if e.Result != tt.want || identifiers(e) != tt.aligned || e.Disposition != tt.disposition || e.Reason == "" {
				t.Errorf("Evaluate = %s, aligned %q, disposition %s (%s); want %s, %q, %s",
					e.Result, identifiers(e), e.Disposition, e.Reason, tt.want, tt.aligned, tt.disposition)
			}
		})
	}
}

func TestEvaluateAsksNothingAboutStrangers(t *testing.T) {
	w := zone("_dmarc.example.com TXT v=DMARC1; p=reject")
	dmarc.Evaluate(mail("from=example.com spf=rp.plat.example dkim=x@plat.example dkim=x@com"), w.lookup)
	if len(w.asked) != 2 {
		t.Errorf("asked for %v, want only the walk of example.com", w.asked)
	}
}

func TestEvaluateBoundsItsWork(t *testing.T) {
	w := zone("_dmarc.example.com TXT v=DMARC1; p=reject")
	m := dmarc.Message{From: "example.com", SPF: "bounce.example.com"}
	for i := range 20 {
		m.DKIM = append(m.DKIM, dmarc.Signature{Domain: myodai.Name(fmt.Sprintf("s%d.example.com", i)), Selector: "x"})
	}
	m.DKIM = append(m.DKIM, dmarc.Signature{Domain: "elsewhere.example.net"})
	e := dmarc.Evaluate(m, w.lookup)
	// Two names for the author, and one more for each of SPF and ten signatures.
	if e.Result != dmarc.ResultPass || len(e.DKIM) != 10 || len(w.asked) != 2+1+10 {
		t.Errorf("%d identifiers with %d look-ups: %v", len(e.DKIM), len(w.asked), w.asked)
	}
}

func TestReportAuthorized(t *testing.T) {
	w := zone(
		"_dmarc.kaisha.example TXT v=DMARC1; p=none",
		"kaisha.example._report._dmarc.dmarc.plat.example TXT v=DMARC1",
		"kaisha.example._report._dmarc.both.example TXT hello",
		"kaisha.example._report._dmarc.both.example TXT v=DMARC1; rua=mailto:x@both.example",
		"kaisha.example._report._dmarc.wrong.example TXT v=spf1 -all",
		"kaisha.example._report._dmarc.policy.example TXT v=DMARC1; p=",
		"kaisha.example._report._dmarc.fails.example SERVFAIL",
		"_dmarc.fails.kaisha.example SERVFAIL",
	)
	for _, tt := range []struct {
		name    string
		uri     dmarc.URI
		want    bool
		unknown bool
	}{
		{"same domain", "mailto:d@kaisha.example", true, false},
		{"subdomain", "mailto:d@reports.kaisha.example", true, false},
		{"elsewhere, authorized", "mailto:token@dmarc.plat.example", true, false},
		{"elsewhere, authorized among other texts", "mailto:d@both.example", true, false},
		{"elsewhere, a policy that does not matter there", "mailto:d@policy.example", true, false},
		{"elsewhere, some other text", "mailto:d@wrong.example", false, false},
		{"elsewhere, nothing", "mailto:d@nothing.example", false, false},
		{"elsewhere, nobody knows", "mailto:d@fails.example", false, true},
		{"perhaps the same organization", "mailto:d@fails.kaisha.example", false, true},
		{"not by mail", "https://dmarc.plat.example/", false, false},
		{"a name that cannot be", dmarc.URI("mailto:d@" + strings.Repeat("a.", 115) + "example"), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := dmarc.ReportAuthorized("kaisha.example", tt.uri, w.lookup)
			if got != tt.want || (err != nil) != tt.unknown {
				t.Errorf("ReportAuthorized(%s) = %t, %v, want %t", tt.uri, got, err, tt.want)
			}
		})
	}
	if got := dmarc.ReportName("kaisha.example", "dmarc.plat.example"); got != "kaisha.example._report._dmarc.dmarc.plat.example" {
		t.Errorf("ReportName = %s", got)
	}
}

func TestEffectOf(t *testing.T) {
	ours := "from=kaisha.example dkim=s1@kaisha.example spf=bounce.kaisha.example"
	theirs := "from=kaisha.example dkim=x@other.example"
	auth := "kaisha.example._report._dmarc.plat.example TXT v=DMARC1"
	for _, tt := range []struct {
		name   string
		domain myodai.Name
		record string
		mail   string
		zone   *world
		want   string // before → after, worse; domain, subdomains, non-existent; reported
	}{
		{"first record, watching only", "kaisha.example", "p=none; rua=mailto:t@plat.example", ours, zone(auth),
			"none none -> pass none false; none none none; true"},
		{"reject does not touch what is signed", "kaisha.example", "p=reject; rua=mailto:t@plat.example", ours, zone(auth),
			"none none -> pass none false; reject reject reject; true"},
		{"reject hits what is not", "kaisha.example", "p=reject", theirs, zone(),
			"none none -> fail reject true; reject reject reject; false"},
		{"test mode softens it", "kaisha.example", "p=reject; sp=none; np=reject; t=y", theirs, zone(),
			"none none -> fail quarantine true; quarantine none quarantine; false"},
		{"loosening", "kaisha.example", "p=none", theirs, zone("_dmarc.kaisha.example TXT v=DMARC1; p=reject"),
			"fail reject -> fail none false; none none none; false"},
		{"record replaces an own one", "kaisha.example", "p=quarantine", theirs, zone("_dmarc.kaisha.example TXT v=DMARC1; p=none"),
			"fail none -> fail quarantine true; quarantine quarantine quarantine; false"},
		{"strict DKIM breaks mail from a subdomain", "kaisha.example", "p=reject; adkim=s", "from=news.kaisha.example dkim=s1@kaisha.example", zone(),
			"none none -> fail reject true; reject reject reject; false"},
		{"record of a subdomain", "news.kaisha.example", "p=quarantine; sp=reject", "from=news.kaisha.example", zone("_dmarc.kaisha.example TXT v=DMARC1; p=none"),
			"fail none -> fail quarantine true; quarantine  ; false"},
		{"psd=n cuts a subdomain off", "news.kaisha.example", "p=quarantine; psd=n", "from=news.kaisha.example dkim=s1@kaisha.example", zone("_dmarc.kaisha.example TXT v=DMARC1; p=none"),
			"pass none -> fail quarantine true; quarantine quarantine quarantine; false"},
		{"a policy that is none, without reports, makes no DMARC", "kaisha.example", "p=monitor", theirs, zone("_dmarc.kaisha.example TXT v=DMARC1; p=reject"),
			"fail reject -> none none false;   ; false"},
		{"reports to whom does not want them", "kaisha.example", "p=none; rua=mailto:t@plat.example", ours, zone(),
			"none none -> pass none false; none none none; false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := dmarc.EffectOf(tt.domain, "v=DMARC1; "+tt.record, mail(tt.mail), tt.zone.lookup)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%s %s -> %s %s %t; %s %s %s; %t", e.Before.Result, e.Before.Disposition, e.After.Result, e.After.Disposition,
				e.Worse(), e.Domain, e.Subdomains, e.NonExistent, e.Reported)
			if got != tt.want {
				t.Errorf("EffectOf = %s, want %s", got, tt.want)
			}
		})
	}
	for _, fails := range []string{"_dmarc.kaisha.example SERVFAIL", "_dmarc.example SERVFAIL", "kaisha.example._report._dmarc.plat.example SERVFAIL"} {
		if _, err := dmarc.EffectOf("kaisha.example", "v=DMARC1; p=none; rua=mailto:t@plat.example", mail(ours), zone(fails).lookup); err == nil {
			t.Errorf("with %s: no error", fails)
		}
	}
}

func TestRecorded(t *testing.T) {
	soa := []myodai.Record{{Name: "example.com", Type: myodai.TypeSOA}}
	answer := func(name myodai.Name, change func(*myodai.Answer)) myodai.Answer {
		a := myodai.Answer{Question: myodai.Question{Name: name, Type: myodai.TypeTXT}, RCode: "NOERROR", Authoritative: true}
		change(&a)
		return a
	}
	o := myodai.Observation{Answers: []myodai.Answer{
		answer("_dmarc.example.com", func(a *myodai.Answer) { a.Err = "timeout" }),
		answer("_dmarc.example.com", func(a *myodai.Answer) {
			a.Records = []myodai.Record{{Name: "_dmarc.example.com", Type: myodai.TypeTXT, Data: `v=DMARC1\; p=none`}}
		}),
		answer("nodata.example.com", func(a *myodai.Answer) { a.Authority = soa }),
		answer("gone.example.com", func(a *myodai.Answer) { a.RCode, a.Authority = "NXDOMAIN", soa }),
		answer("fails.example.com", func(a *myodai.Answer) { a.RCode = "SERVFAIL" }),
		answer("alias.example.com", func(a *myodai.Answer) {
			a.Records = []myodai.Record{{Name: "alias.example.com", Type: myodai.TypeCNAME, Data: "elsewhere.example.net"}}
		}),
		answer("hosted.example.com", func(a *myodai.Answer) {
			a.Records = []myodai.Record{{Name: "hosted.example.com", Type: myodai.TypeCNAME, Data: "_dmarc.example.com"}}
		}),
		answer("loop.example.com", func(a *myodai.Answer) {
			a.Records = []myodai.Record{{Name: "loop.example.com", Type: myodai.TypeCNAME, Data: "loop.example.com"}}
		}),
		answer("dangling.example.com", func(a *myodai.Answer) {
			a.RCode = "NXDOMAIN"
			a.Records = []myodai.Record{{Name: "dangling.example.com", Type: myodai.TypeCNAME, Data: "gone.example.com"}}
		}),
		answer("followed.example.com", func(a *myodai.Answer) {
			a.Records = []myodai.Record{{Name: "followed.example.com", Type: myodai.TypeCNAME, Data: "elsewhere.example.net"}}
		}),
		answer("followed.example.com", func(a *myodai.Answer) {
			a.Recursive, a.Authoritative = true, false
			a.Records = []myodai.Record{
				{Name: "followed.example.com", Type: myodai.TypeCNAME, Data: "elsewhere.example.net"},
				{Name: "elsewhere.example.net", Type: myodai.TypeTXT, Data: "there"},
			}
		}),
	}}
	for _, tt := range []struct {
		name    myodai.Name
		txt     string
		exists  bool
		unknown bool
	}{
		{"_dmarc.example.com", "v=DMARC1; p=none", true, false},
		{"nodata.example.com", "", true, false},
		{"gone.example.com", "", false, false},
		{"fails.example.com", "", false, true},
		{"alias.example.com", "", false, true},
		{"hosted.example.com", "v=DMARC1; p=none", true, false},
		{"loop.example.com", "", false, true},
		{"dangling.example.com", "", true, false},
		{"followed.example.com", "there", true, false},
		{"never.example.com", "", false, true},
	} {
		txt, exists, err := dmarc.Recorded(o)(tt.name)
		if strings.Join(txt, "|") != tt.txt || exists != tt.exists || (err != nil) != tt.unknown {
			t.Errorf("Recorded(%s) = %q, %t, %v, want %q, %t", tt.name, txt, exists, err, tt.txt, tt.exists)
		}
	}
}
