package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	var said saidFlags
	lang := ""
	cmd := &cobra.Command{
		Use: "check DOMAIN", Short: "Ask DNS about a domain until it is verified", Args: cobra.ExactArgs(1),
		Long: `Ask the domain's own name servers for its records, show what they say, the one thing
to mend first and how, and ask again until all required records are there. The
service goes on looking when this ends.`,
		Example: `  myodai domain check acme.example
  myodai domain check acme.example --lang ja
  myodai domain check acme.example --entered   # the records have just been entered
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
			if w.said, err = said.read(cmd.Context(), cl, id); err != nil {
				return err
			}
			return w.until(cmd.Context(), cl, id, args[0], time.Now().Add(patience))
		},
	}
	cmd.Flags().DurationVar(&patience, "wait", time.Hour, "how long to go on asking; 0 asks once")
	cmd.Flags().BoolVar(&said.entered, "entered", false, "say that the records have been entered")
	cmd.Flags().BoolVar(&said.connected, "connected", false, "say that the DNS host has entered the records by itself (Domain Connect)")
	cmd.Flags().StringVar(&said.seenFrom, "seen-from", "", "also say what the recursive resolver at `ADDR:PORT` shows, such as that of your office")
	addLang(cmd, &lang)
	return cmd
}

// addLang gives a command the flag for the language of its texts.
func addLang(cmd *cobra.Command, lang *string) {
	cmd.Flags().StringVar(lang, "lang", "", "language of the texts, en or ja (default: that of LANG)")
}

// saidFlags are the flags of domain check for what DNS does not say.
type saidFlags struct {
	entered   bool
	connected bool
	seenFrom  string
}

// read asks the user's own resolver where they want that.
func (f saidFlags) read(ctx context.Context, cl *client, id string) (api.NewCheck, error) {
	said := api.NewCheck{Entered: f.entered, Connected: f.connected}
	if f.seenFrom == "" {
		return said, nil
	}
	if _, err := parseServer(f.seenFrom); err != nil {
		return said, usage("--seen-from: %v", err)
	}
	p, err := ask[api.Plan](ctx, cl, http.MethodGet, "/v1/domains/"+id+"/records", nil)
	if err != nil {
		return said, err
	}
	var questions []myodai.Question
	for _, r := range p.Records {
		if r.Status != string(myodai.StatusAsPlanned) {
			questions = append(questions, myodai.Question{Name: myodai.Name(r.Name), Type: r.Type, Recursive: true})
		}
	}
	for _, rr := range shownBy(ctx, f.seenFrom, myodai.Name(p.Domain), questions) {
		said.Sees = append(said.Sees, api.SeenRecord{Name: string(rr.Name), Type: rr.Type, Data: rr.Data})
	}
	return said, nil
}

// watch is what was shown of a domain, so that only news are told.
type watch struct {
	*cli
	lang  diagnose.Lang
	said  api.NewCheck // with the next check
	shown map[string]myodai.RecordStatus
	told  string // of the finding to mend first
}

// until checks until the domain is verified and everything is there, or the
// deadline has passed.
func (c *watch) until(ctx context.Context, cl *client, id, name string, deadline time.Time) error {
	for {
		result, err := c.once(ctx, cl, id)
		if err != nil {
			return err
		}
		c.said = api.NewCheck{} // it was said
		missing := c.progress(result)
		done := result.Verdict == myodai.VerdictProved && result.State == myodai.DomainVerified
		last := done || time.Now().Add(checkPause).After(deadline)
		switch {
		case last && c.json:
			if err := c.writeJSON(result); err != nil {
				return err
			}
		case done:
			c.say(reportWords[c.lang]["verified"], printable(name))
		}
		if done {
			return nil
		}
		if last {
			return refused("%s is %s: %d of its required records are not as planned, or could not be found out",
				printable(name), result.State, missing)
		}
		if !c.json {
			c.say(reportWords[c.lang]["again"], checkPause)
		}
		if err := wait(ctx, checkPause); err != nil {
			return err
		}
	}
}

// once asks for one check, and waits for its turn when that is too often. People
// are told how far it is.
func (c *watch) once(ctx context.Context, cl *client, id string) (api.CheckResult, error) {
	path := "/v1/domains/" + id + "/check"
	for {
		var result api.CheckResult
		var err error
		if c.json {
			result, err = ask[api.CheckResult](ctx, cl, http.MethodPost, path, c.said)
		} else {
			err = cl.events(ctx, http.MethodPost, path, c.said, func(kind string, data []byte) error { return c.event(kind, data, &result) })
		}
		limit, ok := errors.AsType[*answeredError](err)
		if !ok || limit.problem.Status != http.StatusTooManyRequests {
			return result, err
		}
		if err := wait(ctx, max(limit.after, time.Second)); err != nil {
			return result, err
		}
	}
}

// event takes in one step of a check.
func (c *watch) event(kind string, data []byte, result *api.CheckResult) error {
	switch kind {
	case "progress":
		var p api.Progress
		if err := json.Unmarshal(data, &p); err != nil {
			return err
		}
		if p.Asked > p.Answered {
			_, _ = fmt.Fprintf(c.err, reportWords[c.lang]["asking"]+"\n", p.Answered, p.Asked)
		}
	case "record":
		var r api.CheckedRecord
		if err := json.Unmarshal(data, &r); err != nil {
			return err
		}
		c.show(r)
	case "problem":
		problem := &answeredError{}
		if err := json.Unmarshal(data, &problem.problem); err != nil {
			return err
		}
		return problem
	case "result":
		return json.Unmarshal(data, result)
	}
	return nil
}

// show writes what a check found of one record, once.
func (c *watch) show(r api.CheckedRecord) {
	key := r.Name + " " + string(r.Type)
	if c.json || c.shown[key] == r.Status {
		return
	}
	c.shown[key] = r.Status
	c.writeChecked(r, c.lang)
}

// progress writes what is new since the last look and counts the required
// records that are not as planned.
func (c *watch) progress(result api.CheckResult) (missing int) {
	for _, r := range result.Records {
		if r.Required && r.Status != myodai.StatusAsPlanned {
			missing++
		}
		c.show(r)
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
	in := func(t api.Texts) string { return inLang(t, lang) }
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
