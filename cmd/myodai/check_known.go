package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/resolver"
)

// knownFlags are the flags of check for what DNS itself does not say.
type knownFlags struct {
	earlier   []string // paths of observations of the same domain
	elsewhere []string // the same, from other places
	entered   string   // when the records were entered
	seenFrom  string   // the tenant's own resolver
	rdap      string   // who is asked about the registration
	issuers   []string // certificate authorities
}

func (f *knownFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.earlier, "earlier", nil, "what DNS said before, as --save kept it in `FILE`; may be repeated")
	flags.StringArrayVar(&f.elsewhere, "elsewhere", nil, "what DNS says in another place, as --save kept it there in `FILE`; may be repeated")
	flags.StringVar(&f.entered, "entered", "", "the records were entered at this `TIME`, such as 2026-11-22T14:05:00+09:00, or so long ago, such as 20m")
	flags.StringVar(&f.seenFrom, "seen-from", "", "also ask the recursive resolver at `ADDR:PORT` what it shows, such as that of your office")
	flags.StringVar(&f.rdap, "rdap", "", "ask the RDAP server at `URL` about the registration, or none (default: the registry; none with --root or --server)")
	flags.StringArrayVar(&f.issuers, "issuer", nil, "`NAME` of the certificate authority of tracking hosts, as CAA records have it (default letsencrypt.org)")
}

// told is what is known beside DNS.
type told struct {
	earlier   []myodai.Observation // newest first
	elsewhere []myodai.Observation
	enteredAt time.Time
	ago       time.Duration // instead of enteredAt
	issuers   []string

	registration *myodai.Registration
}

// read reads the flags and the files they name.
func (f knownFlags) read(job checkJob, replay bool) (t told, err error) {
	if f.seenFrom != "" && (job.review || replay) {
		return t, usage("--seen-from needs a plan, and DNS to ask")
	}
	if f.rdap != "" {
		if _, err := parseRDAP(f.rdap); err != nil || replay {
			return t, usage("--rdap: give the address of a server, such as https://rdap.example.com/, when DNS is asked")
		}
	}
	if t.earlier, err = readObservations("--earlier", f.earlier, job.domain); err != nil {
		return t, err
	}
	slices.SortStableFunc(t.earlier, func(a, b myodai.Observation) int { return b.FinishedAt.Compare(a.FinishedAt) })
	if t.elsewhere, err = readObservations("--elsewhere", f.elsewhere, job.domain); err != nil {
		return t, err
	}
	t.issuers = f.issuers
	if f.entered == "" {
		return t, nil
	}
	if t.ago, err = time.ParseDuration(f.entered); err == nil && t.ago >= 0 {
		return t, nil
	}
	if t.enteredAt, err = time.Parse(time.RFC3339, f.entered); err != nil {
		return t, usage("--entered: %q is no time such as 2026-11-22T14:05:00+09:00, nor how long ago, such as 20m", f.entered)
	}
	return t, nil
}

func readObservations(flag string, paths []string, domain myodai.Name) (list []myodai.Observation, err error) {
	for _, path := range paths {
		o, err := readObservation(flag, path, domain)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// known is what is told, for a check at the given time.
func (job *checkJob) known(now time.Time) diagnose.Known {
	k := diagnose.Known{
		Reviewing: job.review, DoneAt: job.told.enteredAt, Elsewhere: job.told.elsewhere, Issuers: job.told.issuers,
	}
	if job.told.ago > 0 {
		k.DoneAt = now.Add(-job.told.ago)
	}
	return k
}

// registry is who is asked about the registration, nil for nobody: the real
// registries know nothing of another name space.
func (f knownFlags) registry(otherSpace bool) domains.Registry {
	if f.rdap == "" && otherSpace {
		return nil
	}
	return registryOf(f.rdap)
}

// asksRegistry asks about the registration once, when that is worth it.
func (job *checkJob) asksRegistry(ctx context.Context, registry domains.Registry, seen myodai.Observation) bool {
	org := diagnose.AsksRegistry(job.input(seen, time.Now()))
	if org == "" || registry == nil {
		return false
	}
	r := registry.Registration(ctx, org)
	job.told.registration = &r
	return true
}

// whole is what DNS said, with what the registry did.
func (job *checkJob) whole(seen myodai.Observation) myodai.Observation {
	if job.told.registration != nil {
		seen.Registration = job.told.registration
	}
	return seen
}

// inside asks a resolver of the user's what it shows at the planned names that
// are not right: what is right in public is no question.
func (job *checkJob) inside(ctx context.Context, address string) []myodai.Record {
	var questions []myodai.Question
	for i, check := range plan.Compare(job.plan, job.seen) {
		if item := job.plan.Items[i]; check.Status != myodai.StatusAsPlanned {
			questions = append(questions, myodai.Question{Name: item.Name, Type: item.Type, Recursive: true})
		}
	}
	return shownBy(ctx, address, job.domain, questions)
}

// shownBy is what a recursive resolver answers to questions about a domain.
func shownBy(ctx context.Context, address string, domain myodai.Name, questions []myodai.Question) []myodai.Record {
	prober := resolver.NewProber(resolver.Options{Server: address, Recursives: []string{address}})
	defer prober.Close()
	seen := prober.Probe(ctx, domain, func(myodai.Observation) []myodai.Question { return questions })
	var list []myodai.Record
	for _, a := range seen.Answers {
		if a.Kind() == myodai.AnswerPositive {
			list = append(list, a.Of(a.Type)...)
		}
	}
	return list
}
