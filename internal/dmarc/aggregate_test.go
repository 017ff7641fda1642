package dmarc_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/dmarc"
)

// F9: reports as others write them, plain, with gzip and in zip archives.
func TestParseAggregate(t *testing.T) {
	const folder = "../../../shared/testdata/dmarc-reports"
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the reports that others wrote are not here: ", err)
	}
	for file, want := range map[string]string{
		"rfc9990-sample.xml":      "Sample Reporter example.com 1979-08-07 123 123 []",
		"old_draft_from_wiki.xml": "acme.com example.com 2012-04-28 2 2 []",
		"invalid_utf_8.xml":       " example.com 2018-10-01 1 0 [{12.20.127.122 1}]",
		"protection.outlook.com!example.com!1711756800!1711843200.xml":                  "Outlook.com example.com 2024-03-30 1 0 [{100.24.188.149 1}]",
		"fastmail.com!example.com!1516060800!1516147199!102675056.xml.gz":               "FastMail Pty Ltd indemed.com 2018-01-16 1 0 [{104.195.80.20 1}]",
		"estadocuenta1.infonacot.gob.mx!example.com!1536853302!1536939702!2940.xml.zip": "XYZ Corporation example.com 2018-09-13 1 0 [{148.243.137.254 1}]",
	} {
		raw, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		r, err := dmarc.ParseAggregate(raw)
		if got := fmt.Sprintf("%s %s %s %d %d %v", r.Organization, r.Domain, r.Begin.Format("2006-01-02"), r.Messages, r.Passed, r.Failing); err != nil || got != want {
			t.Errorf("%s: %s, %v\nwant %s", file, got, err, want)
		}
	}
}

// What is no report, or none that anybody could have seen mail for, is none.
func TestParseAggregateRefuses(t *testing.T) {
	bomb := &bytes.Buffer{}
	z := gzip.NewWriter(bomb)
	for range 17 {
		_, _ = z.Write(bytes.Repeat([]byte(" "), 1<<20))
	}
	_ = z.Close()
	report := func(inside string) string {
		return "<feedback><policy_published><domain>example.com</domain></policy_published>" + inside + "</feedback>"
	}
	row := func(count string) string {
		return "<record><row><source_ip>192.0.2.1</source_ip><count>" + count + "</count></row></record>"
	}
	for name, file := range map[string]string{
		"nothing": "", "text": "Hello", "no report": "<html><body/></html>", "a domain that is none": strings.Replace(report(""), "example.com", "..", 1),
		"cut off": report(row("1"))[:80], "too much in gzip": bomb.String(), "no gzip": "\x1f\x8bxxxx", "no zip": "PK\x03\x04xxxx",
		"fewer than no messages": report(row("-1")), "no number": report(row("many")), "too many": report(row("9999999999999999")),
		"too many records": report(strings.Repeat("<record/>", 100_001)),
		"an entity":        `<!DOCTYPE x [<!ENTITY a "aaaa">]>` + report("<report_metadata><org_name>&a;</org_name></report_metadata>"),
	} {
		if r, err := dmarc.ParseAggregate([]byte(file)); err == nil {
			t.Errorf("%s is read as %+v", name, r)
		}
	}
	r, err := dmarc.ParseAggregate([]byte(report("<report_metadata><org_name>A\nB\u202e" + strings.Repeat("x", 300) + "</org_name></report_metadata>" + row("2") + row("3"))))
	if err != nil || len([]rune(r.Organization)) != 200 || !strings.HasPrefix(r.Organization, "A B x") || r.Messages != 5 || r.Failing[0].Messages != 5 {
		t.Errorf("%+v, %v", r, err)
	}
}

func FuzzParseAggregate(f *testing.F) {
	f.Add([]byte("<feedback><policy_published><domain>example.com</domain></policy_published></feedback>"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if r, err := dmarc.ParseAggregate(file); err == nil && (r.Domain == "" || r.Passed > r.Messages || r.Messages < 0) {
			t.Errorf("%+v", r)
		}
	})
}
