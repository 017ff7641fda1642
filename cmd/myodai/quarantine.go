package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) queueQuarantine() *cobra.Command {
	cmd := &cobra.Command{
		Use: "quarantine", Short: "See and release deliveries at which the program died (operator)",
		Long: `See and release deliveries at which the program died three times in a row. They are put
aside, so that they cost no other mail anything. Before you release one, look at the
message, and at the last lines that the program wrote each time.`,
		Example: `  myodai queue quarantine list
  myodai queue quarantine release dlv_…`,
	}
	cmd.AddCommand(c.quarantineList(), c.quarantineRelease())
	return cmd
}

func (c *cli) quarantineList() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List the deliveries in quarantine", Example: `  myodai queue quarantine list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			deliveries, more, err := list[api.Delivery](cmd.Context(), cl, "/v1/queue/quarantine", limit)
			if err != nil {
				return err
			}
			return writeList(c, deliveries, more, "Nothing is in quarantine.", []string{"DELIVERY", "TENANT", "MESSAGE", "RECIPIENT", "GIVEN UP"},
				func(d api.Delivery) []string {
					return []string{string(d.ID), string(d.TenantID), string(d.MessageID), d.Recipient, when(d.ExpiresAt)}
				})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

func (c *cli) quarantineRelease() *cobra.Command {
	return &cobra.Command{
		Use: "release DELIVERY", Short: "Attempt a delivery again, alone", Args: cobra.ExactArgs(1),
		Example: `  myodai queue quarantine release dlv_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			d, err := ask[api.Delivery](cmd.Context(), cl, http.MethodPost, "/v1/queue/quarantine/"+segment(args[0])+"/release", nil)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(d)
			}
			c.say("%s to %s is attempted again, with nothing else under way.", d.ID, printable(d.Recipient))
			return nil
		},
	}
}
