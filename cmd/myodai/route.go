package main

import (
	"net/http"
	"strconv"

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

func (c *cli) queueHeld() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "held", Short: "List the deliveries that are held until their From is verified", Example: `  myodai queue held`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			deliveries, more, err := list[api.Delivery](cmd.Context(), cl, "/v1/queue/held", limit)
			if err != nil {
				return err
			}
			return writeList(c, deliveries, more, "Nothing is held.", []string{"MESSAGE", "RECIPIENT", "HELD SINCE", "GIVEN UP"}, func(d api.Delivery) []string {
				return []string{string(d.MessageID), d.Recipient, when(d.QueuedAt), when(d.ExpiresAt)}
			})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

func (c *cli) queueRelease() *cobra.Command {
	var n api.Release
	cmd := &cobra.Command{
		Use: "release MESSAGE", Short: "Send a held message on its way", Args: cobra.ExactArgs(1),
		Long: `Send a held message on its way. It goes by itself when its From becomes verified; with
--as the operator sends it before that, by the normal path or from the platform's own
address.`,
		Example: `  myodai queue release msg_…
  myodai queue release msg_… --as platform`,
		RunE: func(cmd *cobra.Command, args []string) error {
			key := tenantsKey
			if n.Rule != "" {
				key = operatorsKey
			}
			cl, err := c.client(cmd, key)
			if err != nil {
				return err
			}
			m, err := ask[api.Message](cmd.Context(), cl, http.MethodPost, "/v1/messages/"+segment(args[0])+"/release", n)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(m)
			}
			c.say("%s goes out from %s, %s octets.", m.ID, printable(m.From), strconv.FormatInt(m.Size, 10))
			return nil
		},
	}
	cmd.Flags().StringVar(&n.Rule, "as", "", "`WAY` for the operator to choose: normal or platform")
	return cmd
}
