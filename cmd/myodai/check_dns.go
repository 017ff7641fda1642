package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/resolver"
)

// checkFlags are the flags of check.
type checkFlags struct {
	plan        string // path of a plan; "" reviews the domain
	root        string // where the walk begins; "" is the real root
	server      string // asked for everything; "" walks
	observation string // path of what DNS said another time; "" asks
	save        string // path to keep what DNS said at
	lang        string
	known       knownFlags
}

const checkHelp = `Ask the name servers of a domain for the records of a plan, name the one mistake
that was made, and say what to type instead. No service is needed. Without a plan
the domain is reviewed as a sender of mail: its delegation, DNSSEC, MX, SPF and
DMARC, and its DKIM keys at the usual selectors.

What DNS does not say may be told: what it said before, with --earlier, or
elsewhere, with --elsewhere; what your own resolver shows, with --seen-from; and
that the records have been entered, with --entered. Where DNS leaves open why
nothing is there, the domain's registry is asked, too.

A plan is a file as "myodai domain records DOMAIN --json" writes it; names in it
may have their final dot or not.

Exit status: 0 all required records are right; 1 there is something to fix; 2
there is nothing to do but wait; 3 it could not be found out; 64 the command line
or a file means nothing.`

func (c *cli) checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use: "check DOMAIN", Short: "Say what is wrong with a domain's DNS records, and how to mend it",
		Long: checkHelp, Args: cobra.ExactArgs(1),
		Example: `  myodai check acme.example
  myodai check acme.example --plan plan.json --lang ja
  myodai check acme.example --plan plan.json --save seen.json
  myodai check acme.example --plan plan.json --observation seen.json --json
  myodai check acme.example --plan plan.json --earlier yesterday.json --entered 20m
  myodai check acme.example --plan plan.json --seen-from 10.0.0.53`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.checkDNS(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.plan, "plan", "", "plan of the records in JSON, in `FILE`")
	flags.StringVar(&f.root, "root", "", "begin at another root, at `ADDR:PORT`; all servers then are on that port")
	flags.StringVar(&f.server, "server", "", "ask the server at `ADDR:PORT` for everything, without walking from the root")
	flags.StringVar(&f.observation, "observation", "", "judge what was saved in `FILE` instead of asking")
	flags.StringVar(&f.save, "save", "", "keep what DNS said in `FILE`")
	flags.StringVar(&f.lang, "lang", "", "language of the texts, en or ja (default: that of LANG)")
	f.known.add(flags)
	return cmd
}

// checkEnd is how a check ended when not everything is right.
type checkEnd struct {
	status int
	says   string
}

func (e *checkEnd) Error() string { return e.says }

// The exit statuses of check.
const (
	exitToFix   = 1
	exitWaiting = 2
	exitUnknown = 3
)

// checkDNS carries out the command.
func (c *cli) checkDNS(ctx context.Context, name string, f checkFlags) error {
	job, err := c.checkJob(name, f)
	if err != nil {
		return err
	}
	if f.observation == "" {
		if err := c.observe(ctx, &job, f); err != nil {
			return err
		}
	}
	r := job.report()
	if c.json {
		err = c.writeJSON(r.json())
	} else {
		c.writeReport(r)
	}
	if err != nil || r.status == exitOK {
		return err
	}
	return &checkEnd{r.status, r.sentence(job.lang)}
}

// checkJob is what is to be checked, and what DNS said of it.
type checkJob struct {
	domain myodai.Name
	plan   plan.Plan
	review bool
	lang   diagnose.Lang
	seen   myodai.Observation
	told   told
}

// checkJob reads the command line and the files it names.
func (c *cli) checkJob(name string, f checkFlags) (job checkJob, err error) {
	if job.domain, err = myodai.ParseName(name); err != nil {
		return job, usage("%s", err)
	}
	if job.lang, err = c.language(f.lang); err != nil {
		return job, err
	}
	for flag, value := range map[string]string{"--root": f.root, "--server": f.server, "--seen-from": f.known.seenFrom} {
		if _, err := parseServer(value); value != "" && err != nil {
			return job, usage("%s: %q is not an IP address and port, such as 127.0.0.1:5353", flag, value)
		}
	}
	if f.root != "" && f.server != "" || f.observation != "" && f.root+f.server+f.save != "" {
		return job, usage("only one of --root, --server and --observation can be given, and --save only when DNS is asked")
	}
	job.review = f.plan == ""
	if !job.review {
		if job.plan, err = readPlan(f.plan, job.domain); err != nil {
			return job, err
		}
	}
	if f.observation != "" {
		if job.seen, err = readObservation("--observation", f.observation, job.domain); err != nil {
			return job, err
		}
	}
	job.told, err = f.known.read(job, f.observation != "")
	return job, err
}

// language is that of the texts.
func (c *cli) language(wanted string) (diagnose.Lang, error) {
	switch wanted {
	case string(diagnose.English), string(diagnose.Japanese):
		return diagnose.Lang(wanted), nil
	case "":
		for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
			if value := c.getenv(name); value != "" {
				if strings.HasPrefix(value, "ja") {
					return diagnose.Japanese, nil
				}
				break
			}
		}
		return diagnose.English, nil
	}
	return "", usage("--lang: %q is not a language; there are en and ja", wanted)
}

// observe asks DNS, says so on the way, and keeps the answers where the tenant
// wants them.
func (c *cli) observe(ctx context.Context, job *checkJob, f checkFlags) error {
	o := resolver.Options{Server: f.server, Probes: diagnose.MaxProbes, Budget: checkBudget, Deadline: checkTime}
	if f.root != "" {
		o.RootHints = []string{f.root}
		if at, err := netip.ParseAddrPort(f.root); err == nil {
			o.Port = at.Port()
		}
	}
	prober := resolver.NewProber(o)
	defer prober.Close()
	registry := f.known.registry(f.root+f.server != "")
	round := 0
	seen := prober.Probe(ctx, job.domain, func(seen myodai.Observation) []myodai.Question {
		list := job.questions(seen, time.Now())
		if len(list) == 0 && job.asksRegistry(ctx, registry, seen) {
			list = job.questions(seen, time.Now())
		}
		if round++; len(list) > 0 {
			_, _ = fmt.Fprintf(c.err, reportWords[job.lang]["round"]+"\n", round, len(seen.Answers), len(list), job.domain)
		}
		return list
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	job.asksRegistry(ctx, registry, seen)
	job.seen = job.whole(seen)
	if f.known.seenFrom != "" {
		job.seen.TenantSees = job.inside(ctx, f.known.seenFrom)
	}
	if f.save == "" {
		return nil
	}
	data, err := json.MarshalIndent(job.seen, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.save, append(data, '\n'), 0o600); err != nil {
		return usage("--save: %v", err)
	}
	return nil
}

// input is what is judged: the whole plan, or the domain as it is.
func (job *checkJob) input(seen myodai.Observation, now time.Time) diagnose.Input {
	p := job.plan
	if job.review {
		p = diagnose.Review(job.domain, seen)
	}
	return diagnose.Input{Plan: p, Observation: job.whole(seen), Earlier: job.told.earlier, Known: job.known(now), Now: now}
}

func (job *checkJob) questions(seen myodai.Observation, now time.Time) []myodai.Question {
	list := diagnose.Questions(job.input(seen, now))
	if !job.review {
		return list
	}
	// No question is asked twice, so these may be repeated; but only they do not
	// keep the check going.
	asked := false
	for _, a := range seen.Answers {
		asked = asked || strings.HasSuffix(string(a.Name), "._domainkey."+string(job.domain))
	}
	if !asked {
		list = append(list, diagnose.ReviewQuestions(job.domain)...)
	}
	return list
}
