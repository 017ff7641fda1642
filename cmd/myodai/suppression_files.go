package main

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) suppressionShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show an entry, and what it rests on", Args: cobra.ExactArgs(1), Example: `  myodai suppression show sup_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			s, err := ask[api.Suppression](cmd.Context(), cl, http.MethodGet, "/v1/suppressions/"+segment(args[0]), nil)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(s)
			}
			c.say("%s is %s.", printable(s.Address), printable(s.Because))
			for _, fact := range []struct{ name, value string }{
				{"class", string(s.Class)}, {"message", string(s.MessageID)}, {"returned mail", string(s.ReturnedID)}, {"batch", string(s.BatchID)},
				{"until", when(s.ExpiresAt)}, {"next probe from", when(s.ProbeAt)}, {"taken off", when(s.RemovedAt)}, {"by", s.Removed},
			} {
				if fact.value != "" {
					c.say("%s: %s", fact.name, printable(fact.value))
				}
			}
			return nil
		},
	}
}

func (c *cli) suppressionUndo() *cobra.Command {
	return &cobra.Command{
		Use: "undo ID", Short: "Put an entry back that was removed, or take back an import", Args: cobra.ExactArgs(1),
		Example: `  myodai suppression undo sup_…
  myodai suppression undo bat_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			if len(args[0]) > 4 && args[0][:4] == "bat_" {
				u, err := ask[api.UndoneBatch](cmd.Context(), cl, http.MethodDelete, "/v1/suppression-imports/"+segment(args[0]), nil)
				if err != nil {
					return err
				}
				if c.json {
					return c.writeJSON(u)
				}
				c.say("%d entries are off the list again.", u.Removed)
				return nil
			}
			s, err := ask[api.Suppression](cmd.Context(), cl, http.MethodPost, "/v1/suppressions/"+segment(args[0])+"/undo", nil)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(s)
			}
			c.say("%s is suppressed again.", printable(s.Address))
			return nil
		},
	}
}

func (c *cli) suppressionImport() *cobra.Command {
	class, preview := "", false
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Enter a list of addresses that are not to be mailed", Args: cobra.ExactArgs(1),
		Long: `Enter a list of addresses that are not to be mailed: CSV with a column of addresses and,
where they are wanted, columns named reason, class, expires and evidence. Lines that
cannot be read are told and left out.`,
		Example: `  myodai suppression import unsubscribed.csv --class marketing --preview`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			query := url.Values{}
			if class != "" {
				query.Set("class", class)
			}
			if preview {
				query.Set("preview", "true")
			}
			i, err := upload[api.SuppressionImport](cmd.Context(), cl, "/v1/suppression-imports?"+query.Encode(), args)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(i)
			}
			for _, e := range i.Errors {
				c.say("%s:%d: %s", printable(e.File), e.Line, printable(e.Detail))
			}
			if i.Preview {
				c.say("%d of %d lines would be entered, %d cannot be read.", i.Added, i.Lines, i.Wrong)
				return nil
			}
			c.say("%d of %d lines are entered, %d were on the list, %d cannot be read. Take that back with: myodai suppression undo %s",
				i.Added, i.Lines, i.Known, i.Wrong, i.BatchID)
			return nil
		},
	}
	cmd.Flags().StringVar(&class, "class", "", "only mail of this `CLASS`, for lines that name none (default: all)")
	cmd.Flags().BoolVar(&preview, "preview", false, "only say what would become of it")
	return cmd
}

func (c *cli) suppressionExport() *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Write the suppression list as CSV", Example: `  myodai suppression export > suppressions.csv`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			return cl.fetch(cmd.Context(), "/v1/suppression-export", c.out)
		},
	}
}
