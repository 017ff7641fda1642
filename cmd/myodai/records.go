package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

func (c *cli) domainRecords() *cobra.Command {
	format := ""
	cmd := &cobra.Command{
		Use: "records DOMAIN", Short: "Show the records a domain must publish", Args: cobra.ExactArgs(1),
		Long: `Show the records a domain must publish: as a table with what the last check saw of
them, as lines for a zone file, or with --json as a plan that programs read.`,
		Example: `  myodai domain records acme.example
  myodai domain records acme.example --format zone >> acme.example.zone
  myodai domain records acme.example --json > plan.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "table" && format != "zone" {
				return usage("--format: %q is not a format; there are table and zone", format)
			}
			p, err := aboutDomain[api.Plan](c, cmd, args[0], http.MethodGet, "/records", nil)
			switch {
			case err != nil:
				return err
			case c.json:
				return c.writeJSON(planFileOf(p))
			case format == "zone":
				for _, r := range p.Records {
					c.say("%s", printable(zoneLine(r)))
				}
				return nil
			}
			return c.writeRecords(p.Records)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "table or zone")
	return cmd
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

// zoneLine is a record as a line of a zone file (RFC 1035 §5.1). An include is
// no record of its own: it belongs into the one that is there, so it becomes a
// comment.
func zoneLine(r api.Record) string {
	if r.Purpose == myodai.PurposeSPF {
		return fmt.Sprintf("; %s. TXT: put %s into the SPF record that is there", r.Name, r.Value)
	}
	data := r.Value
	switch r.Type {
	case myodai.TypeTXT:
		data = quoteTXT(r.Value)
	case myodai.TypeCNAME, myodai.TypeMX:
		data += "."
	}
	return fmt.Sprintf("%s. 3600 IN %s %s", r.Name, r.Type, data)
}

// quoteTXT writes text as quoted strings of at most 255 octets (RFC 1035 §3.3.14).
func quoteTXT(text string) string {
	const most = 255
	var parts []string
	for {
		n := min(len(text), most)
		part := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text[:n])
		parts = append(parts, `"`+part+`"`)
		if text = text[n:]; text == "" {
			return strings.Join(parts, " ")
		}
	}
}
