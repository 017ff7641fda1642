package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/hygiene"
)

func (c *cli) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "Audit addresses before they are mailed for the first time",
		Example: `  myodai audit start members.csv bounces.mbox ~/Maildir
  myodai audit accept lau_…`,
	}
	cmd.AddCommand(c.auditStart(), c.auditList(), c.auditShow(), c.auditFindings(), c.auditReport(), c.auditAccept(), c.auditUndo(), c.auditWaive())
	return cmd
}

func (c *cli) auditStart() *cobra.Command {
	title, class := "", ""
	cmd := &cobra.Command{
		Use: "start FILE…", Short: "Have lists, past bounces and mailboxes audited", Args: cobra.MinimumNArgs(1),
		Long: `Have lists, past bounces and mailboxes audited, and wait for what they come to. A file
is a list (CSV, or one address per line), a mailbox (mbox), a single mail, or an
archive of those (tar, zip, gzip); a directory is a Maildir. Everything is streamed.

The exit status is 1 when the gate says stop.`,
		Example: `  myodai audit start members.csv
  myodai audit start --class marketing members.csv bounces.mbox ~/Maildir`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			query := url.Values{}
			for name, value := range map[string]string{"title": title, "class": class} {
				if value != "" {
					query.Set(name, value)
				}
			}
			a, err := upload[api.Audit](cmd.Context(), cl, "/v1/audits?"+query.Encode(), args)
			if err != nil {
				return err
			}
			if a, err = c.watchAudit(cmd.Context(), cl, a); err != nil {
				return err
			}
			if err := c.showAudit(a); err != nil {
				return err
			}
			if a.State == myodai.ListAuditFinished && a.Gate == myodai.GateStop {
				return myodai.Refuse(myodai.CodeForbidden, "", "the gate says stop; accept the proposal, or clean the list up")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&title, "title", "", "what to call it")
	cmd.Flags().StringVar(&class, "class", "", "`CLASS` of mail it is for (default: all)")
	return cmd
}

// watchAudit waits for the end of an audit, and tells how far it is.
func (c *cli) watchAudit(ctx context.Context, cl *client, a api.Audit) (api.Audit, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, cl.server+"/v1/audits/"+segment(string(a.ID)), nil)
	if err != nil {
		return a, fmt.Errorf("make request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+cl.key)
	r.Header.Set("Accept", "text/event-stream")
	patient := http.Client{} // an audit may take as long as it takes
	resp, err := patient.Do(r)
	if err != nil {
		return a, cl.unreachable(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			return a, unreachable{fmt.Errorf("%s does not answer like Myodai", cl.server)}
		}
		if !c.json && !a.State.Terminal() {
			_, _ = fmt.Fprintf(c.err, "%s: %d of %d addresses, %d domains\n", a.State, a.Progress.Judged, a.Progress.Addresses, a.Progress.Domains)
		}
	}
	if err := lines.Err(); err != nil {
		return a, cl.unreachable(ctx, err)
	}
	return a, nil
}

// showAudit says what an audit came to.
func (c *cli) showAudit(a api.Audit) error {
	if c.json {
		return c.writeJSON(a)
	}
	c.say("%s is %s.", a.ID, a.State)
	if a.Reason != "" {
		c.say("%s", printable(a.Reason))
	}
	if a.State != myodai.ListAuditFinished {
		return nil
	}
	c.say("%s", hygiene.GateSentence(hygiene.English, a.Gate))
	c.say("Of %d addresses %d would bounce for certain (%s), %d at worst.", a.Mailed, a.Expected, a.Rate, a.Worst)
	var rows [][]string
	for _, v := range myodai.ListAuditVerdicts {
		if n := a.Counts[v]; n > 0 {
			proposed := ""
			if v.Proposed() {
				proposed = "suppress"
			}
			rows = append(rows, []string{string(v), fmt.Sprint(n), proposed, hygiene.VerdictName(hygiene.English, v)})
		}
	}
	if err := c.table("Nothing is wrong with any of them.", []string{"VERDICT", "ADDRESSES", "PROPOSED", "MEANING"}, rows); err != nil {
		return err
	}
	for _, p := range a.Problems {
		c.say("%s:%d: %s", printable(p.File), p.Line, printable(p.Detail))
	}
	if a.Proposed > 0 && a.AcceptedAt.IsZero() {
		c.say("Accept the proposal with: myodai audit accept %s", a.ID)
	}
	return nil
}

func (c *cli) auditList() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List audits, newest first", Example: `  myodai audit list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			audits, more, err := list[api.Audit](cmd.Context(), cl, "/v1/audits", limit)
			if err != nil {
				return err
			}
			return writeList(c, audits, more, "There is no audit.", []string{"ID", "TITLE", "STATE", "ADDRESSES", "RATE", "GATE", "SINCE"},
				func(a api.Audit) []string {
					return []string{string(a.ID), a.Title, string(a.State), fmt.Sprint(a.Addresses), a.Rate, string(a.Gate), when(a.CreatedAt)}
				})
		},
	}
	addLimit(cmd, &limit)
	return cmd
}

// auditAct is a command that asks for one audit and shows it.
func (c *cli) auditAct(use, short, method, suffix string, body func() any) *cobra.Command {
	return &cobra.Command{
		Use: use + " ID", Short: short, Args: cobra.ExactArgs(1), Example: "  myodai audit " + use + " lau_…",
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			a, err := ask[api.Audit](cmd.Context(), cl, method, "/v1/audits/"+segment(args[0])+suffix, body())
			if err != nil {
				return err
			}
			return c.showAudit(a)
		},
	}
}

func nothing() any { return nil }

func (c *cli) auditShow() *cobra.Command {
	return c.auditAct("show", "Show what an audit came to", http.MethodGet, "", nothing)
}

func (c *cli) auditUndo() *cobra.Command {
	return c.auditAct("undo", "Take an accepted proposal off the suppression list again", http.MethodPost, "/undo", nothing)
}

func (c *cli) auditAccept() *cobra.Command {
	var verdicts []string
	cmd := c.auditAct("accept", "Put what an audit proposes on the suppression list", http.MethodPost, "/accept", func() any {
		accept := api.NewAuditAcceptance{}
		for _, v := range verdicts {
			accept.Verdicts = append(accept.Verdicts, myodai.ListAuditVerdict(v))
		}
		return accept
	})
	cmd.Flags().StringSliceVar(&verdicts, "only", nil, "`VERDICTS` to accept, such as dead,no_mail (default: all that is proposed)")
	return cmd
}

func (c *cli) auditFindings() *cobra.Command {
	limit, verdict := 0, ""
	cmd := &cobra.Command{
		Use: "findings ID", Short: "List what an audit found, address by address", Args: cobra.ExactArgs(1),
		Example: `  myodai audit findings lau_… --verdict dead --limit 0`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			path := "/v1/audits/" + segment(args[0]) + "/findings"
			if verdict != "" {
				path += "?verdict=" + url.QueryEscape(verdict)
			}
			found, more, err := list[api.AuditFinding](cmd.Context(), cl, path, limit)
			if err != nil {
				return err
			}
			return writeList(c, found, more, "Nothing was found.", []string{"ADDRESS", "VERDICT", "SUGGESTION", "WHY"},
				func(f api.AuditFinding) []string {
					return []string{f.Address, string(f.Verdict), f.Suggestion, f.English}
				})
		},
	}
	addLimit(cmd, &limit)
	cmd.Flags().StringVar(&verdict, "verdict", "", "only findings of this `VERDICT`")
	return cmd
}

func (c *cli) auditReport() *cobra.Command {
	format, language := "markdown", "en"
	cmd := &cobra.Command{
		Use: "report ID", Short: "Write the report to clean up by", Args: cobra.ExactArgs(1),
		Example: `  myodai audit report lau_… --language ja > report.md
  myodai audit report lau_… --format csv > findings.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			return cl.fetch(cmd.Context(), "/v1/audits/"+segment(args[0])+"/report?format="+url.QueryEscape(format)+"&language="+url.QueryEscape(language), c.out)
		},
	}
	cmd.Flags().StringVar(&format, "format", format, "markdown or csv")
	cmd.Flags().StringVar(&language, "language", language, "en or ja")
	return cmd
}

func (c *cli) auditWaive() *cobra.Command {
	class, reason := "", ""
	cmd := &cobra.Command{
		Use: "waive TENANT", Short: "Let a tenant send without an audit", Args: cobra.ExactArgs(1),
		Example: `  myodai audit waive ten_… --reason "moved here with a clean history"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			a, err := ask[api.Audit](cmd.Context(), cl, http.MethodPost, "/v1/tenants/"+segment(args[0])+"/audit-waiver",
				api.NewAuditWaiver{Class: class, Reason: reason})
			if err != nil {
				return err
			}
			return c.showAudit(a)
		},
	}
	cmd.Flags().StringVar(&class, "class", "", "only mail of this `CLASS` (default: all)")
	cmd.Flags().StringVar(&reason, "reason", "", "why no audit is needed")
	return cmd
}
