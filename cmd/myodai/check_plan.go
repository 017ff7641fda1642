package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// maxFile is the most that is read of a plan or an observation.
const maxFile = 64 << 20

// readPlan reads a plan for the domain from a file. What is wrong with it is a
// usage error that says where.
func readPlan(path string, domain myodai.Name) (p plan.Plan, err error) {
	var file planFile
	if err := readJSON("--plan", path, &file); err != nil {
		return p, err
	}
	p.Domain = domain
	if file.Domain != "" && withoutDot(file.Domain) != string(domain) {
		if name, err := myodai.ParseName(file.Domain); err != nil || name != domain {
			return p, usage("--plan: %s is a plan for %q, not for %s", path, file.Domain, domain)
		}
	}
	if len(file.Records) == 0 {
		return p, usage("--plan: %s has no records", path)
	}
	for i, r := range file.Records {
		item, problem := r.item()
		if problem != "" {
			return p, usage("--plan: record %d of %s: %s", i+1, path, problem)
		}
		p.Items = append(p.Items, item)
	}
	return p, nil
}

// plannable are the types and purposes a record of a plan may have.
var (
	plannableTypes    = []myodai.RecordType{myodai.TypeCNAME, myodai.TypeTXT, myodai.TypeMX}
	plannablePurposes = []myodai.Purpose{
		myodai.PurposeDKIM, myodai.PurposeReturnPath, myodai.PurposeDMARC, myodai.PurposeTracking, myodai.PurposeSPF, myodai.PurposeACME,
	}
)

// item is the record as the rooms know it; problem says what is wrong with it.
func (r planRecord) item() (item plan.Item, problem string) {
	name, err := myodai.ParseOwner(r.Name)
	kind := myodai.RecordType(strings.ToUpper(string(r.Type)))
	switch {
	case r.Name == "" || err != nil:
		return item, "name: not a domain name"
	case !slices.Contains(plannableTypes, kind):
		return item, "type: must be CNAME, TXT or MX"
	case !slices.Contains(plannablePurposes, r.Purpose):
		return item, "purpose: must be dkim, return-path, dmarc, tracking, spf or acme"
	case strings.TrimSpace(r.Value) == "":
		return item, "value: empty"
	}
	item = plan.Item{Purpose: r.Purpose, Selector: r.Selector, Name: name, Type: kind, Value: r.Value, Required: r.Required}
	switch kind {
	case myodai.TypeCNAME:
		target, err := myodai.ParseOwner(r.Value)
		if err != nil {
			return item, "value: not a domain name"
		}
		item.Value = string(target)
	case myodai.TypeMX:
		priority, host, found := strings.Cut(strings.TrimSpace(r.Value), " ")
		target, err := myodai.ParseOwner(strings.TrimSpace(host))
		if !found || err != nil || strings.Trim(priority, "0123456789") != "" {
			return item, `value: not a priority and a domain name, such as "10 mail.example.com"`
		}
		item.Value = priority + " " + string(target)
	}
	if item.Selector == "" && item.Purpose == myodai.PurposeDKIM {
		item.Selector, _, _ = strings.Cut(string(name), "._domainkey.")
	}
	if item.Purpose == myodai.PurposeSPF {
		item.Value = withoutDot(item.Value)
	}
	return item, ""
}

func withoutDot(name string) string { return strings.TrimSuffix(name, ".") }

// readObservation reads what DNS said another time, from the file that a flag
// names.
func readObservation(flag, path string, domain myodai.Name) (o myodai.Observation, err error) {
	if err := readJSON(flag, path, &o); err != nil {
		return o, err
	}
	if o.Domain != domain {
		return o, usage("%s: %s is about %q, not about %s", flag, path, o.Domain, domain)
	}
	return o, nil
}

// readJSON reads one value from a file.
func readJSON(flag, path string, into any) error {
	info, err := os.Stat(path)
	if err != nil {
		return usage("%s: %v", flag, err)
	}
	if info.Size() > maxFile {
		return usage("%s: %s is too large", flag, path)
	}
	data, err := os.ReadFile(path) // #nosec G304 -- the file that the user names
	if err != nil {
		return usage("%s: %v", flag, err)
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), into); err != nil {
		return usage("%s: %s cannot be read as JSON: %v", flag, path, err)
	}
	return nil
}
