package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) queueSites() *cobra.Command {
	return &cobra.Command{
		Use: "sites", Short: "Show the sites that are mailed now, what they allow, and what holds them back (operator)", Args: cobra.NoArgs,
		Long: `Show the sites that are mailed now: how many connections and what rate each is given, how
many deliveries wait for it here, and for how many scheduled queues there was no room;
whether it is paused, until when, and why, in its own words. With the operator's key.`,
		Example: `  myodai queue sites`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			list, err := ask[api.SiteList](cmd.Context(), cl, http.MethodGet, "/v1/queue/sites", nil)
			if err != nil {
				return err
			}
			return writeList(c, list.Items, false, "No site is mailed now, and none is held back.",
				[]string{"SITE", "ROUTE", "SOURCE", "CONNECTIONS", "RATE", "WAITING", "QUEUES", "PAUSED UNTIL", "WHY"},
				func(s api.SiteState) []string {
					paused := ""
					if s.PausedUntil != nil {
						paused = when(*s.PausedUntil)
					}
					return []string{
						s.Site, string(s.Route), s.Source, fmt.Sprintf("%d of %d", s.Running, s.Connections), showRate(s.Rate),
						fmt.Sprint(s.Waiting), fmt.Sprint(s.Behind), paused, s.Why,
					}
				})
		},
	}
}

func (c *cli) queueResume() *cobra.Command {
	return &cobra.Command{
		Use: "resume SITE", Short: "Mail a site again now that is paused or given less (operator)", Args: cobra.ExactArgs(1),
		Long: `Mail a site again now, as if nothing had held us back: its pause ends, and it is given all
that the rules allow. Every node does so within five seconds. SITE is as "myodai queue
sites" shows it.`,
		Example: `  myodai queue resume mx1.example.net,mx2.example.net`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			if _, err := ask[struct{}](cmd.Context(), cl, http.MethodPost, "/v1/queue/sites/resume", api.NewResumption{Site: args[0]}); err != nil {
				return err
			}
			if !c.json {
				c.say("Mail goes to %s again within five seconds.", args[0])
			}
			return nil
		},
	}
}
