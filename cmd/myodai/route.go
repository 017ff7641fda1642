package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) routeCommand() *cobra.Command {
	var n api.NewExplanation
	cmd := &cobra.Command{
		Use: "explain ADDRESS", Short: "Say which way mail from an address would go now, and why", Args: cobra.ExactArgs(1),
		Example: `  myodai route explain sales@acme.example --class marketing
  myodai route explain sales@acme.example --tenant ten_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			key := tenantsKey
			if n.TenantID != "" {
				key = operatorsKey
			}
			cl, err := c.client(cmd, key)
			if err != nil {
				return err
			}
			n.From = args[0]
			x, err := ask[api.Explanation](cmd.Context(), cl, http.MethodPost, "/v1/routes/explain", n)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(x)
			}
			c.say("%s", printable(x.Text.EN))
			if x.Lacking != "" {
				c.say("For it to go the way of its class: %s.", printable(x.Lacking))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&n.Class, "class", "", "of the mail, such as `marketing`")
	cmd.Flags().StringVar(&n.TenantID, "tenant", "", "`ID` of a tenant, with the operator's key")
	route := &cobra.Command{Use: "route", Short: "See which way mail goes", Example: `  myodai route explain sales@acme.example`}
	route.AddCommand(cmd)
	return route
}
