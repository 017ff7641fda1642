package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/diagnose"
)

// checkPause is how long domain check waits between looks; the service allows
// one in ten seconds.
const checkPause = 10 * time.Second

func (c *cli) domainCheck() *cobra.Command {
	var patience time.Duration
	lang := ""
	cmd := &cobra.Command{
		Use: "check DOMAIN", Short: "Ask DNS about a domain until it is verified", Args: cobra.ExactArgs(1),
		Long: `Ask the domain's own name servers for its records, show what they say, the one thing
to mend first and how, and ask again until all required records are there. The
service goes on looking when this ends.`,
		Example: `  myodai domain check acme.example
  myodai domain check acme.example --lang ja
  myodai domain check acme.example --wait 0    # look once`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.language(lang)
			if err != nil {
				return err
			}
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			id, err := domainID(cmd.Context(), cl, args[0])
			if err != nil {
				return err
			}
			w := watch{cli: c, lang: in, shown: map[string]myodai.RecordStatus{}}
			return w.until(cmd.Context(), cl, id, args[0], time.Now().Add(patience))
		},
	}
	cmd.Flags().DurationVar(&patience, "wait", time.Hour, "how long to go on asking; 0 asks once")
	addLang(cmd, &lang)
	return cmd
}

// addLang gives a command the flag for the language of its texts.
func addLang(cmd *cobra.Command, lang *string) {
	cmd.Flags().StringVar(lang, "lang", "", "language of the texts, en or ja (default: that of LANG)")
}

// watch is what was shown of a domain, so that only news are told.
type watch struct {
	*cli
	lang  diagnose.Lang
	shown map[string]myodai.RecordStatus
	told  string // of the finding to mend first
}

// until checks until the domain is verified and everything is there, or the
// deadline has passed.
func (c *watch) until(ctx context.Context, cl *client, id, name string, deadline time.Time) error {
	for {
		result, err := checkOnce(ctx, cl, id)
		if err != nil {
			return err
		}
		missing := c.progress(result)
		done := result.Verdict == myodai.VerdictProved && result.State == myodai.DomainVerified
		last := done || time.Now().Add(checkPause).After(deadline)
		switch {
		case last && c.json:
			if err := c.writeJSON(result); err != nil {
				return err
			}
		case done:
			c.say("%s is verified.", printable(name))
		}
		if done {
			return nil
		}
		if last {
			return refused("%s is %s: %d of its required records are not as planned, or could not be found out",
				printable(name), result.State, missing)
		}
		if !c.json {
			c.say("Looking again in %s; the service goes on looking if you stop this.", checkPause)
		}
		if err := wait(ctx, checkPause); err != nil {
			return err
		}
	}
}

// checkOnce asks for one check, and waits for its turn when that is too often.
func checkOnce(ctx context.Context, cl *client, id string) (api.CheckResult, error) {
	for {
		result, err := ask[api.CheckResult](ctx, cl, http.MethodPost, "/v1/domains/"+id+"/check", nil)
		limit, ok := errors.AsType[*answeredError](err)
		if !ok || limit.problem.Status != http.StatusTooManyRequests {
			return result, err
		}
		if err := wait(ctx, max(limit.after, time.Second)); err != nil {
			return result, err
		}
	}
}

// progress writes what is new since the last look and counts the required
// records that are not as planned.
func (c *watch) progress(result api.CheckResult) (missing int) {
	for _, r := range result.Records {
		if r.Required && r.Status != myodai.StatusAsPlanned {
			missing++
		}
		key := r.Name + " " + string(r.Type)
		if c.json || c.shown[key] == r.Status {
			continue
		}
		c.shown[key] = r.Status
		c.writeChecked(r, c.lang)
	}
	if c.json {
		return missing
	}
	told := ""
	if len(result.Findings) > 0 {
		f := result.Findings[0] // the primary one
		if told = string(f.Cause) + " " + f.Record + " " + f.Found; told != c.told {
			c.writePrimary(f, c.lang)
		}
	}
	c.told = told
	return missing
}

// writeChecked writes what a check found of one record. Reasons are English.
func (c *cli) writeChecked(r api.CheckedRecord, lang diagnose.Lang) {
	c.say("%-10s  %-5s %s", r.Status, r.Type, printable(r.Name))
	if r.Status == myodai.StatusAsPlanned {
		return
	}
	if lang == diagnose.English {
		c.say("            %s", printable(r.Reason))
	}
	for _, found := range r.Found {
		c.say("            found: %s", printable(found))
	}
}

// writePrimary writes the finding to mend first.
func (c *cli) writePrimary(f api.Finding, lang diagnose.Lang) {
	words := reportWords[lang]
	in := func(t api.Texts) string {
		if lang == diagnose.Japanese {
			return t.Japanese
		}
		return t.English
	}
	c.say("\n[%s] %s", severityMarks[lang][f.Severity], printable(in(f.Title)))
	c.say("  %s", printable(in(f.Message)))
	if f.Diff != "" {
		c.say("\n    %s", printable(f.Diff))
	}
	c.say("\n  %s", words["steps"])
	n := 0
	for step := range strings.Lines(in(f.Fix)) {
		n++
		c.say("  %d) %s", n, printable(strings.TrimSpace(step)))
	}
	if !f.VisibleAt.IsZero() {
		c.say("  "+words["until"], f.VisibleAt.Local().Format("15:04"))
	}
	if f.Page != "" {
		c.say("  "+words["page"], f.Page)
	}
	c.say("")
}
