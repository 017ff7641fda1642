package main

import (
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) senderCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sender", Short: "Register the addresses that mail is sent from, and confirm them",
		Example: `  myodai sender add sales sales@acme.example --name Acme
  myodai sender list
  myodai sender confirm TOKEN`,
	}
	cmd.AddCommand(c.senderAdd(), c.senderList(), c.senderShow(), c.senderChange(), c.senderAsk(), c.senderConfirm(), c.senderDelete(), c.senderOutlook())
	return cmd
}

func (c *cli) senderAdd() *cobra.Command {
	var n api.NewSender
	cmd := &cobra.Command{
		Use: "add LABEL ADDRESS", Short: "Register a sender address", Args: cobra.ExactArgs(2),
		Long: `Register a sender address under a label of half-width letters and digits. Where policy
wants it, a mail goes to the address and asks to confirm it; who opens its link types the
code that is shown here.`,
		Example: `  myodai sender add sales sales@acme.example --name Acme --reply-to help@acme.example`,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Label, n.Address = args[0], args[1]
			return c.sender(cmd, http.MethodPost, "/v1/senders", n)
		},
	}
	cmd.Flags().StringVar(&n.Name, "name", "", "`NAME` shown beside the address")
	cmd.Flags().StringVar(&n.ReplyTo, "reply-to", "", "`ADDRESS` for answers")
	return cmd
}

// sender asks for something about a sender address and shows what became of it.
func (c *cli) sender(cmd *cobra.Command, method, path string, body any) error {
	cl, err := c.client(cmd, tenantsKey)
	if err != nil {
		return err
	}
	s, err := ask[api.Sender](cmd.Context(), cl, method, path, body)
	if err != nil {
		return err
	}
	if c.json {
		return c.writeJSON(s)
	}
	c.say("%s  %s  %s", s.ID, printable(s.Label), printable(s.Address))
	c.say("%s.", strings.Join(senderState(s), "; "))
	c.sayVia(s.Outlook)
	if q := s.Confirmation; q != nil && q.State == "open" {
		c.say("A mail to %s asks to confirm it, until %s. The code for the page behind its link: %s", printable(s.Address), when(q.ExpiresAt), q.Code)
	}
	if s.NotAsked != "" {
		c.say("No mail was sent: %s.", printable(s.NotAsked))
	}
	return nil
}

// senderState says what is proved of a sender address, and what is lacking.
func senderState(s api.Sender) []string {
	if s.Verified && s.Outlook.Refused != "" {
		return []string{"at risk: " + printable(s.Outlook.Refused)}
	}
	if s.Verified {
		return []string{"verified"}
	}
	var lacking []string
	if s.Outlook.NeedsDomain {
		lacking = append(lacking, "its domain is to be verified")
	}
	if s.Outlook.NeedsConfirm && s.ConfirmedAt.IsZero() {
		lacking = append(lacking, "it is to be confirmed by mail")
	}
	switch {
	case s.Outlook.Refused != "":
		lacking = append(lacking, printable(s.Outlook.Refused))
	case !s.RefusedAt.IsZero():
		lacking = append(lacking, "its domain asked receivers by DMARC to turn its mail away; it is looked at again within the hour")
	}
	return lacking
}

// sayVia says openly what mail from an address will look like, and where answers
// will not arrive.
func (c *cli) sayVia(o api.Outlook) {
	if o.Via != "" {
		c.say("Mailboxes may show \"via %s\" beside it, and mobile carriers may take less of such mail; with its domain verified they do not.", o.Via)
		if o.DMARC == "unknown" {
			c.say("Whether its domain asks receivers to refuse such mail (DMARC) could not be looked up now.")
		}
	}
	if o.Receives == "no" {
		c.say("Its domain takes no mail, so answers and bounces will not be read. An address that can receive is better.")
	}
}

func (c *cli) senderList() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List sender addresses", Example: `  myodai sender list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			senders, more, err := list[api.Sender](cmd.Context(), cl, "/v1/senders", limit)
			if err != nil {
				return err
			}
			return writeList(c, senders, more, "There are no sender addresses.", []string{"ID", "LABEL", "ADDRESS", "STATE"}, func(s api.Sender) []string {
				return []string{string(s.ID), s.Label, s.Address, strings.Join(senderState(s), "; ")}
			})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

func (c *cli) senderShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a sender address", Args: cobra.ExactArgs(1), Example: `  myodai sender show snd_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.sender(cmd, http.MethodGet, "/v1/senders/"+segment(args[0]), nil)
		},
	}
}

func (c *cli) senderChange() *cobra.Command {
	var label, address, name, replyTo string
	cmd := &cobra.Command{
		Use: "change ID", Short: "Change a sender address; another address has to be confirmed again", Args: cobra.ExactArgs(1),
		Example: `  myodai sender change snd_… --address info@acme.example`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var n api.SenderChange
			for flag, field := range map[string]struct {
				value *string
				to    **string
			}{"label": {&label, &n.Label}, "address": {&address, &n.Address}, "name": {&name, &n.Name}, "reply-to": {&replyTo, &n.ReplyTo}} {
				if cmd.Flags().Changed(flag) {
					*field.to = field.value
				}
			}
			return c.sender(cmd, http.MethodPatch, "/v1/senders/"+segment(args[0]), n)
		},
	}
	cmd.Flags().StringVar(&label, "label", "", "what lists call it")
	cmd.Flags().StringVar(&address, "address", "", "the new `ADDRESS`")
	cmd.Flags().StringVar(&name, "name", "", "`NAME` shown beside the address")
	cmd.Flags().StringVar(&replyTo, "reply-to", "", "`ADDRESS` for answers")
	return cmd
}

func (c *cli) senderAsk() *cobra.Command {
	return &cobra.Command{
		Use: "ask ID", Short: "Send the mail that asks to confirm it again", Args: cobra.ExactArgs(1), Example: `  myodai sender ask snd_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.sender(cmd, http.MethodPost, "/v1/senders/"+segment(args[0])+"/ask", nil)
		},
	}
}

func (c *cli) senderConfirm() *cobra.Command {
	var n api.NewAnswer
	cmd := &cobra.Command{
		Use: "confirm TOKEN", Short: "Confirm an address with the last part of the link in the mail", Args: cobra.ExactArgs(1),
		Example: `  myodai sender confirm 4q2r…
  myodai sender confirm 4q2r… --deny`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			n.Token = args[0]
			done, err := ask[api.Answered](cmd.Context(), cl, http.MethodPost, "/v1/confirmations", n)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(done)
			}
			c.say("%s is %s.", printable(done.Address), done.State)
			return nil
		},
	}
	cmd.Flags().BoolVar(&n.Deny, "deny", false, "this was not me: the address is not asked again for 30 days")
	return cmd
}

func (c *cli) senderDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "Delete a sender address", Args: cobra.ExactArgs(1), Example: `  myodai sender delete snd_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			if _, err := ask[struct{}](cmd.Context(), cl, http.MethodDelete, "/v1/senders/"+segment(args[0]), nil); err != nil {
				return err
			}
			if !c.json {
				c.say("It is deleted.")
			}
			return nil
		},
	}
}

func (c *cli) senderOutlook() *cobra.Command {
	return &cobra.Command{
		Use: "outlook ADDRESS", Short: "Say what is to be expected of an address before it is registered", Args: cobra.ExactArgs(1),
		Example: `  myodai sender outlook sales@acme.example`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			o, err := ask[api.Outlook](cmd.Context(), cl, http.MethodPost, "/v1/outlook", api.NewOutlook{Address: args[0]})
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(o)
			}
			if o.Refused != "" {
				c.say("It cannot be a sender: %s.", printable(o.Refused))
				return nil
			}
			c.say("It needs %s.", needs(o))
			c.sayVia(o)
			return nil
		},
	}
}

// needs says what has to be proved of an address.
func needs(o api.Outlook) string {
	switch {
	case o.NeedsDomain && o.NeedsConfirm:
		return "its domain verified, and to be confirmed by mail"
	case o.NeedsDomain:
		return "its domain verified"
	case o.NeedsConfirm:
		return "to be confirmed by mail"
	}
	return "nothing more"
}
