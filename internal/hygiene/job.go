package hygiene

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/myodai/myodai"
)

const (
	lookups   = 64  // DNS questions at a time
	ahead     = 256 // domains that are looked up before their addresses are judged
	maxShown  = 50  // clusters and bursts of a summary
	maxFamily = 1000
)

// job judges what an intake has read.
type job struct {
	*Intake
	bursts   map[int64]bool
	findings []myodai.ListAuditFinding
	clusters []myodai.ListAuditCluster
}

// run reads the spool twice at the same time: ahead, to learn about each domain
// as a whole and to ask DNS; and behind that, to judge its addresses.
func (j *job) run(ctx context.Context) error {
	list := j.hours.bursts()
	j.bursts = map[int64]bool{}
	for _, b := range list {
		j.bursts[b.At.Unix()/3600] = true
	}
	j.audit.Summary.Bursts = list[:min(len(list), maxShown)]
	j.hours = nil
	first, err := j.spool.reader()
	if err != nil {
		return err
	}
	second, err := j.spool.reader()
	if err != nil {
		return err
	}
	g, both := errgroup.WithContext(ctx) // ends when either of them fails, and with them
	domains := make(chan *profile, ahead)
	g.Go(func() error {
		defer close(domains)
		return j.scout(both, first, domains)
	})
	g.Go(func() error { return j.judge(both, second, domains) })
	if err := g.Wait(); err != nil {
		return err
	}
	return j.finish(ctx)
}

// scout profiles the domains and has DNS asked about them.
func (j *job) scout(ctx context.Context, from *merger, domains chan<- *profile) error {
	var asking errgroup.Group
	asking.SetLimit(lookups)
	defer func() { _ = asking.Wait() }() // they return no errors
	return profiles(from, func(p *profile) error {
		select {
		case domains <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
		asking.Go(func() error {
			p.state <- ask(ctx, j.s.o.Lookup, myodai.Name(p.domain))
			return nil
		})
		return nil
	})
}

// judge judges the addresses in order. Those that lead to one mailbox follow each
// other, and are judged together.
func (j *job) judge(ctx context.Context, from *merger, domains <-chan *profile) error {
	var p *profile
	var state mailState
	var family []*address
	listed := 0 // of the family, those held back no longer included
	end := func() error {
		err := j.judgeFamily(ctx, family, listed, p, state)
		family, listed = family[:0], 0
		return err
	}
	for {
		r, err := from.next()
		if errors.Is(err, io.EOF) {
			return end()
		}
		if err != nil {
			return err
		}
		last := len(family) - 1
		if last >= 0 && (family[last].domain != r.domain || family[last].mailbox != r.mailbox) {
			if err := end(); err != nil {
				return err
			}
			last = -1
		}
		if p == nil || p.domain != r.domain {
			if p, state, err = nextDomain(ctx, domains); err != nil {
				return err
			}
			j.beginDomain(p)
		}
		if last < 0 || family[last].local != r.local {
			if len(family) == maxFamily { // enough to know what they are
				if err := j.judgeFamily(ctx, family, max(listed, minVariants), p, state); err != nil {
					return err
				}
				family = family[:0]
			}
			family = append(family, &address{record: r, hour: hourKind(j.bursts[r.at/3600] && r.at != 0)})
			last = len(family) - 1
			if r.kind == kindListed {
				listed++
			}
		}
		family[last].take(r)
	}
}

func nextDomain(ctx context.Context, domains <-chan *profile) (*profile, mailState, error) {
	select {
	case p, ok := <-domains:
		if !ok {
			return nil, "", errSpool
		}
		select {
		case state := <-p.state:
			return p, state, nil
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
}

func (j *job) beginDomain(p *profile) {
	j.audit.Progress.Domains++
	j.audit.Summary.Domains++
	j.cluster(p.clusters()...)
}

// cluster keeps the largest clusters.
func (j *job) cluster(list ...myodai.ListAuditCluster) {
	j.clusters = append(j.clusters, list...)
	if len(j.clusters) > 2*maxShown {
		j.clusters = largest(j.clusters)
	}
}

func largest(list []myodai.ListAuditCluster) []myodai.ListAuditCluster {
	slices.SortStableFunc(list, func(a, b myodai.ListAuditCluster) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Pattern, b.Pattern))
	})
	return list[:min(len(list), maxShown)]
}

// judgeFamily judges the addresses of one mailbox; listed is how many of them
// lists have.
func (j *job) judgeFamily(ctx context.Context, family []*address, listed int, p *profile, state mailState) error {
	if listed >= minVariants && len(family) > 0 {
		j.cluster(myodai.ListAuditCluster{
			Domain: myodai.Name(p.domain), Kind: clusterVariants, Pattern: family[0].mailbox + "@" + p.domain, Count: listed,
		})
	}
	for _, a := range family {
		a.variants = listed
		if a.listed > 0 {
			j.audit.Summary.Addresses++
		}
		j.audit.Progress.Judged += max(a.listed, 1)
		f, ok := judge(a, p, state)
		if !ok {
			continue
		}
		j.audit.Summary.Counts[f.Verdict]++
		if a.listed > 0 {
			j.audit.Summary.Listed[f.Verdict]++
		}
		j.number++
		f.Number = j.number
		if j.findings = append(j.findings, f); len(j.findings) >= batchSize {
			if err := j.write(ctx); err != nil {
				return err
			}
		}
	}
	if time.Since(j.told) >= tellEvery {
		return j.progress(ctx)
	}
	return nil
}

func (j *job) write(ctx context.Context) error {
	if len(j.findings) == 0 {
		return nil
	}
	err := j.s.o.Store.AddListAuditFindings(ctx, j.audit.TenantID, j.audit.ID, j.findings)
	j.findings = j.findings[:0]
	return err
}

// finish writes down what the audit came to.
func (j *job) finish(ctx context.Context) error {
	if err := j.write(ctx); err != nil {
		return err
	}
	j.audit.Progress.Judged = j.audit.Progress.Addresses
	j.audit.Summary.Clusters = largest(j.clusters)
	mine := j.audit
	_, err := j.s.o.Store.ChangeListAudit(ctx, mine.TenantID, mine.ID, func(a myodai.ListAudit) (myodai.ListAudit, []myodai.Event, error) {
		now := time.Now()
		a.State, a.Progress, a.Summary, a.UpdatedAt, a.FinishedAt = myodai.ListAuditFinished, mine.Progress, mine.Summary, now, now
		certain, worst, all := a.Expected()
		return a, []myodai.Event{j.s.event(a.TenantID, myodai.EventAuditFinished, now, map[string]any{
			"audit_id": string(a.ID), "addresses": all, "expected": certain, "worst": worst, "gate": string(a.Gate()), "passed": a.Passed(),
		})}, nil
	})
	if err != nil {
		return fmt.Errorf("finish audit: %w", err)
	}
	j.s.metrics.audits.WithLabelValues(string(myodai.ListAuditFinished)).Inc()
	j.s.metrics.judged.Add(float64(mine.Progress.Addresses))
	return nil
}
