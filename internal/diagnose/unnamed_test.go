package diagnose_test

import (
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
)

// TestServersWithoutANameAreCalledByOurWords: our own words are shown as they
// are; only what strangers wrote has its look-alikes spelled out.
func TestServersWithoutANameAreCalledByOurWords(t *testing.T) {
	answer := myodai.Answer{
		Question: myodai.Question{Name: "a\u2010b.example", Type: myodai.TypeTXT}, Address: "192.0.2.1:53", Transport: myodai.TransportUDP,
		RCode: "NXDOMAIN", Authoritative: true, Authority: []myodai.Record{{Name: "example", Type: myodai.TypeSOA}},
	}
	text := diagnose.Explain(myodai.Finding{Cause: diagnose.RecordMissing}, diagnose.Context{Lang: diagnose.Japanese, Answers: []myodai.Answer{answer}})
	detail := strings.Join(text.Details, "\n")
	if !strings.Contains(detail, "ネームサーバー") || !strings.Contains(detail, "<U+2010>") {
		t.Errorf("the detail is %q", detail)
	}
}
