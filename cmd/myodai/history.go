package main

import (
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/diagnose"
)

func (c *cli) domainHistory() *cobra.Command {
	limit, at, lang := 0, "", ""
	cmd := &cobra.Command{
		Use: "history DOMAIN", Short: "Show what checks of a domain found, and when", Args: cobra.ExactArgs(1),
		Long: `List the checks of a domain, newest first. The last fifty are kept, and of the older
ones those with which something changed. With --at, show what was known of the
records at a time; with --json, everything that DNS said, too.`,
		Example: `  myodai domain history acme.example
  myodai domain history acme.example --at 2026-11-03
  myodai domain history acme.example --at "2026-11-03 14:05" --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.language(lang)
			if err != nil {
				return err
			}
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			if at != "" {
				until, err := parseTime(at)
				if err != nil {
					return err
				}
				return c.checkAt(cmd, cl, args[0], until, in)
			}
			id, err := domainID(cmd.Context(), cl, args[0])
			if err != nil {
				return err
			}
			checks, more, err := list[api.Check](cmd.Context(), cl, "/v1/domains/"+id+"/checks", limit)
			if err != nil {
				return err
			}
			return writeList(c, checks, more, "The domain has not been checked yet.", []string{"AT", "VERDICT", "CAUSE", "RECORD", "ID"}, historyRow)
		},
	}
	addLimit(cmd, &limit)
	cmd.Flags().StringVar(&at, "at", "", "show what was known at this `TIME`: a date, a date and time of day, or RFC 3339")
	addLang(cmd, &lang)
	return cmd
}

func historyRow(check api.Check) []string {
	cause, record := "", ""
	if len(check.Findings) > 0 {
		cause, record = string(check.Findings[0].Cause), check.Findings[0].Record
	}
	return []string{when(check.At), string(check.Verdict), cause, record, string(check.ID)}
}

// checkAt shows the check that stood at a time.
func (c *cli) checkAt(cmd *cobra.Command, cl *client, name string, at time.Time, lang diagnose.Lang) error {
	id, err := domainID(cmd.Context(), cl, name)
	if err != nil {
		return err
	}
	path := "/v1/domains/" + id + "/checks"
	page, err := ask[api.List[api.Check]](cmd.Context(), cl, http.MethodGet,
		path+"?limit=1&at="+url.QueryEscape(at.UTC().Format(time.RFC3339Nano)), nil)
	if err != nil {
		return err
	}
	if len(page.Items) == 0 {
		return myodai.Refuse(myodai.CodeNotFound, "", "%s had not been checked by then; see myodai domain history", printable(name))
	}
	check, err := ask[api.CheckWithObservation](cmd.Context(), cl, http.MethodGet, path+"/"+string(page.Items[0].ID), nil)
	if err != nil {
		return err
	}
	if c.json {
		return c.writeJSON(check)
	}
	c.say("Checked %s: %s", when(check.At), check.Verdict)
	for _, r := range check.Records {
		c.writeChecked(r, lang)
	}
	if len(check.Findings) > 0 {
		c.writePrimary(check.Findings[0], lang)
	}
	return nil
}

// parseTime reads a time as people write one, in their own time zone. A day means
// its end: all that was known on it.
func parseTime(text string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	for _, layout := range []string{time.DateTime, "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return at, nil
		}
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return day.AddDate(0, 0, 1).Add(-time.Microsecond), nil
	}
	return time.Time{}, usage("--at: %q is not a time; write it as 2006-01-02, 2006-01-02 15:04 or RFC 3339", text)
}
