package inbound_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

// F9: an aggregate report is read when it comes, and its event says in sum what it
// says; what cannot be read is kept, and the event says why.
func TestReportsAreRead(t *testing.T) {
	report := func(domain string) string {
		return "<?xml version=\"1.0\"?><feedback><report_metadata><org_name>Receiver Inc</org_name><report_id>r1</report_id><date_range><begin>1700000000</begin><end>1700086400</end></date_range></report_metadata>" +
			"<policy_published><domain>" + domain + "</domain></policy_published>" +
			"<record><row><source_ip>192.0.2.1</source_ip><count>40</count><policy_evaluated><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row></record>" +
			"<record><row><source_ip>198.51.100.7</source_ip><count>2</count><policy_evaluated><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row></record></feedback>"
	}
	packed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		return base64.StdEncoding.EncodeToString(b.Bytes())
	}
	mixed := "Subject: Report\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n" +
		"--b\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n"
	const whole = "Receiver Inc 42 40 [map[address:198.51.100.7 messages:2]]"
	for name, tt := range map[string]struct{ raw, want string }{
		"attached with gzip":   {fmt.Sprintf(mixed, packed(report("customer.example"))), whole},
		"as the mail itself":   {"Content-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + packed(report("customer.example")), whole},
		"of a subdomain":       {fmt.Sprintf(mixed, packed(report("news.customer.example"))), whole},
		"plain":                {"Content-Type: text/xml\r\n\r\n" + report("customer.example"), whole},
		"about another domain": {fmt.Sprintf(mixed, packed(report("rival.example"))), "it is about another domain, rival.example"},
		"no report":            {"Subject: Hello\r\n\r\nHello\r\n", "it is no aggregate report"},
		"nothing attached":     {strings.ReplaceAll(fmt.Sprintf(mixed, ""), "application/gzip", "text/html"), "there is no report attached"},
		"broken base64":        {fmt.Sprintf(mixed, "!!!"), "cannot be decoded"},
	} {
		s, store, _, _ := room(t)
		if err := s.Receive(t.Context(), myodai.Address{Local: token, Domain: "dmarc.plat.example"}, "192.0.2.1", []byte(tt.raw)); err != nil {
			t.Fatal(err)
		}
		data := store.events[0].Data
		got := fmt.Sprint(data["organization"], " ", data["messages"], " ", data["passed"], " ", data["failing"])
		if unread, ok := data["unread"].(string); ok {
			got = unread
		}
		if len(store.returned) != 1 || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
