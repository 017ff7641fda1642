package handoff

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/myodai/myodai"
)

// octoRecord is a record set as octoDNS reads it from a zone's YAML file.
type octoRecord struct {
	TTL    int    `yaml:"ttl"`
	Type   string `yaml:"type"`
	Value  any    `yaml:"value,omitempty"`
	Values []any  `yaml:"values,omitempty"`
}

type octoMX struct {
	Exchange   string `yaml:"exchange"`
	Preference int    `yaml:"preference"`
}

// OctoDNS writes the records as entries for the zone's YAML file of octoDNS:
// by name within the zone, "" for the zone itself, in its sorted order.
//
// octoDNS wants every ";" of a TXT value escaped, and splits long values itself.
func OctoDNS(s Sheet) string {
	sets, merges := s.sets()
	byName := map[string][]octoRecord{}
	for _, set := range sets {
		r := octoRecord{TTL: TTL, Type: string(set.kind)}
		for _, value := range set.values {
			r.Values = append(r.Values, octoValue(set.kind, value))
		}
		if len(r.Values) == 1 {
			r.Value, r.Values = r.Values[0], nil
		}
		name := s.relative(set.name)
		byName[name] = append(byName[name], r)
	}
	var b strings.Builder
	b.WriteString("---\n")
	for _, i := range merges {
		b.WriteString("# " + mergeNote(i) + "\n")
	}
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(byName); err != nil { // strings and numbers always encode
		panic(err)
	}
	return b.String()
}

func octoValue(t myodai.RecordType, value string) any {
	switch t {
	case myodai.TypeMX:
		preference, host := exchange(value)
		return octoMX{Exchange: host + ".", Preference: number(preference)}
	case myodai.TypeTXT:
		return strings.ReplaceAll(value, ";", `\;`)
	}
	return strings.TrimSuffix(value, ".") + "."
}

// number reads the preference of an MX record.
func number(s string) int {
	n, _ := strconv.Atoi(s) // planned ones are numbers
	return n
}

// DNSControl writes the records as an extension of the zone for a DNSControl
// dnsconfig.js. DNSControl quotes and splits TXT values itself.
func DNSControl(s Sheet) string {
	sets, merges := s.sets()
	var lines []string
	for _, set := range sets {
		name := s.relative(set.name)
		if name == "" {
			name = "@"
		}
		for _, value := range set.values {
			args := script(name) + ", "
			switch set.kind {
			case myodai.TypeMX:
				preference, host := exchange(value)
				args += fmt.Sprintf("%d, %s", number(preference), script(host+"."))
			case myodai.TypeTXT:
				args += script(value)
			default:
				args += script(strings.TrimSuffix(value, ".") + ".")
			}
			lines = append(lines, fmt.Sprintf("  %s(%s, TTL(%d))", set.kind, args, TTL))
		}
	}
	var b strings.Builder
	for _, i := range merges {
		b.WriteString("// " + mergeNote(i) + "\n")
	}
	if len(lines) > 0 {
		b.WriteString("D_EXTEND(" + script(string(s.Zone)) + ",\n" + strings.Join(lines, ",\n") + "\n);\n")
	}
	return b.String()
}

// script is a text as a JavaScript string. JSON is a part of JavaScript, and its
// encoder also escapes what would end a script element or a line.
func script(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a string always encodes
		panic(err)
	}
	return string(b)
}
