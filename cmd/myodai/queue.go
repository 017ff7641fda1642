package main

import (
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) queueCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "queue", Short: "See what waits to be delivered; hurry, hold or give it up",
		Long: `See what waits to be delivered; hurry, hold or give it up. With a tenant's key it is the
tenant's own mail; with the operator's key everybody's.`,
		Example: `  myodai queue show
  myodai queue retry example.net
  myodai queue hold --tenant ten_… --reason "under review"`,
	}
	cmd.AddCommand(c.queueShow(), c.queueList(), c.queueRetry(), c.queueHold(), c.queueHolds(), c.queueHeld(), c.queueRelease(), c.queueExpire(), c.queueQuarantine(), c.queueSites(), c.queueResume())
	return cmd
}

func (c *cli) queueShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Sum up what waits, by recipient domain", Example: `  myodai queue show`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			q, err := ask[api.Queue](cmd.Context(), cl, http.MethodGet, "/v1/queue", nil)
			if err != nil {
				return err
			}
			return writeList(c, q.Items, false, "Nothing waits.", []string{"DOMAIN", "ACCEPTED", "DEFERRED", "OLDEST", "NEXT ATTEMPT"},
				func(l api.QueueLine) []string {
					return []string{l.Domain, strconv.Itoa(l.Accepted), strconv.Itoa(l.Deferred), when(l.OldestAt), when(l.DueAt)}
				})
		},
	}
}

func (c *cli) queueList() *cobra.Command {
	limit := 0
	var which api.Selection
	cmd := &cobra.Command{
		Use: "list", Short: "List the deliveries that wait", Example: `  myodai queue list --domain example.net --limit 20`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			deliveries, more, err := list[api.Delivery](cmd.Context(), cl, "/v1/queue/deliveries"+query(which), limit)
			if err != nil {
				return err
			}
			return writeList(c, deliveries, more, "Nothing waits.", []string{"RECIPIENT", "STATE", "ATTEMPTS", "NEXT ATTEMPT", "MESSAGE", "LAST"},
				func(d api.Delivery) []string {
					return []string{d.Recipient, string(d.State), strconv.Itoa(d.AttemptCount), when(d.DueAt), string(d.MessageID), d.Last}
				})
		},
	}
	addLimit(cmd, &limit)
	addSelection(cmd, &which)
	return cmd
}

func (c *cli) queueRetry() *cobra.Command {
	var which api.Selection
	cmd := &cobra.Command{
		Use: "retry [DOMAIN]", Short: "Attempt what waits now, for one recipient domain or all", Args: cobra.MaximumNArgs(1),
		Example: `  myodai queue retry example.net
  myodai queue retry --message msg_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				which.Domain = args[0]
			}
			done, err := ask[api.Retried](cmd.Context(), cl, http.MethodPost, "/v1/queue/retry", which)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(done)
			}
			c.say("Deliveries to be attempted now: %d", done.Deliveries)
			return nil
		},
	}
	addSelection(cmd, &which)
	return cmd
}
