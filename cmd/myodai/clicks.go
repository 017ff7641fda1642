package main

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) clicksCommand() *cobra.Command {
	days, hours, visits := 30, false, false
	cmd := &cobra.Command{
		Use: "clicks [MESSAGE]", Short: "See who follows the links of your mail", Args: cobra.MaximumNArgs(1),
		Long: `Sum up clicks and opens, of one message or of all of the last days. People are
counted apart from machines, which are scanners, previews and prefetches. Opens
are worth less than clicks: programs load pictures, too, and Apple's do so whether
or not somebody reads the mail; those are counted as unknown.`,
		Example: `  myodai clicks
  myodai clicks --days 7 --hours
  myodai clicks msg_… --visits`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			path := "/v1/clicks?days=" + strconv.Itoa(days)
			if len(args) == 1 {
				path = "/v1/messages/" + segment(args[0]) + "/clicks"
			}
			if visits {
				if len(args) == 0 {
					return usage("--visits: say of which message")
				}
				return c.visitList(cmd, cl, args[0])
			}
			stats, err := ask[api.VisitStats](cmd.Context(), cl, http.MethodGet, path, nil)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(stats)
			}
			return c.writeStats(stats, hours)
		},
	}
	cmd.Flags().IntVar(&days, "days", days, "how many days back")
	cmd.Flags().BoolVar(&hours, "hours", false, "by hour instead of by link")
	cmd.Flags().BoolVar(&visits, "visits", false, "each click and open of the message")
	return cmd
}

func (c *cli) visitList(cmd *cobra.Command, cl *client, message string) error {
	visits, _, err := list[api.Visit](cmd.Context(), cl, "/v1/messages/"+segment(message)+"/visits", 0)
	if err != nil {
		return err
	}
	return writeList(c, visits, false, "Nobody has followed a link of it yet.", []string{"AT", "WHAT", "BY", "REASON", "LINK", "AGENT"},
		func(v api.Visit) []string {
			return []string{when(v.At), string(v.Kind), string(v.By), string(v.Reason), v.URL, v.Agent}
		})
}

func (c *cli) writeStats(s api.VisitStats, hours bool) error {
	c.say("Clicks: %s", countsOf(s.Clicks))
	c.say("Opens:  %s", countsOf(s.Opens))
	c.say("")
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	var rows [][]string
	if hours {
		for _, h := range s.Hours {
			rows = append(rows, []string{when(h.Hour), number(h.Clicks.People), number(h.Clicks.Machines), number(h.Opens.People), number(h.Opens.Unknown)})
		}
		return c.table("Nothing happened.", []string{"HOUR", "CLICKS", "BY MACHINES", "OPENS", "UNKNOWN"}, rows)
	}
	for _, l := range s.Links {
		rows = append(rows, []string{number(l.Clicks.People), number(l.Clicks.Unique), number(l.Clicks.Machines), l.URL})
	}
	return c.table("Nobody has followed a link yet.", []string{"CLICKS", "UNIQUE", "BY MACHINES", "LINK"}, rows)
}

func countsOf(v api.Visits) string {
	return fmt.Sprintf("%d by people (%d unique), %d unknown, %d by machines", v.People, v.Unique, v.Unknown, v.Machines)
}
