package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) tenantCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tenant", Short: "Take on customers, suspend and resume them (platform operator)",
		Example: `  myodai tenant add "Acme"
  myodai tenant suspend ten_…`,
	}
	cmd.AddCommand(c.tenantAdd(), c.tenantList(), c.tenantKey(),
		c.tenantState("suspend", "Shut a tenant out: its keys stop working, its queued mail is held"),
		c.tenantState("resume", "Undo a suspension"))
	return cmd
}

// newTenant is what tenant add writes for programs.
type newTenant struct {
	Tenant     api.Tenant            `json:"tenant"`
	Credential api.CreatedCredential `json:"credential"`
}

func (c *cli) tenantAdd() *cobra.Command {
	return &cobra.Command{
		Use: "add NAME", Short: "Take on a customer and create its first API key", Args: cobra.ExactArgs(1),
		Example: `  export MYODAI_KEY=$(myodai tenant add Acme --json | jq -r .credential.secret)`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			var made newTenant
			made.Tenant, err = ask[api.Tenant](cmd.Context(), cl, http.MethodPost, "/v1/tenants", api.NewTenant{Name: args[0]})
			if err != nil {
				return err
			}
			made.Credential, err = ask[api.CreatedCredential](cmd.Context(), cl, http.MethodPost,
				"/v1/tenants/"+string(made.Tenant.ID)+"/credentials", api.NewCredential{Kind: "api", Label: "first"})
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(made)
			}
			c.say("Tenant  %s  %s", made.Tenant.ID, printable(made.Tenant.Name))
			c.say("API key %s", made.Credential.Secret)
			c.say("The key is shown only now.")
			return nil
		},
	}
}

func (c *cli) tenantList() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List all tenants", Example: `  myodai tenant list --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			tenants, more, err := list[api.Tenant](cmd.Context(), cl, "/v1/tenants", limit)
			if err != nil {
				return err
			}
			return writeList(c, tenants, more, "There are no tenants.", []string{"ID", "NAME", "STATE", "CREATED"}, func(t api.Tenant) []string {
				return []string{string(t.ID), t.Name, string(t.State), when(t.CreatedAt)}
			})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

// addLimit gives a listing the flag that bounds it.
func addLimit(cmd *cobra.Command, limit *int) {
	cmd.Flags().IntVar(limit, "limit", 100, "list at most this many; 0 lists all")
}

func (c *cli) tenantState(verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1), Example: `  myodai tenant ` + verb + ` ten_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			t, err := ask[api.Tenant](cmd.Context(), cl, http.MethodPost, "/v1/tenants/"+segment(args[0])+"/"+verb, nil)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(t)
			}
			c.say("%s is %s.", printable(t.Name), t.State)
			return nil
		},
	}
}

func (c *cli) tenantKey() *cobra.Command {
	var n api.NewCredential
	cmd := &cobra.Command{
		Use: "key ID", Short: "Create another credential for a tenant", Args: cobra.ExactArgs(1),
		Example: `  myodai tenant key ten_… --kind smtp --label shop`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			made, err := ask[api.CreatedCredential](cmd.Context(), cl, http.MethodPost, "/v1/tenants/"+segment(args[0])+"/credentials", n)
			if err != nil {
				return err
			}
			return c.showSecret(made)
		},
	}
	addCredentialFlags(cmd, &n)
	return cmd
}
