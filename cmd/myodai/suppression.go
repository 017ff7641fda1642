package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) suppressionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "suppression", Short: "See which addresses are not mailed, add and remove some",
		Example: `  myodai suppression list
  myodai suppression add nobody@example.net`,
	}
	cmd.AddCommand(c.suppressionList(), c.suppressionAdd(), c.suppressionRemove())
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
	return &cobra.Command{
		Use: "add ADDRESS", Short: "Stop mailing an address", Args: cobra.ExactArgs(1), Example: `  myodai suppression add nobody@example.net`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			s, err := ask[api.Suppression](cmd.Context(), cl, http.MethodPost, "/v1/suppressions", api.NewSuppression{Address: args[0]})
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
			c.say("It is suppressed no longer.")
			return nil
		},
	}
}
