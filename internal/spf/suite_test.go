package spf_test

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/spf"
)

// suiteFile is the test suite of RFC 7208, as pyspf keeps it.
const suiteFile = "../../../shared/testdata/spf/rfc7208-tests.yml"

// suiteSize guards against a runner that silently skips.
const suiteSize = 203

type scenario struct {
	Description string
	Tests       map[string]struct {
		HELO        string
		Host        string
		MailFrom    string    `yaml:"mailfrom"`
		Result      yaml.Node // one result or a list of allowed ones
		Explanation *string
	}
	ZoneData map[string][]yaml.Node `yaml:"zonedata"`
}

func TestRFC7208Suite(t *testing.T) {
	data, err := os.ReadFile(suiteFile)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the RFC 7208 suite is not there: " + suiteFile)
	} else if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var s scenario
		if err := decoder.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		lookup := s.lookup(t)
		for name, tt := range s.Tests {
			ran++
			t.Run(s.Description+"/"+name, func(t *testing.T) {
				want := []string{tt.Result.Value}
				if tt.Result.Kind == yaml.SequenceNode {
					if err := tt.Result.Decode(&want); err != nil {
						t.Fatal(err)
					}
				}
				got := spf.Evaluate(lookup, netip.MustParseAddr(tt.Host), tt.HELO, tt.MailFrom)
				if !slices.Contains(want, string(got.Kind)) {
					t.Errorf("result = %+v, want %v", got, want)
				}
				if tt.Explanation == nil {
					return
				}
				if want := strings.TrimPrefix(*tt.Explanation, "DEFAULT"); got.Explanation != want {
					t.Errorf("explanation = %q, want %q", got.Explanation, want)
				}
			})
		}
	}
	if ran != suiteSize {
		t.Errorf("%d tests ran, want %d", ran, suiteSize)
	}
}

// lookup answers from the zone data of a scenario. Records of the obsolete type
// SPF stand for TXT unless the name has TXT of its own.
func (s scenario) lookup(t *testing.T) spf.Lookup {
	t.Helper()
	type entry struct {
		records  map[myodai.RecordType][]myodai.Record
		timesOut bool
	}
	zone := map[myodai.Name]entry{}
	for owner, nodes := range s.ZoneData {
		name := myodai.Name(strings.ToLower(owner))
		e := entry{records: map[myodai.RecordType][]myodai.Record{}}
		var implied []myodai.Record
		hasText := false
		for _, node := range nodes {
			if node.Value == "TIMEOUT" {
				e.timesOut = true
				continue
			}
			kind, value := node.Content[0].Value, node.Content[1]
			rr := myodai.Record{Name: name, Type: myodai.RecordType(kind), Data: value.Value}
			switch kind {
			case "SPF", "TXT":
				hasText = hasText || kind == "TXT"
				rr.Type, rr.Data = myodai.TypeTXT, escape(t, value)
				if kind == "SPF" {
					implied = append(implied, rr)
					continue
				}
				if value.Value == "NONE" {
					continue
				}
			case "MX":
				rr.Data = value.Content[0].Value + " " + value.Content[1].Value
			}
			e.records[rr.Type] = append(e.records[rr.Type], rr)
		}
		if !hasText {
			e.records[myodai.TypeTXT] = implied
		}
		zone[name] = e
	}
	return func(name myodai.Name, rtype myodai.RecordType) myodai.Answer {
		a := myodai.Answer{Question: myodai.Question{Name: name, Type: rtype}, Authoritative: true, RCode: "NOERROR"}
		e, ok := zone[name]
		a.Records = slices.Concat(e.records[rtype], e.records[myodai.TypeCNAME])
		switch {
		case len(a.Records) > 0:
		case e.timesOut:
			a.RCode, a.Err = "", "timeout"
		default:
			a.Authority = []myodai.Record{{Type: myodai.TypeSOA}}
			if !ok {
				a.RCode = "NXDOMAIN"
			}
		}
		return a
	}
}

// escape joins the strings of a TXT record in the presentation form of
// myodai.Record. The suite writes octets as the characters of the same number.
func escape(t *testing.T, value *yaml.Node) string {
	t.Helper()
	list := []string{value.Value}
	if value.Kind == yaml.SequenceNode {
		if err := value.Decode(&list); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	for _, c := range strings.Join(list, "") {
		switch {
		case c == '\\':
			b.WriteString(`\\`)
		case c < ' ' || c >= 0x7f:
			b.WriteString(`\` + string([]byte{'0' + byte(c/100), '0' + byte(c/10%10), '0' + byte(c%10)}))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
