package bounce_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/bounce"
)

// letter is one mail of the corpus, and what is to be read in it.
type letter struct {
	name      string
	raw       []byte
	kind      bounce.Kind
	act       string // of a bounce; of a complaint its type
	recipient string // "-" for none
	status    string // "-" for none
	result    string // class of a bounce; of a complaint what it comes to
}

// corpus reads testdata: a folder for each origin, and in its want.txt a line
// for each mail, "number kind action recipient status result # note". All of it
// was written by us after the formats that these origins use.
func corpus(t testing.TB) (list []letter, origins int) {
	t.Helper()
	tables, err := filepath.Glob("testdata/*/want.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line, note, _ := strings.Cut(line, " # ")
			words := strings.Fields(line)
			if len(words) != 6 {
				t.Fatalf("%s: %q is not six words and a note", table, line)
			}
			name := filepath.Join(filepath.Dir(table), words[0]+".eml")
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, letter{name + " " + strings.TrimSpace(note), raw, bounce.Kind(words[1]), words[2], words[3], words[4], words[5]})
		}
	}
	return list, len(tables)
}

// Every mail of the corpus is judged right.
func TestCorpus(t *testing.T) {
	list, origins := corpus(t)
	if len(list) < 200 || origins < 25 {
		t.Fatalf("%d mails of %d origins, want 200 of 25", len(list), origins)
	}
	files, _ := filepath.Glob("testdata/*/*.eml")
	if len(files) != len(list) {
		t.Errorf("%d mails, and %d lines that say what is in them", len(files), len(list))
	}
	for _, l := range list {
		t.Run(l.name, func(t *testing.T) {
			if bytes.Contains(bytes.ReplaceAll(l.raw, []byte("\r\n"), nil), []byte("\n")) {
				t.Error("lines do not all end with CRLF")
			}
			if kind := bounce.KindOf(l.raw); kind != l.kind {
				t.Fatalf("KindOf = %s, want %s", kind, l.kind)
			}
			switch l.kind {
			case bounce.KindDSN:
				report, err := bounce.ParseDSN(l.raw)
				checkReport(t, l, report, err)
			case bounce.KindProse:
				report, err := bounce.ParseProse(l.raw)
				checkReport(t, l, report, err)
			case bounce.KindComplaint:
				checkComplaint(t, l)
			}
		})
	}
}

func checkReport(t *testing.T, l letter, report bounce.Report, err error) {
	t.Helper()
	if err != nil || len(report.Recipients) != 1 {
		t.Fatalf("report = %+v, %v; want one recipient", report, err)
	}
	r := report.Recipients[0]
	_, status, _ := r.Reply()
	if r.Final != l.recipient || string(r.Action) != l.act || orDash(status) != l.status || string(r.Class()) != l.result {
		t.Errorf("%s %s %s %s, want %s %s %s %s\n%+v", r.Action, r.Final, orDash(status), r.Class(), l.act, l.recipient, l.status, l.result, r)
	}
	if r.Diagnostic == "" && l.act == "failed" {
		t.Error("it does not say why")
	}
}

func checkComplaint(t *testing.T, l letter) {
	t.Helper()
	c, err := bounce.ParseARF(l.raw)
	if err != nil {
		t.Fatal(err)
	}
	result := "none"
	if list := c.Origins(returnKey, sentAt); len(list) == 1 && list[0] == (bounce.Origin{Delivery: deliveryID(7)}) {
		result = "kept"
		if c.Unwanted() {
			result = "complained"
		}
	}
	recipient := orDash(strings.Join(c.Recipients, ","))
	if string(c.Type) != l.act || recipient != l.recipient || result != l.result {
		t.Errorf("%s of %s, %s; want %s of %s, %s", c.Type, recipient, result, l.act, l.recipient, l.result)
	}
	if c.MessageID != "<1042.7@customer.example>" {
		t.Errorf("Message-ID = %q", c.MessageID)
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
