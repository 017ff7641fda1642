package main

import (
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/spf"
)

func (c *cli) domainSPF() *cobra.Command {
	var n api.NewSPF
	var confirmed []string
	lang := ""
	cmd := &cobra.Command{
		Use: "spf DOMAIN", Short: "Work out the SPF record a domain should have", Args: cobra.ExactArgs(1),
		Long: `Work out what is to become of a domain's SPF record so that it includes ours, by
what the last check saw. The record stands in the tenant's own DNS, so nothing is
changed. Questions that only the owner can answer are shown; answer them with
--yes, and name who else sends with --sender.`,
		Example: `  myodai domain spf acme.example
  myodai domain spf acme.example --sender include:_spf.google.com --yes complete
  myodai domain spf acme.example --drop ptr`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.language(lang)
			if err != nil {
				return err
			}
			for _, id := range confirmed {
				n.Confirmed = append(n.Confirmed, spf.QuestionID(id))
			}
			r, err := aboutDomain[api.Record](c, cmd, args[0], http.MethodPost, "/spf", n)
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(r)
			}
			c.writeSPF(r, in)
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&n.Senders, "sender", nil, "`TERM` of somebody else who sends as the domain, for a new record; may be repeated")
	cmd.Flags().StringArrayVar(&n.Drop, "drop", nil, "`TERM` of the old record that may go; may be repeated")
	cmd.Flags().StringArrayVar(&confirmed, "yes", nil, "`QUESTION` that is answered with yes, by its id; may be repeated")
	addLang(cmd, &lang)
	return cmd
}

// writeSPF writes what is to become of an SPF record.
func (c *cli) writeSPF(r api.Record, lang diagnose.Lang) {
	e := r.Edit
	c.say("SPF %s", printable(r.Name))
	for _, old := range e.Old {
		c.say("  - %s", printable(old))
	}
	if e.New != "" && e.Action != spf.ActionNone {
		c.say("  + %s", printable(e.New))
	}
	if r.Entry != nil && e.Action != spf.ActionNone {
		c.say("    %s", printable(strings.TrimSpace(r.Entry.Host+"  "+string(r.Entry.Type)+"  "+r.Entry.Value)))
	}
	n := 0
	for step := range strings.Lines(inLang(e.Fix, lang)) {
		n++
		c.say("  %d) %s", n, printable(strings.TrimSpace(step)))
	}
	notes := e.Notes.English
	if lang == diagnose.Japanese {
		notes = e.Notes.Japanese
	}
	for _, note := range notes {
		c.say("  * %s", printable(note))
	}
	for _, q := range e.Questions {
		c.say("  ? %s (--yes %s)", printable(inLang(q.Text, lang)), q.ID)
	}
	for _, s := range e.Savings {
		c.say("  ~ --drop %s: -%d", printable(s.Term), s.Lookups)
	}
}

// writeHints writes what a domain's DNS host is known not to take, and the SPF
// record there should be.
func (c *cli) writeHints(name string, records []api.Record, warnings []api.Warning, lang diagnose.Lang) {
	for _, w := range warnings {
		c.say("%s: %s %s", hintWords[lang]["note"], printable(w.Record), printable(inLang(w.Message, lang)))
		if w.Shape != "" && w.Record != "" {
			c.say("  myodai domain shape %s %s --record %s", printable(name), w.Shape, printable(w.Record))
		}
	}
	for _, r := range records {
		if r.Edit != nil {
			c.say("")
			c.writeSPF(r, lang)
		}
	}
}

var hintWords = map[diagnose.Lang]map[string]string{
	diagnose.English:  {"note": "Note"},
	diagnose.Japanese: {"note": "注意"},
}
