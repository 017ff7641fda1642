package delivery_test

import (
	"context"
	"strings"

	"github.com/myodai/myodai"
)

// zone is a DNS of some lines, "TYPE NAME DATA" each; the data of any type may
// be SERVFAIL or TIMEOUT, that of an address REFUSED, FORBIDDEN or OPEN after a
// slash, which only the test's dialer looks at. A name that is written nowhere
// does not exist; "NODATA NAME" makes it exist. All of it is validated after a line
// "SECURE".
type zone struct {
	records []myodai.Record
	broken  map[string]string // type and name → SERVFAIL, TIMEOUT or LAME
	names   map[myodai.Name]bool
	secure  bool
}

func parseZone(text string) *zone {
	z := &zone{broken: map[string]string{}, names: map[myodai.Name]bool{}}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			z.secure = z.secure || strings.TrimSpace(line) == "SECURE"
			continue
		}
		name := myodai.Name(fields[1])
		z.names[name] = true
		data := strings.Join(fields[2:], " ")
		switch {
		case data == "SERVFAIL" || data == "TIMEOUT" || data == "LAME":
			z.broken[fields[0]+" "+fields[1]] = data
		case fields[0] != "NODATA":
			z.records = append(z.records, myodai.Record{Name: name, Type: myodai.RecordType(fields[0]), Data: data})
		}
	}
	return z
}

// lookup answers as a recursive resolver does.
func (z *zone) lookup(ctx context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer {
	a := myodai.Answer{Question: myodai.Question{Name: name, Type: t, Recursive: true}, RCode: "NOERROR", Validated: z.secure}
	switch z.broken[string(t)+" "+string(name)] {
	case "SERVFAIL":
		a.RCode = "SERVFAIL"
		return a
	case "TIMEOUT":
		a.RCode, a.Err = "", "timeout"
		return a
	case "LAME": // an empty answer without the SOA that would make it one
		return a
	}
	if ctx.Err() != nil {
		a.RCode, a.Err = "", ctx.Err().Error()
		return a
	}
	for range 20 {
		var alias string
		found := false
		for _, rr := range z.records {
			if rr.Name != name || rr.Type != t && rr.Type != myodai.TypeCNAME {
				continue
			}
			a.Records = append(a.Records, rr)
			if found = true; rr.Type == myodai.TypeCNAME && t != myodai.TypeCNAME {
				alias = rr.Data
			}
		}
		if alias != "" {
			name = myodai.Name(alias)
			continue
		}
		if found {
			return a
		}
		break
	}
	if !z.names[name] {
		a.RCode = "NXDOMAIN"
	}
	a.Authority = []myodai.Record{{Name: "", Type: myodai.TypeSOA, Data: ". . 1 1 1 1 1"}}
	return a
}
