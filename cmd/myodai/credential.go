package main

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

// segment writes what the user typed as one segment of a path.
func segment(s string) string { return url.PathEscape(s) }

func (c *cli) credentialCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "credential", Short: "Create, list and withdraw API keys and SMTP passwords",
		Example: `  myodai credential add --kind smtp --label shop
  myodai credential revoke crd_…`,
	}
	cmd.AddCommand(c.credentialAdd(), c.credentialList(), c.credentialRevoke(), c.credentialOperator())
	return cmd
}

func addCredentialFlags(cmd *cobra.Command, n *api.NewCredential) {
	cmd.Flags().StringVar(&n.Kind, "kind", "api", "api or smtp")
	cmd.Flags().StringVar(&n.Label, "label", "", "what it is for")
	cmd.Flags().StringVar(&n.Role, "role", "", "what an API key may do: owner, administrator or member (default: administrator)")
	cmd.Flags().StringVar(&n.Class, "class", "", "class of the mail that names none, such as `marketing`")
}

// showSecret writes a credential whose secret cannot be had again.
func (c *cli) showSecret(made api.CreatedCredential) error {
	if c.json {
		return c.writeJSON(made)
	}
	if made.Kind == myodai.CredentialSMTP {
		c.say("User     %s", made.ID)
		c.say("Password %s", made.Secret)
	} else {
		c.say("Credential %s", made.ID)
		c.say("API key    %s", made.Secret)
	}
	c.say("It is shown only now.")
	return nil
}

func (c *cli) credentialAdd() *cobra.Command {
	var n api.NewCredential
	cmd := &cobra.Command{
		Use: "add", Short: "Create a credential", Example: `  myodai credential add --kind smtp --label shop`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			made, err := ask[api.CreatedCredential](cmd.Context(), cl, http.MethodPost, "/v1/credentials", n)
			if err != nil {
				return err
			}
			return c.showSecret(made)
		},
	}
	addCredentialFlags(cmd, &n)
	return cmd
}

func (c *cli) credentialList() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List credentials, without their secrets", Example: `  myodai credential list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			credentials, more, err := list[api.Credential](cmd.Context(), cl, "/v1/credentials", limit)
			if err != nil {
				return err
			}
			return writeList(c, credentials, more, "There are no credentials.", []string{"ID", "KIND", "LABEL", "CREATED", "REVOKED"},
				func(n api.Credential) []string {
					return []string{string(n.ID), string(n.Kind), n.Label, when(n.CreatedAt), when(n.RevokedAt)}
				})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

func (c *cli) credentialRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Withdraw a credential; it stops working within five seconds", Args: cobra.ExactArgs(1),
		Example: `  myodai credential revoke crd_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			n, err := ask[api.Credential](cmd.Context(), cl, http.MethodPost, "/v1/credentials/"+segment(args[0])+"/revoke", nil)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(n)
			}
			c.say("%s is revoked.", n.ID)
			return nil
		},
	}
}

func (c *cli) credentialOperator() *cobra.Command {
	cmd := &cobra.Command{
		Use: "operator", Short: "Make a new operator's key when the first one is lost",
		Long: `Make a new key of the platform operator and write it into the data directory. This
goes to the database itself, so it needs the configuration of the service and works
without it running. Older keys go on working.`,
		Example: `  myodai credential operator --config /etc/myodai.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, _, err := c.openAlone(cmd)
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.newOperatorKey(cmd.Context()); err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(map[string]string{"file": s.path(operatorKeyFile)})
			}
			c.say("The key is in %s.", s.path(operatorKeyFile))
			return nil
		},
	}
	addSettings(cmd)
	return cmd
}
