package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/diagnose"
)

func (c *cli) domainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "domain", Short: "Register domains, show their records, check them",
		Long: `Register the domains mail is to be sent as, show which records they must publish,
and find out whether those are there. A domain is named by its name or its id.`,
		Example: `  myodai domain add acme.example
  myodai domain records acme.example --format zone
  myodai domain check acme.example`,
	}
	cmd.AddCommand(c.domainAdd(), c.domainList(), c.domainShow(), c.domainRecords(), c.domainCheck(), c.domainHistory(), c.domainSPF(), c.domainShape(),
		c.domainRequest(), c.domainLink(), c.domainConnect(), c.domainDelete())
	return cmd
}

// domainID finds the id of a domain that is named by its name or its id.
func domainID(ctx context.Context, cl *client, name string) (string, error) {
	if _, err := myodai.ParseID[myodai.DomainID](name); err == nil {
		return name, nil
	}
	page, err := ask[api.List[api.Domain]](ctx, cl, http.MethodGet, "/v1/domains?name="+url.QueryEscape(name), nil)
	if err != nil {
		return "", err
	}
	if len(page.Items) == 0 {
		return "", myodai.Refuse(myodai.CodeNotFound, "", "there is no domain %s; see myodai domain list", printable(name))
	}
	return string(page.Items[0].ID), nil
}

// aboutDomain asks for something of the domain that the first argument names.
func aboutDomain[T any](c *cli, cmd *cobra.Command, name, method, path string, body any) (out T, err error) {
	cl, err := c.client(cmd, tenantsKey)
	if err != nil {
		return out, err
	}
	id, err := domainID(cmd.Context(), cl, name)
	if err != nil {
		return out, err
	}
	return ask[T](cmd.Context(), cl, method, "/v1/domains/"+id+path, body)
}

func (c *cli) domainAdd() *cobra.Command {
	var n api.NewDomain
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Register a domain and show the records to publish", Args: cobra.ExactArgs(1),
		Example: `  myodai domain add acme.example
  myodai domain add acme.example --shape txt --return-path bounce --report-address dmarc@acme.example`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			n.Name = args[0]
			d, err := ask[api.DomainWithRecords](cmd.Context(), cl, http.MethodPost, "/v1/domains", n)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(d)
			}
			c.say("%s is registered as %s. Publish these records, then run: myodai domain check %s\n", d.Name, d.ID, d.Name)
			return c.writeWithWarnings(d)
		},
	}
	cmd.Flags().StringVar(&n.Shape, "shape", "", "form of the records, cname or txt (default: the platform's)")
	cmd.Flags().StringVar(&n.ReturnPath, "return-path", "", "`NAME` of the bounce domain, or only the labels in front of the domain")
	cmd.Flags().StringVar(&n.ReportAddress, "report-address", "", "`ADDRESS` a new DMARC record sends reports to (default: ours)")
	cmd.Flags().StringVar(&n.DefaultFrom, "from", "", "`ADDRESS` at the domain that you write from as a rule")
	cmd.Flags().BoolVar(&n.RootSPF, "root-spf", false, "also ask for an include in the domain's own SPF record")
	return cmd
}

func (c *cli) domainList() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List domains and where they stand", Example: `  myodai domain list --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			domains, more, err := list[api.Domain](cmd.Context(), cl, "/v1/domains", limit)
			if err != nil {
				return err
			}
			return writeList(c, domains, more, "There are no domains.", []string{"NAME", "STATE", "SHAPE", "CHECKED", "ID"},
				func(d api.Domain) []string {
					return []string{d.Name, string(d.State), string(d.Shape), when(d.CheckedAt), string(d.ID)}
				})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

func (c *cli) domainShow() *cobra.Command {
	return &cobra.Command{
		Use: "show DOMAIN", Short: "Show a domain and its records", Args: cobra.ExactArgs(1), Example: `  myodai domain show acme.example`,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := aboutDomain[api.DomainWithRecords](c, cmd, args[0], http.MethodGet, "", nil)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(d)
			}
			return c.writeDomain(d)
		},
	}
}

func (c *cli) writeDomain(d api.DomainWithRecords) error {
	for _, line := range [][2]string{
		{"Domain", d.Name}, {"As written", d.UnicodeName}, {"Id", string(d.ID)}, {"State", string(d.State)},
		{"Shape", string(d.Shape)}, {"Return path", d.ReturnPath}, {"DMARC reports to", d.ReportAddress},
		{"Registered", when(d.RegisteredAt)}, {"Verified", when(d.VerifiedAt)}, {"At risk since", when(d.AtRiskAt)},
		{"Checked", when(d.CheckedAt)}, {"Next check", when(d.NextCheckAt)},
	} {
		if line[1] != "" && (line[0] != "As written" || line[1] != d.Name) {
			c.say("%-17s %s", line[0], printable(line[1]))
		}
	}
	c.say("")
	return c.writeWithWarnings(d)
}

// writeWithHints writes a domain's records, and what to know about them.
func (c *cli) writeWithHints(name string, records []api.Record, warnings []api.Warning, lang diagnose.Lang) error {
	if err := c.writeRecords(records); err != nil {
		return err
	}
	c.writeHints(name, records, warnings, lang)
	return nil
}

// writeWithWarnings is writeWithHints in the language of the environment.
func (c *cli) writeWithWarnings(d api.DomainWithRecords) error {
	lang, err := c.language("")
	if err != nil {
		return err
	}
	return c.writeWithHints(d.Name, d.Records, d.Warnings, lang)
}

func (c *cli) domainShape() *cobra.Command {
	record := ""
	cmd := &cobra.Command{
		Use: "shape DOMAIN SHAPE", Short: "Switch the form of the records: cname or txt", Args: cobra.ExactArgs(2),
		Long: `Switch the form in which records are asked for. The keys stay as they are, so mail
goes on while the tenant publishes the new records.`,
		Example: `  myodai domain shape acme.example txt
  myodai domain shape acme.example cname --record s1-k7f3q9x2._domainkey.acme.example`,
		RunE: func(cmd *cobra.Command, args []string) error {
			change := api.DomainChange{Shape: &args[1]}
			if record != "" {
				record = strings.TrimSuffix(record, ".")
				change.Record = &record
			}
			d, err := aboutDomain[api.DomainWithRecords](c, cmd, args[0], http.MethodPatch, "", change)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(d)
			}
			return c.writeWithWarnings(d)
		},
	}
	cmd.Flags().StringVar(&record, "record", "", "owner `NAME` of the one record to switch (default: all)")
	return cmd
}

func (c *cli) domainDelete() *cobra.Command {
	sure := false
	cmd := &cobra.Command{
		Use: "delete DOMAIN", Short: "Give a domain up; its private keys are destroyed", Args: cobra.ExactArgs(1),
		Example: `  myodai domain delete acme.example --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !sure {
				return usage("this destroys the domain's keys, and its records become useless; say --yes if that is meant")
			}
			if _, err := aboutDomain[struct{}](c, cmd, args[0], http.MethodDelete, "", nil); err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(struct{}{})
			}
			c.say("%s is deleted.", printable(args[0]))
			return nil
		},
	}
	cmd.Flags().BoolVar(&sure, "yes", false, "it is meant")
	return cmd
}
