package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

func (c *cli) webhookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "webhook", Short: "Be told of events over HTTPS",
		Long: `Register addresses that are told of events, by Standard Webhooks: a signed POST that is
repeated for 72 hours until it is answered with 2xx.`,
		Example: `  myodai webhook add https://example.com/hooks --kind message.bounced --kind domain.at_risk
  myodai webhook test whk_…
  myodai webhook replay whk_… --since 24h`,
	}
	cmd.AddCommand(c.webhookList(), c.webhookAdd(), c.webhookRotate(),
		c.webhookState("enable", "Tell a webhook of events again", myodai.WebhookEnabled),
		c.webhookState("disable", "Stop telling a webhook of events", myodai.WebhookDisabled),
		c.webhookRemove(), c.webhookLog(), c.webhookTest(), c.webhookReplay())
	return cmd
}

const webhooksPath = "/v1/webhooks"

func (c *cli) webhookList() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List webhooks", Args: cobra.NoArgs, Example: `  myodai webhook list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			entries, more, err := list[api.Webhook](cmd.Context(), cl, webhooksPath, limit)
			if err != nil {
				return err
			}
			return writeList(c, entries, more, "There is no webhook. Add one with: myodai webhook add URL",
				[]string{"ID", "STATE", "URL", "KINDS", "FAILING SINCE", "REASON"},
				func(w api.Webhook) []string {
					return []string{string(w.ID), string(w.State), w.URL, kindList(w.Kinds), when(w.FailingAt), w.Reason}
				})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

// kindList is a list of kinds for people.
func kindList(kinds []myodai.EventKind) string {
	if len(kinds) == 0 {
		return "all"
	}
	texts := make([]string, len(kinds))
	for i, k := range kinds {
		texts[i] = string(k)
	}
	return strings.Join(texts, " ")
}

func (c *cli) webhookAdd() *cobra.Command {
	var kinds []string
	cmd := &cobra.Command{
		Use: "add URL", Short: "Register an address", Args: cobra.ExactArgs(1),
		Example: `  myodai webhook add https://example.com/hooks --kind message.bounced`,
		RunE: func(cmd *cobra.Command, args []string) error {
			body := api.NewWebhook{URL: args[0]}
			for _, k := range kinds {
				body.Kinds = append(body.Kinds, myodai.EventKind(k))
			}
			return askAndSay(c, cmd, http.MethodPost, webhooksPath, body, func(w api.Webhook) {
				c.say("%s is told of events. Its secret, which signs each of them:\n\n  %s", w.ID, w.Secrets[0].Secret)
			})
		},
	}
	cmd.Flags().StringSliceVar(&kinds, "kind", nil, "`KIND` of events to tell of, more than once for several (default: all)")
	return cmd
}

// askAndSay asks the API and writes the answer: as JSON, or as said.
func askAndSay[T any](c *cli, cmd *cobra.Command, method, path string, body any, said func(T)) error {
	cl, err := c.client(cmd, tenantsKey)
	if err != nil {
		return err
	}
	answer, err := ask[T](cmd.Context(), cl, method, path, body)
	if err != nil {
		return err
	}
	if c.json {
		return c.writeJSON(answer)
	}
	said(answer)
	return nil
}

func webhookPath(id string) string { return webhooksPath + "/" + segment(id) }

func (c *cli) webhookRotate() *cobra.Command {
	return &cobra.Command{
		Use: "rotate ID", Short: "Make a new secret; the present one signs on for 24 hours", Args: cobra.ExactArgs(1),
		Example: `  myodai webhook rotate whk_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return askAndSay(c, cmd, http.MethodPatch, webhookPath(args[0]), api.WebhookChange{Rotate: true}, func(w api.Webhook) {
				c.say("The new secret: %s\nThe former one signs beside it until %s.", w.Secrets[0].Secret, when(w.Secrets[1].Until))
			})
		},
	}
}

func (c *cli) webhookState(verb, short string, state myodai.WebhookState) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1), Example: `  myodai webhook ` + verb + ` whk_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return askAndSay(c, cmd, http.MethodPatch, webhookPath(args[0]), api.WebhookChange{State: &state}, func(w api.Webhook) {
				c.say("%s is %s.", w.ID, w.State)
			})
		},
	}
}

func (c *cli) webhookRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Remove a webhook with what it was told", Args: cobra.ExactArgs(1), Example: `  myodai webhook remove whk_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return askAndSay(c, cmd, http.MethodDelete, webhookPath(args[0]), nil, func(struct{}) { c.say("It is removed.") })
		},
	}
}

func (c *cli) webhookLog() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "log ID", Short: "List what a webhook was told and how it answered, newest first", Args: cobra.ExactArgs(1),
		Example: `  myodai webhook log whk_… --limit 20`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			entries, more, err := list[api.Notification](cmd.Context(), cl, webhookPath(args[0])+"/notifications", limit)
			if err != nil {
				return err
			}
			return writeList(c, entries, more, "It was told nothing yet.", []string{"AT", "KIND", "STATE", "ATTEMPTS", "NEXT", "ANSWER", "EVENT"},
				func(n api.Notification) []string {
					return []string{when(n.Event.At), string(n.Event.Kind), string(n.State), strconv.Itoa(n.Attempts), when(n.DueAt), reply(n.Last), string(n.Event.ID)}
				})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

// reply says in one cell how a webhook answered.
func reply(r *api.WebhookResponse) string {
	switch {
	case r == nil:
		return ""
	case r.Status == 0:
		return r.Text
	}
	return strconv.Itoa(r.Status)
}

func (c *cli) webhookTest() *cobra.Command {
	return &cobra.Command{
		Use: "test ID", Short: "Send an event of kind webhook.test and see how it is answered", Args: cobra.ExactArgs(1),
		Long: `Send an event of kind webhook.test, once, and show the answer. The exit status is 1 when
the answer is not 2xx.`, Example: `  myodai webhook test whk_…`,
		RunE: func(cmd *cobra.Command, args []string) error {
			answer := api.WebhookResponse{}
			err := askAndSay(c, cmd, http.MethodPost, webhookPath(args[0])+"/test", nil, func(r api.WebhookResponse) {
				answer = r
				c.say("%s, after %d ms", reply(&r), r.TookMS)
			})
			if err == nil && !c.json && answer.Status/100 != 2 {
				return myodai.Refuse(myodai.CodeConflict, "", "the webhook did not take the event")
			}
			return err
		},
	}
}

func (c *cli) webhookReplay() *cobra.Command {
	since := 24 * time.Hour
	cmd := &cobra.Command{
		Use: "replay ID", Short: "Tell a webhook again of what happened lately", Args: cobra.ExactArgs(1),
		Example: `  myodai webhook replay whk_… --since 72h`,
		RunE: func(cmd *cobra.Command, args []string) error {
			body := api.WebhookReplay{Since: time.Now().Add(-since)}
			return askAndSay(c, cmd, http.MethodPost, webhookPath(args[0])+"/replay", body, func(r api.WebhookReplayed) {
				c.say("%d notifications are due again.", r.Notifications)
			})
		},
	}
	cmd.Flags().DurationVar(&since, "since", since, "how far back, such as 90m or 72h")
	return cmd
}
