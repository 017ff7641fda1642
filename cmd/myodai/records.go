package main

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

// recordFormats are the forms in which records are shown, in the order in which
// they are told.
var recordFormats = []string{"table", "zone", "csv", "terraform", "octodns", "dnscontrol"}

func (c *cli) domainRecords() *cobra.Command {
	var o recordOptions
	cmd := &cobra.Command{
		Use: "records DOMAIN", Short: "Show the records a domain must publish", Args: cobra.ExactArgs(1),
		Long: `Show the records a domain must publish: as a table with what the last check saw of
them, as a file for whoever keeps the DNS, or with --json as a plan that programs read.
Below the table stands what the DNS host is known not to take, with the shape that
works there, and what is to become of the SPF record that is there.
A DMARC record that is there already stays as it is and is in no file.`,
		Example: `  myodai domain records acme.example
  myodai domain records acme.example --format zone >> acme.example.zone
  myodai domain records acme.example --format csv --dns-host onamae --open
  myodai domain records acme.example --format terraform --provider cloudflare > mail.tf
  myodai domain records acme.example --json > plan.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			write, err := o.writer()
			if err != nil {
				return err
			}
			lang, err := c.language(o.lang)
			if err != nil {
				return err
			}
			p, err := aboutDomain[api.Plan](c, cmd, args[0], http.MethodGet, "/records", nil)
			switch {
			case err != nil:
				return err
			case c.json:
				return c.writeJSON(planFileOf(p))
			case write == nil:
				return c.writeWithHints(p.Domain, p.Records, p.Warnings, lang)
			}
			sheet, err := o.sheet(p)
			if err != nil {
				return err
			}
			for line := range strings.Lines(write(sheet)) {
				body := strings.TrimRight(line, "\r\n")
				_, _ = io.WriteString(c.out, printable(body)+line[len(body):])
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.format, "format", "table", strings.Join(recordFormats, ", "))
	flags.BoolVar(&o.open, "open", false, "in a file, only what the last check did not find as planned")
	flags.StringVar(&o.zone, "dns-zone", "", "the zone that holds the records, when it is above the domain")
	flags.StringVar(&o.host, "dns-host", "", "for csv and terraform: `ID` of the DNS host whose panel it is, such as cloudflare")
	flags.StringVar(&o.provider, "provider", "", "for terraform: cloudflare, aws, google or azurerm")
	addLang(cmd, &o.lang)
	return cmd
}

// recordOptions are the flags of domain records.
type recordOptions struct {
	format, zone, host, provider, lang string
	open                               bool
}

// writer is what writes the file that was asked for, nil for the table.
func (o recordOptions) writer() (func(handoff.Sheet) string, error) {
	host := dnshost.Generic()
	if o.host != "" {
		var ok bool
		if host, ok = dnshost.ByID(o.host); !ok {
			return nil, usage("--dns-host: no DNS host %q is known; leave it out for what most panels want", o.host)
		}
	}
	switch o.format {
	case "table":
		return nil, nil
	case "zone":
		return handoff.ZoneFile, nil
	case "csv":
		return func(s handoff.Sheet) string { return handoff.CSV(s, host) }, nil
	case "octodns":
		return handoff.OctoDNS, nil
	case "dnscontrol":
		return handoff.DNSControl, nil
	case "terraform":
		provider, ok := handoff.ProviderAt(host.ID)
		if o.provider != "" {
			provider = handoff.Provider(o.provider)
			ok = slices.Contains(handoff.Providers, provider)
		}
		if !ok {
			return nil, usage("--provider: %q is not one; there are cloudflare, aws, google and azurerm", o.provider)
		}
		return func(s handoff.Sheet) string { return handoff.Terraform(s, provider) }, nil
	}
	return nil, usage("--format: %q is not a format; there are %s", o.format, strings.Join(recordFormats, ", "))
}

// sheet is what goes into the file: the plan, without what is to stay as it is.
func (o recordOptions) sheet(p api.Plan) (handoff.Sheet, error) {
	s := handoff.Sheet{Zone: myodai.Name(p.Domain)}
	if o.zone != "" {
		zone, err := myodai.ParseName(o.zone)
		if err != nil || !s.Zone.Under(zone) {
			return s, usage("--dns-zone: %s is in no zone %q", p.Domain, o.zone)
		}
		s.Zone = zone
	}
	all := plan.Plan{Domain: myodai.Name(p.Domain)}
	var checks []myodai.RecordCheck
	for _, r := range p.Records {
		name := myodai.Name(r.Name)
		all.Items = append(all.Items, plan.Item{
			Purpose: r.Purpose, Selector: r.Selector, Name: name, Type: r.Type, Value: r.Value, Required: r.Required, Why: r.Why,
		})
		checks = append(checks, myodai.RecordCheck{
			Name: name, Type: r.Type, Purpose: r.Purpose, Status: myodai.RecordStatus(r.Status), Found: r.Found,
		})
	}
	s.Items = handoff.Whole(all, checks)
	if o.open {
		s.Items = handoff.Open(all, checks)
	}
	return s, nil
}

// writeRecords writes records as a table, the longest column last.
func (c *cli) writeRecords(records []api.Record) error {
	var rows [][]string
	for _, r := range records {
		status := r.Status
		if !r.Required {
			status += " (optional)"
		}
		rows = append(rows, []string{status, string(r.Purpose), string(r.Type), r.Name, r.Value})
	}
	return c.table("There are no records.", []string{"STATUS", "PURPOSE", "TYPE", "NAME", "VALUE"}, rows)
}

// planFile is a plan for programs: names have their final dot.
type planFile struct {
	Domain  string       `json:"domain"`
	Records []planRecord `json:"records"`
}

type planRecord struct {
	Purpose  myodai.Purpose    `json:"purpose"`
	Selector string            `json:"selector,omitempty"`
	Name     string            `json:"name"`
	Type     myodai.RecordType `json:"type"`
	Value    string            `json:"value"`
	Required bool              `json:"required"`
}

func planFileOf(p api.Plan) planFile {
	out := planFile{Domain: p.Domain, Records: []planRecord{}}
	for _, r := range p.Records {
		value := r.Value
		if r.Type == myodai.TypeCNAME || r.Type == myodai.TypeMX {
			value += "."
		}
		out.Records = append(out.Records, planRecord{r.Purpose, r.Selector, r.Name + ".", r.Type, value, r.Required})
	}
	return out
}
