package handoff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// Provider is a Terraform provider for DNS, by its name in the registry.
type Provider string

const (
	ProviderCloudflare Provider = "cloudflare" // 5 and later
	ProviderRoute53    Provider = "aws"
	ProviderGoogle     Provider = "google"
	ProviderAzure      Provider = "azurerm"
)

// Providers lists every provider we write for.
var Providers = []Provider{ProviderCloudflare, ProviderRoute53, ProviderGoogle, ProviderAzure}

// ProviderAt is the provider for a DNS host by its id in package dnshost; ok is
// false when there is none.
func ProviderAt(host string) (p Provider, ok bool) {
	p, ok = map[string]Provider{
		"cloudflare": ProviderCloudflare, "route53": ProviderRoute53, "google-cloud-dns": ProviderGoogle, "azure": ProviderAzure,
	}[host]
	return p, ok
}

// Terraform writes the records as resources of the provider, with variables for
// what only the DNS administrator knows. Names carry the zone, so that files of
// several domains stand side by side. The text is as terraform fmt leaves it.
func Terraform(s Sheet, p Provider) string {
	t := terraform{sheet: s, zone: identifier(string(s.Zone))}
	sets, merges := s.sets()
	for _, i := range merges {
		t.blocks = append(t.blocks, "# "+mergeNote(i)+"\n")
	}
	if len(sets) == 0 {
		return strings.Join(t.blocks, "\n")
	}
	switch p {
	case ProviderCloudflare:
		t.variable("zone_id", "ID of the zone at Cloudflare.")
	case ProviderRoute53:
		t.variable("zone_id", "ID of the hosted zone.")
	case ProviderGoogle:
		t.variable("managed_zone", "Name of the managed zone.")
	case ProviderAzure:
		t.variable("resource_group", "Resource group of the DNS zone.")
	}
	for _, set := range sets {
		switch p {
		case ProviderCloudflare:
			t.cloudflare(set)
		case ProviderRoute53:
			t.route53(set)
		case ProviderGoogle:
			t.google(set)
		case ProviderAzure:
			t.azure(set)
		}
	}
	return strings.Join(t.blocks, "\n")
}

// terraform collects the blocks of one file.
type terraform struct {
	sheet  Sheet
	zone   string   // as a part of identifiers
	blocks []string // each with its final line end
	taken  []string // names of resources
}

// argument is one line of a block; nested ones are blocks themselves.
type argument struct {
	name, value string
	nested      []argument
}

func (t *terraform) variable(name, description string) {
	t.blocks = append(t.blocks, block(`variable "zone_`+t.zone+"_"+name+`"`, "", []argument{
		{name: "description", value: hcl(description)}, {name: "type", value: "string"},
	}))
}

func (t *terraform) reference(name string) string { return "var.zone_" + t.zone + "_" + name }

// resource adds a block, under a name that no other has.
func (t *terraform) resource(kind string, s set, arguments []argument) {
	name := "mail_" + identifier(string(s.name)) + "_" + strings.ToLower(string(s.kind))
	for free, n := name, 2; slices.Contains(t.taken, name); n++ {
		name = free + "_" + strconv.Itoa(n)
	}
	t.taken = append(t.taken, name)
	t.blocks = append(t.blocks, block(`resource "`+kind+`" "`+name+`"`, "", arguments))
}

// cloudflare has a resource per record, and wants TXT values in quotes.
func (t *terraform) cloudflare(s set) {
	for _, value := range s.values {
		arguments := []argument{
			{name: "zone_id", value: t.reference("zone_id")}, {name: "name", value: hcl(string(s.name))},
			{name: "type", value: hcl(string(s.kind))},
		}
		switch s.kind {
		case myodai.TypeMX:
			preference, host := exchange(value)
			arguments = append(arguments, argument{name: "content", value: hcl(host)}, argument{name: "priority", value: preference})
		case myodai.TypeCNAME:
			// A proxied alias is answered with addresses, and the key is gone.
			arguments = append(arguments, argument{name: "content", value: hcl(value)}, argument{name: "proxied", value: "false"})
		default:
			arguments = append(arguments, argument{name: "content", value: hcl(strings.Join(quoted(value), " "))})
		}
		t.resource("cloudflare_dns_record", s, append(arguments, argument{name: "ttl", value: strconv.Itoa(TTL)}))
	}
}

// route53 puts the outer quotes around TXT values itself.
func (t *terraform) route53(s set) {
	var values []string
	for _, value := range s.values {
		if s.kind == myodai.TypeTXT {
			inner := strings.Join(quoted(value), "")
			values = append(values, inner[1:len(inner)-1])
			continue
		}
		values = append(values, value)
	}
	t.resource("aws_route53_record", s, []argument{
		{name: "zone_id", value: t.reference("zone_id")}, {name: "name", value: hcl(string(s.name))},
		{name: "type", value: hcl(string(s.kind))}, {name: "ttl", value: strconv.Itoa(TTL)}, {name: "records", value: hclList(values)},
	})
}

// google takes record data as a zone file has it.
func (t *terraform) google(s set) {
	var values []string
	for _, value := range s.values {
		values = append(values, data(s.kind, value))
	}
	t.resource("google_dns_record_set", s, []argument{
		{name: "managed_zone", value: t.reference("managed_zone")}, {name: "name", value: hcl(string(s.name) + ".")},
		{name: "type", value: hcl(string(s.kind))}, {name: "ttl", value: strconv.Itoa(TTL)}, {name: "rrdatas", value: hclList(values)},
	})
}

// azure has a resource per type, and splits TXT values itself.
func (t *terraform) azure(s set) {
	name := t.sheet.relative(s.name)
	if name == "" {
		name = "@"
	}
	arguments := []argument{
		{name: "name", value: hcl(name)}, {name: "zone_name", value: hcl(string(t.sheet.Zone))},
		{name: "resource_group_name", value: t.reference("resource_group")}, {name: "ttl", value: strconv.Itoa(TTL)},
	}
	for _, value := range s.values {
		switch s.kind {
		case myodai.TypeCNAME:
			arguments = append(arguments, argument{name: "record", value: hcl(value)})
		case myodai.TypeMX:
			preference, host := exchange(value)
			arguments = append(arguments, argument{name: "record", nested: []argument{
				{name: "preference", value: preference}, {name: "exchange", value: hcl(host + ".")},
			}})
		default:
			arguments = append(arguments, argument{name: "record", nested: []argument{{name: "value", value: hcl(value)}}})
		}
	}
	t.resource("azurerm_dns_"+strings.ToLower(string(s.kind))+"_record", s, arguments)
}

// block writes a block with its arguments aligned as terraform fmt does: the
// "=" of neighbors stand under each other.
func block(head, indent string, arguments []argument) string {
	width := 0
	for _, a := range arguments {
		if a.nested == nil {
			width = max(width, len(a.name))
		}
	}
	var b strings.Builder
	b.WriteString(indent + head + " {\n")
	for _, a := range arguments {
		if a.nested != nil {
			b.WriteString("\n" + block(a.name, indent+"  ", a.nested))
			continue
		}
		fmt.Fprintf(&b, "%s  %-*s = %s\n", indent, width, a.name, a.value)
	}
	b.WriteString(indent + "}\n")
	return b.String()
}

// hclList writes texts as a list.
func hclList(texts []string) string {
	var list []string
	for _, text := range texts {
		list = append(list, hcl(text))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// hcl quotes a text. "${" and "%{" would begin a template.
func hcl(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteString(string(r) + string(r))
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// identifier is a name as a part of an HCL identifier.
func identifier(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, strings.ToLower(s))
}
