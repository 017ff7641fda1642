package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/diagnose"
)

func (c *cli) trackingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tracking", Short: "Set up host names of your own for links, and their certificates",
		Long: `Links in mail lead through a tracking domain: the platform's, or one of your own,
such as click.acme.example. One below the domain that mail is sent from serves
deliverability best. It is optional.

The direct way takes one record, and the certificate follows by itself. The
prepared way takes three steps: prove the name, have its certificate made, and
rewrite the first record; no link leads through the name before that. Step 2 has
to be done within 72 hours. A tracking domain is named by its name or its id.`,
		Example: `  myodai tracking add click.acme.example
  myodai tracking add click.acme.example --way prepared
  myodai tracking check click.acme.example`,
	}
	cmd.AddCommand(c.trackingAdd(), c.trackingList(), c.trackingShow(), c.trackingCheck(), c.trackingWay(), c.trackingRestart(),
		c.trackingDelete(), c.trackingCertificates())
	return cmd
}

// aboutTracking asks for something of the tracking domain that name names.
func aboutTracking[T any](c *cli, cmd *cobra.Command, name, method, path string, body any) (out T, err error) {
	cl, err := c.client(cmd, tenantsKey)
	if err != nil {
		return out, err
	}
	id, err := trackingID(cmd.Context(), cl, name)
	if err != nil {
		return out, err
	}
	return ask[T](cmd.Context(), cl, method, "/v1/tracking-domains/"+id+path, body)
}

// trackingID finds the id of a tracking domain that is named by its name or id.
func trackingID(ctx context.Context, cl *client, name string) (string, error) {
	if _, err := myodai.ParseID[myodai.TrackingID](name); err == nil {
		return name, nil
	}
	all, _, err := list[api.TrackingDomain](ctx, cl, "/v1/tracking-domains", 0)
	if err != nil {
		return "", err
	}
	for _, t := range all {
		if strings.EqualFold(strings.TrimSuffix(name, "."), t.Name) || name == t.UnicodeName {
			return string(t.ID), nil
		}
	}
	return "", myodai.Refuse(myodai.CodeNotFound, "", "there is no tracking domain %s; see myodai tracking list", printable(name))
}

func (c *cli) trackingAdd() *cobra.Command {
	way := ""
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Register a tracking domain and show the record to publish", Args: cobra.ExactArgs(1),
		Example: `  myodai tracking add click.acme.example --way prepared`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			t, err := ask[api.TrackingDomainWithRecords](cmd.Context(), cl, http.MethodPost, "/v1/tracking-domains", api.NewTrackingDomain{Name: args[0], Way: way})
			if err != nil {
				return err
			}
			return c.writeTracking(t)
		},
	}
	cmd.Flags().StringVar(&way, "way", "", "direct or prepared (default: direct)")
	return cmd
}

func (c *cli) trackingList() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List tracking domains and where they stand", Args: cobra.NoArgs, Example: `  myodai tracking list --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			all, more, err := list[api.TrackingDomain](cmd.Context(), cl, "/v1/tracking-domains", limit)
			if err != nil {
				return err
			}
			return writeList(c, all, more, "There are no tracking domains; links lead through the platform's.",
				[]string{"NAME", "STATE", "WAY", "STEP", "DEADLINE", "ID"}, func(t api.TrackingDomain) []string {
					return []string{t.Name, string(t.State), string(t.Way), stepOf(t), when(deadlineOf(t)), string(t.ID)}
				})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

// trackingAct is a command that does one thing to a tracking domain and shows
// what became of it.
func (c *cli) trackingAct(use, short, method, path string) *cobra.Command {
	return &cobra.Command{
		Use: use + " NAME", Short: short, Args: cobra.ExactArgs(1), Example: "  myodai tracking " + use + " click.acme.example",
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := aboutTracking[api.TrackingDomainWithRecords](c, cmd, args[0], method, path, nil)
			if err != nil {
				return err
			}
			return c.writeTracking(t)
		},
	}
}

func (c *cli) trackingShow() *cobra.Command {
	return c.trackingAct("show", "Show a tracking domain, its records and its certificate", http.MethodGet, "")
}

func (c *cli) trackingCheck() *cobra.Command {
	return c.trackingAct("check", "Ask DNS now, and go on to the next step when it is right", http.MethodPost, "/check")
}

func (c *cli) trackingRestart() *cobra.Command {
	return c.trackingAct("restart", "Start again with new records, after the deadline has passed", http.MethodPost, "/restart")
}

func (c *cli) trackingWay() *cobra.Command {
	return &cobra.Command{
		Use: "way NAME WAY", Short: "Set it up in the other way: direct or prepared", Args: cobra.ExactArgs(2),
		Example: `  myodai tracking way click.acme.example direct`,
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := aboutTracking[api.TrackingDomainWithRecords](c, cmd, args[0], http.MethodPatch, "", api.TrackingChange{Way: args[1]})
			if err != nil {
				return err
			}
			return c.writeTracking(t)
		},
	}
}

func (c *cli) trackingDelete() *cobra.Command {
	sure := false
	cmd := &cobra.Command{
		Use: "delete NAME", Short: "Give a tracking domain up", Args: cobra.ExactArgs(1), Example: `  myodai tracking delete click.acme.example --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !sure {
				return usage("links in mail that was sent will no longer open; say --yes if that is meant")
			}
			if _, err := aboutTracking[struct{}](c, cmd, args[0], http.MethodDelete, "", nil); err != nil {
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

func (c *cli) trackingCertificates() *cobra.Command {
	return &cobra.Command{
		Use: "certificates", Short: "Show the certificates of the platform's own names (operator)", Args: cobra.NoArgs,
		Example: `  myodai tracking certificates`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			found, err := ask[api.CertificateList](cmd.Context(), cl, http.MethodGet, "/v1/certificates", nil)
			if err != nil {
				return err
			}
			return writeList(c, found.Items, false, "No certificates are ordered for names of the platform.",
				[]string{"HOST", "STATE", "EXPIRES", "RENEWAL", "LAST FAILURE"}, func(v api.Certificate) []string {
					return []string{v.Host, v.State, when(v.NotAfter), when(v.RenewAt), failureText(v)}
				})
		},
	}
}

func (c *cli) writeTracking(t api.TrackingDomainWithRecords) error {
	if c.json {
		return c.writeJSON(t)
	}
	certificate := t.Certificate.State
	if !t.Certificate.NotAfter.IsZero() {
		certificate += ", until " + when(t.Certificate.NotAfter)
	}
	for _, line := range [][2]string{
		{"Tracking domain", t.Name}, {"Id", string(t.ID)}, {"State", string(t.State)}, {"Way", string(t.Way)},
		{"Step", stepOf(t.TrackingDomain)}, {"Step 2 until", when(deadlineOf(t.TrackingDomain))}, {"Verified", when(t.VerifiedAt)},
		{"At risk since", when(t.AtRiskAt)}, {"Certificate", certificate}, {"Last failure", failureText(t.Certificate)},
		{"Next order", when(t.Certificate.TryAt)}, {"Next check", when(t.NextCheckAt)},
	} {
		if line[1] != "" {
			c.say("%-16s %s", line[0], printable(line[1]))
		}
	}
	if !t.Aligned {
		c.say("Note: it is below none of the domains you send as; one that is serves deliverability better.")
	}
	c.say("")
	if err := c.writeRecords(t.Records); err != nil {
		return err
	}
	for _, w := range t.Warnings {
		c.say("Note: %s %s", printable(w.Record), w.Message.English)
	}
	if len(t.Findings) > 0 {
		c.say("")
		c.writePrimary(t.Findings[0], diagnose.English)
	}
	return nil
}

// stepOf says which step is to be done, "" for none.
func stepOf(t api.TrackingDomain) string {
	switch {
	case t.Step == 0:
		return ""
	case t.Way == myodai.TrackingDirect:
		return "publish the record"
	}
	return fmt.Sprintf("%d of 3", t.Step)
}

func failureText(v api.Certificate) string {
	if v.Failure == nil {
		return ""
	}
	return strings.TrimPrefix(v.Failure.Type+": "+v.Failure.Detail, ": ")
}

// deadlineOf is when step 2 must be done, as long as it is not.
func deadlineOf(t api.TrackingDomain) (at time.Time) {
	if t.CertifiedAt.IsZero() {
		at = t.Deadline
	}
	return at
}
