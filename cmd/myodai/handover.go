package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) domainRequest() *cobra.Command {
	var n api.NewRequest
	var subject, opening, closing, lang string
	cmd := &cobra.Command{
		Use: "request DOMAIN", Short: "Ask a DNS administrator by mail for the records that are still open", Args: cobra.ExactArgs(1),
		Long: `Write the mail that asks whoever manages the DNS for the records that are still
open, in the recipient's language, and show it. With --to it is sent, from the
platform's address in the tenant's name, with a link to a page that needs no login.`,
		Example: `  myodai domain request acme.example --lang ja
  myodai domain request acme.example --to dns@it.example --reply-to aiko@acme.example`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.language(lang)
			if err != nil {
				return err
			}
			if n.To == "" {
				d, err := aboutDomain[api.RequestDraft](c, cmd, args[0], http.MethodGet, "/request?language="+string(in), nil)
				if err != nil {
					return err
				}
				return c.writeDraft(d)
			}
			n.Language = string(in)
			for flag, part := range map[string]struct {
				to   **string
				text *string
			}{"subject": {&n.Subject, &subject}, "opening": {&n.Opening, &opening}, "closing": {&n.Closing, &closing}} {
				if cmd.Flags().Changed(flag) {
					*part.to = part.text
				}
			}
			sent, err := aboutDomain[api.SentRequest](c, cmd, args[0], http.MethodPost, "/request", n)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(sent)
			}
			c.say("The request is on its way to %s. The link in it works until %s.", printable(n.To), when(sent.Link.ExpiresAt))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&n.To, "to", "", "send it to `ADDRESS`")
	flags.StringVar(&n.ReplyTo, "reply-to", "", "`ADDRESS` for answers")
	flags.StringVar(&subject, "subject", "", "another `TEXT` for the subject")
	flags.StringVar(&opening, "opening", "", "another `TEXT` before the records")
	flags.StringVar(&closing, "closing", "", "another `TEXT` behind them")
	addLang(cmd, &lang)
	return cmd
}

// writeDraft writes a request mail before it is sent.
func (c *cli) writeDraft(d api.RequestDraft) error {
	if c.json {
		return c.writeJSON(d)
	}
	c.say("Subject: %s\n\n%s\n", printable(d.Subject), printableLines(d.Opening))
	for _, r := range d.Records {
		c.say("  %s  %s  %s", printable(r.Name), r.Type, printable(r.Value))
	}
	c.say("\n%s", printableLines(d.Closing))
	return nil
}

func (c *cli) domainLink() *cobra.Command {
	cmd := &cobra.Command{
		Use: "link", Short: "Share a domain's records with somebody without a login",
		Long: `Share a domain's records with somebody without a login: the page behind a link
shows them in the form of the domain's DNS host, checks them live, gives them as
files, and lets its reader say what the DNS host cannot do.`,
		Example: `  myodai domain link add acme.example --for "IT department" --hours 72
  myodai domain link list acme.example
  myodai domain link revoke acme.example shl_01…`,
	}
	cmd.AddCommand(c.linkAdd(), c.linkList(), c.linkRevoke())
	return cmd
}

func (c *cli) linkAdd() *cobra.Command {
	var n api.NewShareLink
	lang := ""
	cmd := &cobra.Command{
		Use: "add DOMAIN", Short: "Make a link; its address is shown only now", Args: cobra.ExactArgs(1),
		Example: `  myodai domain link add acme.example --for "IT department" --lang ja`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.language(lang)
			if err != nil {
				return err
			}
			n.Language = string(in)
			l, err := aboutDomain[api.CreatedShareLink](c, cmd, args[0], http.MethodPost, "/links", n)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(l)
			}
			c.say("%s\nIt works until %s. Withdraw it with: myodai domain link revoke %s %s", printable(l.URL), when(l.ExpiresAt), printable(args[0]), l.ID)
			return nil
		},
	}
	cmd.Flags().StringVar(&n.Recipient, "for", "", "`WHOM` it is for, to tell links apart")
	cmd.Flags().IntVar(&n.Hours, "hours", 0, "how long it works (default: 336)")
	addLang(cmd, &lang)
	return cmd
}

func (c *cli) linkList() *cobra.Command {
	return &cobra.Command{
		Use: "list DOMAIN", Short: "List the links to a domain, and when each was opened", Args: cobra.ExactArgs(1),
		Example: `  myodai domain link list acme.example --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := aboutDomain[api.List[api.ShareLink]](c, cmd, args[0], http.MethodGet, "/links", nil)
			if err != nil {
				return err
			}
			return writeList(c, page.Items, page.Next != "", "There are no links.", []string{"ID", "FOR", "STATE", "EXPIRES", "OPENED"}, func(l api.ShareLink) []string {
				state := "works"
				switch {
				case !l.RevokedAt.IsZero():
					state = "revoked"
				case !l.Works:
					state = "expired"
				}
				return []string{string(l.ID), l.Recipient, state, when(l.ExpiresAt), when(l.OpenedAt)}
			})
		},
	}
}

func (c *cli) linkRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke DOMAIN LINK", Short: "Withdraw a link at once", Args: cobra.ExactArgs(2),
		Example: `  myodai domain link revoke acme.example shl_01…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := aboutDomain[struct{}](c, cmd, args[0], http.MethodDelete, "/links/"+args[1], nil); err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(struct{}{})
			}
			c.say("%s is revoked.", printable(args[1]))
			return nil
		},
	}
}

func (c *cli) domainConnect() *cobra.Command {
	var n api.NewConnectLink
	ask := false
	cmd := &cobra.Command{
		Use: "connect DOMAIN", Short: "Have the DNS host enter the open records itself (Domain Connect)", Args: cobra.ExactArgs(1),
		Long: `Show a link to the domain's DNS host. Whoever opens it signs in there, sees what is
to be written, and agrees; then the DNS host enters the open records itself. Not
every DNS host can do that; --ask only says whether this one can.

When it is done: myodai domain check DOMAIN --connected`,
		Example: `  myodai domain connect acme.example --ask
  myodai domain connect acme.example`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if ask {
				o, err := aboutDomain[api.Connect](c, cmd, args[0], http.MethodGet, "/connect", nil)
				if err != nil {
					return err
				}
				if c.json {
					return c.writeJSON(o)
				}
				if !o.Supported {
					return refused("%s", o.Why)
				}
				c.say("%s can enter them, at %s.", printable(o.Host), printable(o.At))
				c.writePlanned(o)
				return nil
			}
			l, err := aboutDomain[api.ConnectLink](c, cmd, args[0], http.MethodPost, "/connect", n)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(l)
			}
			c.say("Open this page at %s, sign in there and agree:\n\n%s\n", printable(l.Host), printable(l.URL))
			c.writePlanned(l.Connect)
			c.say("When it is done: myodai domain check %s --connected", printable(args[0]))
			return nil
		},
	}
	cmd.Flags().BoolVar(&ask, "ask", false, "only say whether the DNS host can")
	cmd.Flags().StringVar(&n.RedirectURI, "redirect", "", "`URL` that the DNS host sends people back to")
	cmd.Flags().StringVar(&n.State, "state", "", "`TEXT` that comes back with them")
	return cmd
}

// writePlanned writes what a DNS host enters, and what it leaves.
func (c *cli) writePlanned(o api.Connect) {
	for _, r := range o.Records {
		c.say("  + %s  %s", printable(r.Name), r.Type)
	}
	for _, r := range o.Left {
		c.say("  by hand: %s  %s", printable(r.Name), r.Type)
	}
}
