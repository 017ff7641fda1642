package delivery

import (
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

func TestParsePolicyID(t *testing.T) {
	for _, tt := range []struct {
		texts []string
		id    string
		ok    bool
	}{
		{[]string{"v=STSv1; id=20160831085700Z;"}, "20160831085700Z", true},
		{[]string{"other", "v=STSv1;id=a"}, "a", true},
		{[]string{"v=STSv1; id=a", "v=STSv1; id=b"}, "", false},
		{[]string{"v=STSv1;"}, "", false},
		{[]string{"v=STSv1; id=a-b"}, "", false},
		{[]string{"v=STSv1; id=" + strings.Repeat("a", 33)}, "", false},
		{[]string{"id=a; v=STSv1"}, "", false},
		{nil, "", false},
	} {
		if id, ok := parsePolicyID(tt.texts); ok != tt.ok || ok && id != tt.id {
			t.Errorf("%q: %q, %t", tt.texts, id, ok)
		}
	}
}

func TestParsePolicy(t *testing.T) {
	p, ok := parsePolicy("version: STSv1\nmode: enforce\nmx: MX1.example.com\nmx: *.Example.net.\nmax_age: 604800\nmode: none\nunknown\n")
	if !ok || p.mode != stsEnforce || p.maxAge != 7*24*time.Hour || len(p.mx) != 2 {
		t.Errorf("%+v, %t", p, ok)
	}
	for host, want := range map[string]bool{
		"mx1.example.com": true, "mx2.example.com": false, "a.example.net": true, "a.b.example.net": false, "example.net": false,
		"xmx1.example.com": false,
	} {
		if got := p.allows(myodai.Name(host)); got != want {
			t.Errorf("%s: allowed %t", host, got)
		}
	}
	for _, bad := range []string{
		"", "mode: enforce\nmx: a\nmax_age: 1", "version: STSv1\nmode: enforce\nmax_age: 1", "version: STSv1\nmode: maybe\nmx: a\nmax_age: 1",
		"version: STSv1\nmode: enforce\nmx: a", "version: STSv1\nmode: enforce\nmx: a\nmax_age: -1", "version: STSv1\nmode: enforce\nmx: a\nmax_age: 99999999999",
	} {
		if p, ok := parsePolicy(bad); ok {
			t.Errorf("%q is a policy: %+v", bad, p)
		}
	}
	if p, ok := parsePolicy("version: STSv1\r\nmode: none\r\nmax_age: 4294967295\r\n"); !ok || p.maxAge != maxPolicyAge {
		t.Errorf("%+v, %t", p, ok)
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add("version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 1\n")
	f.Fuzz(func(t *testing.T, body string) {
		p, ok := parsePolicy(body)
		if ok && (p.mode == "" || p.maxAge < 0 || p.maxAge > maxPolicyAge) {
			t.Errorf("%q: %+v", body, p)
		}
	})
}
