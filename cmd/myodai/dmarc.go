package main

import (
	"context"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/resolver"
)

func (c *cli) dmarcCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "dmarc", Short: "Answer questions about DMARC",
		Long:    "Answer questions about DMARC. No service is needed.",
		Example: `  myodai dmarc effect acme.example 'v=DMARC1; p=reject'`,
	}
	cmd.AddCommand(c.dmarcEffect())
	return cmd
}

// effectFlags are the flags of dmarc effect.
type effectFlags struct{ plan, root, server, lang string }

func (c *cli) dmarcEffect() *cobra.Command {
	var f effectFlags
	cmd := &cobra.Command{
		Use: "effect DOMAIN RECORD", Short: "Say what happens to a domain's mail if a DMARC record is published", Args: cobra.ExactArgs(2),
		Long: `Say what happens to the mail of a domain if RECORD becomes its DMARC record: what
is sent through the platform, what is forwarded, what other servers send that the
domain allows, and all the rest. DNS is asked for what that depends on, and
nothing is changed. With a plan the return path and the signatures are those of
the plan; without one mail is taken to be signed by the domain itself.

Exit status: 0 the record can be published; 1 it has a mistake, or mail sent
through the platform would suffer; 64 the command line means nothing.`,
		Example: `  myodai dmarc effect acme.example 'v=DMARC1; p=reject'
  myodai dmarc effect acme.example 'v=DMARC1; p=quarantine; rua=mailto:dmarc@acme.example' --plan plan.json --lang ja`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.policyEffect(cmd.Context(), args[0], args[1], f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.plan, "plan", "", "plan of the records in JSON, in `FILE`")
	flags.StringVar(&f.root, "root", "", "begin at another root, at `ADDR:PORT`; all servers then are on that port")
	flags.StringVar(&f.server, "server", "", "ask the server at `ADDR:PORT` for everything, without walking from the root")
	addLang(cmd, &f.lang)
	return cmd
}

// policyEffect carries out dmarc effect.
func (c *cli) policyEffect(ctx context.Context, name, record string, f effectFlags) error {
	lang, err := c.language(f.lang)
	if err != nil {
		return err
	}
	in := diagnose.Input{}
	if in.Plan.Domain, err = myodai.ParseName(name); err != nil {
		return usage("%s", err)
	}
	if f.plan != "" {
		if in.Plan, err = readPlan(f.plan, in.Plan.Domain); err != nil {
			return err
		}
	}
	o := resolver.Options{Server: f.server, Probes: diagnose.MaxProbes, Budget: checkBudget, Deadline: checkTime}
	for flag, value := range map[string]string{"--root": f.root, "--server": f.server} {
		if _, err := parseServer(value); value != "" && err != nil {
			return usage("%s: %v", flag, err)
		}
	}
	if f.root != "" {
		o.RootHints = []string{f.root}
		if at, err := netip.ParseAddrPort(f.root); err == nil {
			o.Port = at.Port()
		}
	}
	prober := resolver.NewProber(o)
	defer prober.Close()
	in.Observation = prober.Probe(ctx, in.Plan.Domain, func(seen myodai.Observation) []myodai.Question {
		in.Observation = seen
		_, questions := diagnose.EffectOf(in, record)
		return questions
	})
	e, _ := diagnose.EffectOf(in, record)
	shown := api.ShowDMARCEffect(e)
	if c.json {
		err = c.writeJSON(shown)
	} else {
		c.writeEffect(shown, lang)
	}
	if err != nil || !harmful(e) {
		return err
	}
	return &checkEnd{exitToFix, inLang(shown.Summary, lang)}
}

// harmful reports whether a record should not be published as it is.
func harmful(e diagnose.PolicyEffect) bool {
	for _, s := range e.Streams {
		if s.Kind == diagnose.StreamOurs && s.Effect.Worse() {
			return true
		}
	}
	return !e.Readable || len(e.Findings) > 0 && e.Findings[0].Severity == myodai.SeverityBlocks
}

// inLang is a text in the reader's language.
func inLang(t api.Texts, lang diagnose.Lang) string {
	if lang == diagnose.Japanese {
		return t.Japanese
	}
	return t.English
}

// writeEffect writes an effect for people.
func (c *cli) writeEffect(e api.DMARCEffect, lang diagnose.Lang) {
	c.say("%s\n", printable(inLang(e.Summary, lang)))
	for _, m := range e.Mail {
		c.say("  - %s", printable(inLang(m.Text, lang)))
	}
	notes := e.Notes.English
	if lang == diagnose.Japanese {
		notes = e.Notes.Japanese
	}
	if len(notes) > 0 {
		c.say("")
	}
	for _, note := range notes {
		c.say("  %s", printable(note))
	}
	for _, f := range e.Findings {
		c.say("\n[%s] %s", severityMarks[lang][f.Severity], printable(inLang(f.Title, lang)))
		c.say("  %s", printable(inLang(f.Message, lang)))
		if f.Expected != "" && strings.HasPrefix(f.Expected, "v=DMARC1") {
			c.say("  -> %s", printable(f.Expected))
		}
	}
}
