package main

import (
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) suppressionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "suppression", Short: "See which addresses are not mailed, add and remove some",
		Example: `  myodai suppression list
  myodai suppression add nobody@example.net
  myodai suppression import unsubscribed.csv --preview`,
	}
	cmd.AddCommand(c.suppressionList(), c.suppressionShow(), c.suppressionAdd(), c.suppressionRemove(), c.suppressionUndo(),
		c.suppressionImport(), c.suppressionExport())
	return cmd
}

func (c *cli) suppressionList() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List the addresses that are not mailed, and why", Example: `  myodai suppression list --limit 0`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			entries, more, err := list[api.Suppression](cmd.Context(), cl, "/v1/suppressions", limit)
			if err != nil {
				return err
			}
			return writeList(c, entries, more, "No address is suppressed.", []string{"ADDRESS", "REASON", "SINCE", "ID", "EVIDENCE"},
				func(s api.Suppression) []string {
					return []string{s.Address, string(s.Reason), when(s.CreatedAt), string(s.ID), s.Evidence}
				})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

func (c *cli) suppressionAdd() *cobra.Command {
	entry, days := api.NewSuppression{}, 0
	cmd := &cobra.Command{
		Use: "add ADDRESS", Short: "Stop mailing an address", Args: cobra.ExactArgs(1),
		Example: `  myodai suppression add nobody@example.net
  myodai suppression add taro@example.net --class marketing --days 90 --note "asked by telephone"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			if entry.Address = args[0]; days > 0 {
				entry.ExpiresAt = time.Now().AddDate(0, 0, days)
			}
			s, err := ask[api.Suppression](cmd.Context(), cl, http.MethodPost, "/v1/suppressions", entry)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(s)
			}
			c.say("%s is suppressed, as %s.", printable(s.Address), s.ID)
			return nil
		},
	}
	cmd.Flags().StringVar(&entry.Class, "class", "", "only mail of this `CLASS` (default: all)")
	cmd.Flags().StringVar(&entry.Evidence, "note", "", "why")
	cmd.Flags().IntVar(&days, "days", 0, "for how many days (default: until it is removed)")
	return cmd
}

func (c *cli) suppressionRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Mail an address again", Args: cobra.ExactArgs(1), Example: `  myodai suppression remove sup_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			if _, err := ask[struct{}](cmd.Context(), cl, http.MethodDelete, "/v1/suppressions/"+segment(args[0]), nil); err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(struct{}{})
			}
			c.say("It is suppressed no longer. Take that back with: myodai suppression undo %s", printable(args[0]))
			return nil
		},
	}
}
