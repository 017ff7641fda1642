package diagnose

import (
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

func mx(data ...string) []myodai.Record {
	var list []myodai.Record
	for _, d := range data {
		list = append(list, myodai.Record{Name: "bounce.kaisha.example", Type: myodai.TypeMX, Data: d})
	}
	return list
}

func TestMXFlaws(t *testing.T) {
	const ours = "10 feedback.plat.example"
	for _, tt := range []struct {
		name     string
		records  []myodai.Record
		causes   []myodai.Cause
		severity myodai.Severity
		why      string
	}{
		{"as planned", mx(ours), nil, "", ""},
		{"another preference", mx("20 feedback.plat.example"), nil, "", ""},
		{"none", nil, nil, "", ""},
		{"null MX", mx("0 "), []myodai.Cause{ReturnpathNullMX}, "", ""},
		{"null MX beside ours", mx("0 ", ours), []myodai.Cause{ReturnpathNullMX}, "", ""},
		{"another before ours", mx(ours, "5 mx.kaisha.example"), []myodai.Cause{ReturnpathExtraMX}, "", ""},
		{"another instead of ours", mx("5 mx.kaisha.example"), []myodai.Cause{ReturnpathExtraMX}, blocks, ""},
		{"address", mx("10 203.0.113.25"), []myodai.Cause{MXTargetInvalid}, "", "address"},
		{"address and the zone", mx("10 203.0.113.25.kaisha.example"), []myodai.Cause{MXTargetInvalid}, "", "address"},
		{"zone appended", mx("10 feedback.plat.example.kaisha.example"), []myodai.Cause{MXTargetInvalid}, "", "appended"},
		{"priority in the value", mx(`10 10\032feedback.plat.example`), []myodai.Cause{MXTargetInvalid}, "", "priority"},
		{"priority in the value, as answers show it", mx(`10 10\ feedback.plat.example`), []myodai.Cause{MXTargetInvalid}, "", "priority"},
		{"priority in the value, zone appended", mx(`0 10\032feedback.plat.example.kaisha.example`), []myodai.Cause{MXTargetInvalid}, "", "priority"},
		{"mistyped", mx("10 feedbak.plat.example"), []myodai.Cause{MXTargetInvalid}, "", "typo"},
		{"cut off", mx("10 feedback.plat"), []myodai.Cause{MXTargetInvalid}, "", "typo"},
		{"three letters off", mx("10 feedbXXX.plat.example"), []myodai.Cause{MXTargetInvalid}, "", "typo"},
		{"four letters off", mx("10 feedXXXX.plat.example"), []myodai.Cause{ReturnpathExtraMX}, blocks, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			flaws := mxFlaws(tt.records, mxPlan{want: ours, zone: "kaisha.example"})
			checkCauses(t, flaws, tt.causes)
			if len(flaws) == 1 && (flaws[0].severity != tt.severity || flaws[0].args["why"] != tt.why || flaws[0].expected != ours) {
				t.Errorf("flaw = %+v", flaws[0])
			}
		})
	}
}

func TestApexFlaws(t *testing.T) {
	const ours = "10 feedback.plat.example"
	checkCauses(t, apexFlaws(mx("10 mx.kaisha.example"), ours, ""), nil)
	checkCauses(t, apexFlaws(nil, ours, ""), nil)
	checkCauses(t, apexFlaws(mx("0 "), ours, ""), nil)
	flaws := apexFlaws(mx(ours), ours, "10 mx.kaisha.example")
	checkCauses(t, flaws, []myodai.Cause{ReturnpathReplacedApexMX})
	if flaws[0].args["oldmx"] != "10 mx.kaisha.example" {
		t.Errorf("old MX = %q", flaws[0].args["oldmx"])
	}
	checkCauses(t, apexFlaws(mx("5 feedback.plat.example", "10 mx.kaisha.example"), ours, ""), []myodai.Cause{ReturnpathReplacedApexMX})
}

func TestHostFlaws(t *testing.T) {
	for _, tt := range []struct {
		name   string
		zone   []string
		causes []myodai.Cause
	}{
		{"a host", []string{"mx.kaisha.example A 192.0.2.1"}, nil},
		{"IPv6 only", []string{"mx.kaisha.example AAAA 2001:db8::1"}, nil},
		{"no such host", nil, []myodai.Cause{MXTargetInvalid}},
		{"an alias", []string{"mx.kaisha.example CNAME h.kaisha.example"}, []myodai.Cause{MXTargetInvalid}},
		{"not known", []string{"mx.kaisha.example SERVFAIL"}, nil},
	} {
		_, hosts := policies(tt.zone...)
		t.Run(tt.name, func(t *testing.T) {
			checkCauses(t, hostFlaws(mx("10 mx.kaisha.example"), "kaisha.example", hosts), tt.causes)
		})
	}
}

func TestAlignedFlaws(t *testing.T) {
	for _, tt := range []struct {
		name   string
		bounce myodai.Name
		zone   []string
		causes []myodai.Cause
	}{
		{"below the domain", "bounce.kaisha.example", nil, nil},
		{"below the domain, with a policy", "bounce.kaisha.example", []string{"_dmarc.kaisha.example TXT v=DMARC1; p=none"}, nil},
		{"beside the domain", "bounce.kaisha-mail.example", nil, []myodai.Cause{ReturnpathNotAligned}},
		{"beside the domain, with a policy", "bounce.kaisha-mail.example", []string{"_dmarc.kaisha.example TXT v=DMARC1; p=none"}, []myodai.Cause{ReturnpathNotAligned}},
		{"an organization of its own by psd=n", "b.kaisha.example", []string{"_dmarc.kaisha.example TXT v=DMARC1; p=none", "_dmarc.b.kaisha.example TXT v=DMARC1; p=none; psd=n"}, []myodai.Cause{ReturnpathNotAligned}},
		{"not known", "b.kaisha.example", []string{"_dmarc.kaisha.example TXT v=DMARC1; p=none", "_dmarc.b.kaisha.example SERVFAIL"}, nil},
	} {
		lookup, _ := policies(tt.zone...)
		t.Run(tt.name, func(t *testing.T) {
			checkCauses(t, alignedFlaws("kaisha.example", tt.bounce, dmarc.NewTree(lookup)), tt.causes)
		})
	}
}
