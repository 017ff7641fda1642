package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) memberCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "member", Short: "Invite people who sign in to the pages, say what they may do, take them away",
		Long: `Members sign in to the pages; programs have keys instead (myodai credential). Roles
of a tenant are owner, administrator and member: a member looks at mail and its
recipients, an administrator also sets up domains, keys and members, an owner also
says how everybody signs in. With --operator it is about the people who run the
platform, with --tenant about those of a tenant; both need the operator's key.`,
		Example: `  myodai member invite aiko@acme.example --role owner --tenant ten_…
  myodai member list
  myodai member role mem_… administrator`,
	}
	cmd.AddCommand(c.memberInvite(), c.memberInvitations(), c.memberWithdraw(), c.memberList(), c.memberRole(), c.memberRemove(),
		c.memberReset(), c.memberSignOut())
	return cmd
}

// group is whose members a command is about.
type group struct {
	operator bool
	tenant   string
}

func (g *group) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&g.operator, "operator", false, "the people who run the platform")
	cmd.Flags().StringVar(&g.tenant, "tenant", "", "the members of this tenant, by its `ID`")
	cmd.MarkFlagsMutuallyExclusive("operator", "tenant")
}

// client makes a client with the key that fits, and says where the group's
// members and invitations are.
func (g *group) client(c *cli, cmd *cobra.Command) (cl *client, members, invitations string, err error) {
	key := tenantsKey
	members, invitations = "/v1/members", "/v1/invitations"
	switch {
	case g.operator:
		key, members, invitations = operatorsKey, "/v1/operators", "/v1/operators"
	case g.tenant != "":
		key, members = operatorsKey, "/v1/tenants/"+segment(g.tenant)+"/members"
		invitations = "/v1/tenants/" + segment(g.tenant) + "/invitations"
	}
	cl, err = c.client(cmd, key)
	return cl, members, invitations, err
}

func (c *cli) memberInvite() *cobra.Command {
	var g group
	n := api.NewInvitation{}
	cmd := &cobra.Command{
		Use: "invite ADDRESS", Short: "Invite somebody by mail", Args: cobra.ExactArgs(1),
		Example: `  myodai member invite aiko@acme.example --role administrator --language ja`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, _, path, err := g.client(c, cmd)
			if err != nil {
				return err
			}
			n.Email = args[0]
			var body any = n
			if g.operator {
				body = api.NewOperator{Email: n.Email, Language: n.Language}
			}
			i, err := ask[api.Invitation](cmd.Context(), cl, http.MethodPost, path, body)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(i)
			}
			c.say("The invitation %s is on its way to %s. It works until %s.", i.ID, printable(i.Email), when(i.ExpiresAt))
			return nil
		},
	}
	g.flags(cmd)
	cmd.Flags().StringVar(&n.Role, "role", "member", "owner, administrator or member")
	cmd.Flags().StringVar(&n.Language, "language", "en", "of the mail: en or ja")
	return cmd
}

func (c *cli) memberInvitations() *cobra.Command {
	return &cobra.Command{
		Use: "invitations", Short: "List invitations that are open", Example: `  myodai member invitations`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			open, err := ask[api.List[api.Invitation]](cmd.Context(), cl, http.MethodGet, "/v1/invitations", nil)
			if err != nil {
				return err
			}
			return writeList(c, open.Items, false, "There are no open invitations.", []string{"ID", "ADDRESS", "ROLE", "UNTIL", "BY"},
				func(i api.Invitation) []string {
					return []string{string(i.ID), i.Email, string(i.Role), when(i.ExpiresAt), i.By}
				})
		},
	}
}

func (c *cli) memberWithdraw() *cobra.Command {
	return &cobra.Command{
		Use: "withdraw ID", Short: "Make an invitation worthless", Args: cobra.ExactArgs(1), Example: `  myodai member withdraw tck_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			return c.doneWith(cmd, cl, http.MethodDelete, "/v1/invitations/"+segment(args[0]), "The invitation is withdrawn.")
		},
	}
}

// doneWith asks for something that has no answer, and says so.
func (c *cli) doneWith(cmd *cobra.Command, cl *client, method, path, said string) error {
	if _, err := ask[struct{}](cmd.Context(), cl, method, path, nil); err != nil {
		return err
	}
	if c.json {
		return c.writeJSON(struct{}{})
	}
	c.say("%s", said)
	return nil
}

func (c *cli) memberList() *cobra.Command {
	var g group
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List members", Example: `  myodai member list --operator`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, path, _, err := g.client(c, cmd)
			if err != nil {
				return err
			}
			members, more, err := list[api.Member](cmd.Context(), cl, path, limit)
			if err != nil {
				return err
			}
			return writeList(c, members, more, "There are no members.", []string{"ID", "ADDRESS", "ROLE", "SECOND FACTOR", "SINCE", "NAME"},
				func(m api.Member) []string {
					second := "no"
					if m.SecondFactor {
						second = "yes"
					}
					return []string{string(m.ID), m.Email, string(m.Role), second, when(m.CreatedAt), m.Name}
				})
		},
	}
	g.flags(cmd)
	addLimit(cmd, &limit)
	return cmd
}

func (c *cli) memberRole() *cobra.Command {
	return &cobra.Command{
		Use: "role ID ROLE", Short: "Give a member another role; they have to sign in again", Args: cobra.ExactArgs(2),
		Example: `  myodai member role mem_… administrator`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			m, err := ask[api.Member](cmd.Context(), cl, http.MethodPatch, "/v1/members/"+segment(args[0]), api.MemberChange{Role: args[1]})
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(m)
			}
			c.say("%s is %s.", printable(m.Email), m.Role)
			return nil
		},
	}
}

// person is where a member is, or a platform operator.
func person(operator bool, id string) (path string, key whose) {
	if operator {
		return "/v1/operators/" + segment(id), operatorsKey
	}
	return "/v1/members/" + segment(id), tenantsKey
}

func (c *cli) memberRemove() *cobra.Command {
	operator := false
	cmd := &cobra.Command{
		Use: "remove ID", Short: "Take somebody away; they are signed out at once", Args: cobra.ExactArgs(1), Example: `  myodai member remove mem_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, key := person(operator, args[0])
			cl, err := c.client(cmd, key)
			if err != nil {
				return err
			}
			return c.doneWith(cmd, cl, http.MethodDelete, path, "They are removed.")
		},
	}
	cmd.Flags().BoolVar(&operator, "operator", false, "one of the people who run the platform")
	return cmd
}

func (c *cli) memberReset() *cobra.Command {
	operator := false
	cmd := &cobra.Command{
		Use: "reset ID", Short: "Help somebody who has lost what they sign in with", Args: cobra.ExactArgs(1),
		Long: `Take password, passkeys and authenticator app from somebody, sign them out, and
mail them a link to set a new password. Who runs this learns nothing of it.`,
		Example: `  myodai member reset mem_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, key := person(operator, args[0])
			cl, err := c.client(cmd, key)
			if err != nil {
				return err
			}
			m, err := ask[api.Member](cmd.Context(), cl, http.MethodPost, path+"/reset", nil)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(m)
			}
			c.say("A link to set a new password is on its way to %s.", printable(m.Email))
			return nil
		},
	}
	cmd.Flags().BoolVar(&operator, "operator", false, "one of the people who run the platform")
	return cmd
}

func (c *cli) memberSignOut() *cobra.Command {
	return &cobra.Command{
		Use: "sign-out ID", Short: "Sign a member out everywhere", Args: cobra.ExactArgs(1), Example: `  myodai member sign-out mem_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			return c.doneWith(cmd, cl, http.MethodDelete, "/v1/members/"+segment(args[0])+"/sessions", "They are signed out everywhere.")
		},
	}
}
