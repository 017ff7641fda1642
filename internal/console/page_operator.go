package console

import (
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/store"
)

// operatorPath is where the platform's operators begin.
const operatorPath = "/operator"

func (s *Server) routeOperator() {
	s.add("GET "+operatorPath, operators, showOperator)
	s.add("POST /operator/retry", operators, retryQueue)
	s.add("GET /operator/faults", operators, showFaults)
	s.add("GET /operator/settings", operators, showSettings)
	s.add("GET /operator/policy", operators, showPlatformPolicy)
	s.add("POST /operator/policy", operators, setPlatformPolicy)
	s.add("GET /operator/tenants", operators, listTenants)
	s.add("POST /operator/tenants", operators, createTenant)
	const one = "/operator/tenants/{tenant}"
	s.add("GET "+one, operators, showTenant)
	s.add("POST "+one+"/suspend", operators, suspendTenant)
	s.add("POST "+one+"/resume", operators, resumeTenant)
	s.add("POST "+one+"/policy", operators, setTenantPolicy)
	if s.o.Hygiene != nil {
		s.add("POST "+one+"/waive", operators, waiveAudit)
	}
}

// operatorView is how the platform is doing.
type operatorView struct {
	Chart   chart
	Queue   queueView
	Trouble []troubleLine
	More    bool // there are further domains in trouble
}

// queueView is what waits, by recipient domain.
type queueView struct {
	Accepted, Deferred int
	Share, Rest        int // of the bar of barWidth: what waits for its first attempt, and for another
	Lines              []queueLine
	Left               int // recipient domains that are not among the lines
}

type queueLine struct {
	Domain             string
	Accepted, Deferred int
	Oldest, Due        moment
}

// troubleLine is a domain that somebody should look at.
type troubleLine struct {
	Name, Tenant, TenantPath, Cause string
	State                           chip
	Since                           moment
}

const (
	barWidth     = 720            // of the picture of the queue
	shownQueue   = 50             // recipient domains
	shownTrouble = 20             // domains of each kind
	longPending  = 48 * time.Hour // after which somebody may need help
)

// showOperator asks for everything at once: each of the three sums up the whole
// platform.
func showOperator(v *visit) error {
	var lines []myodai.QueueLine
	var trouble []store.TroubledDomain
	var sums chart
	asked, ctx := errgroup.WithContext(v.r.Context())
	asked.Go(func() (err error) {
		lines, err = v.o.Store.Queue(ctx, "", v.now)
		return err
	})
	asked.Go(func() (err error) {
		trouble, err = v.o.Store.DomainsInTrouble(ctx, "", v.now.Add(-longPending), shownTrouble+1)
		return err
	})
	asked.Go(func() (err error) {
		sums, err = v.chart("", operatorPath)
		return err
	})
	if err := asked.Wait(); err != nil {
		return err
	}
	view := newOperatorView(v.reader, lines, trouble)
	view.Chart = sums
	return v.show("operator", v.say("operator.title"), view)
}

func newOperatorView(r reader, lines []myodai.QueueLine, trouble []store.TroubledDomain) operatorView {
	view := operatorView{Queue: newQueueView(r, lines)}
	seen := map[myodai.DomainState]int{}
	for _, d := range trouble {
		if seen[d.State]++; seen[d.State] > shownTrouble {
			view.More = true
			continue
		}
		view.Trouble = append(view.Trouble, newTroubleLine(r, d))
	}
	return view
}

func newQueueView(r reader, lines []myodai.QueueLine) queueView {
	view := queueView{}
	for i, l := range lines {
		view.Accepted += l.Accepted
		view.Deferred += l.Deferred
		if i >= shownQueue {
			view.Left++
			continue
		}
		view.Lines = append(view.Lines, queueLine{string(l.Domain), l.Accepted, l.Deferred, r.moment(l.OldestAt), r.moment(l.DueAt)})
	}
	if all := view.Accepted + view.Deferred; all > 0 {
		view.Share = barWidth * view.Accepted / all
		view.Rest = barWidth - view.Share
	}
	return view
}

func newTroubleLine(r reader, d store.TroubledDomain) troubleLine {
	line := troubleLine{
		Name: d.Name.Unicode(), Tenant: d.TenantName, TenantPath: tenantPath(d.TenantID), State: r.domainChip(d.Domain),
		Since: r.moment(d.RegisteredAt),
	}
	if !d.AtRiskAt.IsZero() {
		line.Since = r.moment(d.AtRiskAt)
	}
	if d.Cause != "" {
		line.Cause = diagnose.Explain(
			myodai.Finding{Cause: d.Cause, Record: d.Name}, diagnose.Context{Lang: diagnose.Lang(r.lang), Domain: d.Name, Location: r.location},
		).Title
	}
	return line
}

// retryQueue has what waits for a recipient domain, or for all, tried at once.
func retryQueue(v *visit) error {
	var domain myodai.Name
	if text := v.r.PostFormValue("domain"); text != "" {
		var err error
		if domain, err = myodai.ParseName(text); err != nil {
			return err
		}
	}
	n, err := v.o.Store.RetryNow(v.r.Context(), myodai.Selection{Domain: domain}, v.now)
	if err != nil {
		return err
	}
	if n > 0 && v.o.Wake != nil {
		v.o.Wake()
	}
	return v.done(operatorPath, "operator.retried", strconv.Itoa(n))
}
