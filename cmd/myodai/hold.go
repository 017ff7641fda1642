package main

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

// addSelection adds the flags that say which deliveries are meant.
func addSelection(cmd *cobra.Command, which *api.Selection) {
	cmd.Flags().StringVar(&which.TenantID, "tenant", "", "only of this tenant, by its `ID` (platform operator)")
	cmd.Flags().StringVar(&which.Domain, "domain", "", "only recipients at this `NAME`")
	cmd.Flags().StringVar(&which.MessageID, "message", "", "only of the message with this `ID`")
}

// query is a selection as the query of a URL.
func query(which api.Selection) string {
	values := url.Values{}
	for name, value := range map[string]string{"tenant_id": which.TenantID, "domain": which.Domain, "message_id": which.MessageID} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

func (c *cli) queueHold() *cobra.Command {
	var n api.NewHold
	cmd := &cobra.Command{
		Use: "hold", Short: "Keep mail from being sent until it is released", Args: cobra.NoArgs,
		Long: `Keep mail from being sent until it is released: what waits, and what is accepted later.
What a node has begun with goes on. Held mail still expires when its time is over. Without
a selection it is all the tenant's mail, or with the operator's key everybody's.`,
		Example: `  myodai queue hold --domain example.net --reason "their servers are being moved"
  myodai queue hold --tenant ten_… --reason "under review"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return askAndSay(c, cmd, http.MethodPost, "/v1/queue/holds", n, func(h api.Hold) {
				c.say("%s holds %s.", h.ID, held(h))
				c.say("To end it: myodai queue release %s", h.ID)
			})
		},
	}
	addSelection(cmd, &n.Selection)
	cmd.Flags().StringVar(&n.Reason, "reason", "", "`TEXT` for those who look at the queue later")
	return cmd
}

// held says in words what a hold keeps.
func held(h api.Hold) string {
	what := "all mail"
	if h.TenantID != "" {
		what += " of " + h.TenantID
	}
	if h.Domain != "" {
		what += " to " + h.Domain
	}
	if h.MessageID != "" {
		what += " of " + h.MessageID
	}
	return what
}

func (c *cli) queueHolds() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "holds", Short: "List what is kept from being sent", Args: cobra.NoArgs, Example: `  myodai queue holds`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			holds, more, err := list[api.Hold](cmd.Context(), cl, "/v1/queue/holds", limit)
			if err != nil {
				return err
			}
			return writeList(c, holds, more, "Nothing is kept from being sent.", []string{"ID", "HOLDS", "BY", "SINCE", "REASON"}, func(h api.Hold) []string {
				by := "tenant"
				if h.Operator {
					by = "operator"
				}
				return []string{string(h.ID), held(h), by, when(h.MadeAt), h.Reason}
			})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

func (c *cli) queueExpire() *cobra.Command {
	var which api.Selection
	cmd := &cobra.Command{
		Use: "expire", Short: "Give waiting and held mail up now", Args: cobra.NoArgs,
		Long: `Give waiting and held mail up now. Senders who want a DSN get one. It cannot be undone;
what is under way goes on.`,
		Example: `  myodai queue expire --message msg_…
  myodai queue expire --tenant ten_… --domain example.net`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return askAndSay(c, cmd, http.MethodPost, "/v1/queue/expire", which, func(r api.Expired) {
				c.say("Deliveries that were given up: %s", strconv.Itoa(r.Deliveries))
			})
		},
	}
	addSelection(cmd, &which)
	return cmd
}

func (c *cli) queueHeld() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "held", Short: "List the deliveries that are held", Example: `  myodai queue held`,
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
		Use: "release HOLD | MESSAGE", Short: "Send what is held on its way", Args: cobra.ExactArgs(1),
		Long: `Send what is held on its way: all that a hold keeps, or one message whose From is not
verified. That one goes by itself when its From becomes verified; with --as the operator
sends it before that, by the normal path or from the platform's own address.`,
		Example: `  myodai queue release hld_…
  myodai queue release msg_… --as platform`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := myodai.ParseID[myodai.StandingHoldID](args[0]); err == nil {
				return askAndSay(c, cmd, http.MethodDelete, "/v1/queue/holds/"+segment(args[0]), nil, func(r api.HoldReleased) {
					c.say("Deliveries that are due now: %d", r.Deliveries)
				})
			}
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
