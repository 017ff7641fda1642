package main

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) messageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "message", Short: "List messages, and show what became of one",
		Example: `  myodai message list
  myodai message show msg_…`,
	}
	cmd.AddCommand(c.messageList(), c.messageShow())
	return cmd
}

func (c *cli) messageList() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List messages, newest first", Example: `  myodai message list --limit 10`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			messages, more, err := list[api.Message](cmd.Context(), cl, "/v1/messages", limit)
			if err != nil {
				return err
			}
			return writeList(c, messages, more, "There are no messages.", []string{"ID", "ACCEPTED", "FROM", "SIZE", "SUBJECT"},
				func(m api.Message) []string {
					return []string{string(m.ID), when(m.AcceptedAt), m.From, strconv.FormatInt(m.Size, 10), m.Subject}
				})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

func (c *cli) messageShow() *cobra.Command {
	dialogues := false
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show a message, its deliveries and every attempt", Args: cobra.ExactArgs(1),
		Example: `  myodai message show msg_… --dialogue`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			m, err := ask[api.MessageWithAttempts](cmd.Context(), cl, http.MethodGet, "/v1/messages/"+segment(args[0]), nil)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(m)
			}
			c.writeMessage(m, dialogues)
			return nil
		},
	}
	cmd.Flags().BoolVar(&dialogues, "dialogue", false, "also show what both servers said")
	return cmd
}

func (c *cli) writeMessage(m api.MessageWithAttempts, dialogues bool) {
	c.say("%s  %s  %s", m.ID, when(m.AcceptedAt), printable(m.From))
	c.say("%s", printable(m.Subject))
	for _, d := range m.Deliveries {
		c.say("\n%s  %s", printable(d.Recipient), d.State)
		for _, a := range d.Attempts {
			o := a.Outcome
			c.say("  %s  %s  %s %s %s", when(o.At), o.Kind, printable(o.Host), printable(o.Address), printable(o.TLS))
			c.say("    %s", printable(strings.TrimSpace(strings.Join([]string{strconv.Itoa(o.Code), o.Enhanced, o.Text}, " "))))
			if dialogues {
				for line := range strings.Lines(o.Dialogue) {
					c.say("      %s", printable(strings.TrimRight(line, "\r\n")))
				}
			}
		}
	}
}
