package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Short: "List and rotate the DKIM keys of a domain",
		Example: `  myodai key list acme.example
  myodai key rotate acme.example`,
	}
	cmd.AddCommand(
		c.keysOf("list", http.MethodGet, "/keys", "List the DKIM keys of a domain"),
		c.keysOf("rotate", http.MethodPost, "/keys/rotate", "Put the standby keys of a domain into service"))
	return cmd
}

// keysOf is a command on a domain that answers with its keys.
func (c *cli) keysOf(verb, method, path, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " DOMAIN", Short: short, Args: cobra.ExactArgs(1), Example: `  myodai key ` + verb + ` acme.example`,
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := aboutDomain[api.Keys](c, cmd, args[0], method, path, nil)
			if err != nil {
				return err
			}
			return writeList(c, keys.Items, false, "There are no keys.", []string{"SELECTOR", "ALGORITHM", "STATE", "CREATED", "ID"},
				func(k api.Key) []string {
					return []string{k.Selector, string(k.Algorithm), string(k.State), when(k.CreatedAt), string(k.ID)}
				})
		},
	}
}
