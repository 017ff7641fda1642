package queue_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// memory is a store without a disk. It keeps leases as the real one does.
type memory struct {
	mu         sync.Mutex
	deliveries []*myodai.Delivery // by DueAt only when claimed
	byID       map[myodai.DeliveryID]*myodai.Delivery
	message    myodai.Message
	domain     myodai.Domain
	tenant     myodai.Tenant
	body       []byte
	unsigned   bool   // the body has no signatures but these
	signatures []byte // that came with a result

	aside      map[myodai.DeliveryID]bool // in its scheduled queue
	setAside   int
	finished   []myodai.Finished
	claims     int
	released   int
	broken     bool // every call fails
	unheard    bool // a claim is made, and fails all the same
	alive      map[string]time.Time
	names      map[string]string
	crashes    map[myodai.DeliveryID]int
	quarantine []myodai.Event
	poison     myodai.DeliveryID // whose result cannot be written
	changed    chan struct{}     // closed and replaced with every change
}

// newMemory holds one message with n deliveries to each of the domains, due now.
func newMemory(n int, domains ...myodai.Name) *memory {
	s := &memory{
		message: myodai.Message{ID: "msg_1", TenantID: "ten_1", DomainID: "dom_1", From: myodai.Address{Local: "a", Domain: "example.com"}},
		domain:  myodai.Domain{ID: "dom_1", TenantID: "ten_1", Name: "example.com", State: myodai.DomainVerified},
		tenant:  myodai.Tenant{ID: "ten_1", State: myodai.TenantActive},
		body:    []byte("From: a@example.com\r\nSubject: hello\r\n\r\nHello.\r\n"),
		changed: make(chan struct{}), alive: map[string]time.Time{}, aside: map[myodai.DeliveryID]bool{},
		names: map[string]string{}, crashes: map[myodai.DeliveryID]int{},
	}
	for _, domain := range domains {
		for i := range n {
			s.add(fmt.Sprintf("dlv_%s_%d", domain, i), myodai.Address{Local: fmt.Sprint("u", i), Domain: domain})
		}
	}
	return s
}

func (s *memory) add(id string, to myodai.Address) { s.addFor("ten_1", id, to) }

func (s *memory) addFor(tenant myodai.TenantID, id string, to myodai.Address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	d := &myodai.Delivery{
		ID: myodai.DeliveryID(id), TenantID: tenant, MessageID: "msg_1", Recipient: to,
		ReturnPath: myodai.Address{Local: "b-" + fmt.Sprint(len(s.deliveries)), Domain: "rp.example.com"},
		State:      myodai.DeliveryAccepted, DueAt: now, QueuedAt: now, ExpiresAt: now.Add(maxAge),
	}
	if s.byID == nil {
		s.byID = map[myodai.DeliveryID]*myodai.Delivery{}
	}
	s.deliveries, s.byID[d.ID] = append(s.deliveries, d), d
}

func (s *memory) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

var errBroken = fmt.Errorf("the disk is on fire: %w", myodai.ErrAway)

func (s *memory) ClaimDeliveries(_ context.Context, owner string, most int, now, until time.Time) ([]myodai.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.claims++; s.broken {
		return nil, errBroken
	}
	var list []myodai.Delivery
	slices.SortStableFunc(s.deliveries, func(a, b *myodai.Delivery) int { return a.DueAt.Compare(b.DueAt) })
	for _, d := range s.deliveries {
		if len(list) == most {
			break
		}
		if d.State.Terminal() || d.State == myodai.DeliveryHeld || s.crashes[d.ID] > 0 || s.aside[d.ID] || d.DueAt.After(now) || d.LeasedUntil.After(now) {
			continue
		}
		list = append(list, s.lease(d, owner, until))
	}
	if s.unheard && len(list) > 0 {
		return nil, errBroken
	}
	return list, nil
}

func (s *memory) ReleaseClaim(_ context.Context, owner string, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errBroken
	}
	for _, d := range s.deliveries {
		if d.LeaseOwner == owner && d.LeasedUntil.Equal(until) {
			d.LeaseOwner, d.LeasedUntil = "", time.Time{}
			d.Attempts--
		}
	}
	return nil
}

func (s *memory) lease(d *myodai.Delivery, owner string, until time.Time) myodai.Delivery {
	delete(s.aside, d.ID)
	d.LeaseOwner, d.LeasedUntil = owner, until
	d.Attempts++
	return *d
}

func (s *memory) SetAside(_ context.Context, owner string, ids []myodai.DeliveryID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errBroken
	}
	for _, id := range ids {
		if d := s.find(id); d.LeaseOwner == owner {
			d.LeaseOwner, d.LeasedUntil = "", time.Time{}
			d.Attempts--
			s.aside[id] = true
			s.setAside++
		}
	}
	return nil
}

func (s *memory) ScheduledQueues(_ context.Context, after string, most int) ([]myodai.ScheduledQueue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := map[string]bool{}
	for id := range s.aside {
		if name := myodai.ScheduledQueueOf(*s.find(id)).String(); name > after && !s.find(id).State.Terminal() {
			names[name] = true
		}
	}
	var list []myodai.ScheduledQueue
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if q, ok := myodai.ParseScheduledQueue(name); ok && len(list) < most {
			list = append(list, q)
		}
	}
	return list, nil
}

func (s *memory) ClaimScheduled(_ context.Context, owner string, from myodai.ScheduledQueue, most int, _, until time.Time) ([]myodai.Delivery, error) {
	return s.claimAside(owner, most, until, func(d *myodai.Delivery) bool { return myodai.ScheduledQueueOf(*d) == from })
}

func (s *memory) ClaimExpired(_ context.Context, owner string, most int, now, until time.Time) ([]myodai.Delivery, error) {
	return s.claimAside(owner, most, until, func(d *myodai.Delivery) bool { return !d.ExpiresAt.After(now) })
}

func (s *memory) claimAside(owner string, most int, until time.Time, wanted func(*myodai.Delivery) bool) (list []myodai.Delivery, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return nil, errBroken
	}
	for _, d := range s.deliveries {
		if len(list) < most && s.aside[d.ID] && !d.State.Terminal() && wanted(d) {
			list = append(list, s.lease(d, owner, until))
		}
	}
	return list, nil
}

func (s *memory) FinishDeliveries(_ context.Context, owner string, list []myodai.Finished) (lost []myodai.DeliveryID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken || slices.ContainsFunc(list, func(f myodai.Finished) bool { return f.Delivery.ID == s.poison }) {
		return nil, errBroken
	}
	for _, f := range list {
		d := s.find(f.Delivery.ID)
		if d.LeaseOwner != owner {
			lost = append(lost, d.ID)
			continue
		}
		*d = f.Delivery
		if s.signatures == nil {
			s.signatures = f.Signatures
		}
		delete(s.crashes, d.ID)
		s.finished = append(s.finished, f)
	}
	s.change()
	return lost, nil
}

func (s *memory) ReleaseDeliveries(_ context.Context, owner string, ids []myodai.DeliveryID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errBroken
	}
	for _, id := range ids {
		if d := s.byID[id]; d != nil && d.LeaseOwner == owner {
			d.LeaseOwner, d.LeasedUntil = "", time.Time{}
			d.Attempts--
			s.released++
		}
	}
	s.change()
	return nil
}

func (s *memory) ClaimCrashed(_ context.Context, owner string, crashes, most int, now, until time.Time) ([]myodai.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return nil, errBroken
	}
	var list []myodai.Delivery
	for _, d := range s.deliveries {
		if s.crashes[d.ID] != crashes || d.State != myodai.DeliveryAccepted {
			continue
		}
		if most--; most >= 0 && d.LeaseOwner == "" && !d.DueAt.After(now) {
			d.LeaseOwner, d.LeasedUntil = owner, until
			d.Attempts++
			list = append(list, *d)
		}
	}
	return list, nil
}

// Heartbeat notes who is alive, and takes the leases of those who are not.
func (s *memory) Heartbeat(_ context.Context, name, owner string, now, until time.Time, quarantined func(myodai.Delivery) myodai.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errBroken
	}
	s.alive[owner], s.names[owner] = until, name
	for _, d := range s.deliveries {
		again := name != "" && s.names[d.LeaseOwner] == name && d.LeaseOwner != owner
		if end, known := s.alive[d.LeaseOwner]; known && (again || !end.After(now)) {
			d.LeaseOwner, d.LeasedUntil = "", time.Time{}
			s.crashes[d.ID]++
		}
		if s.crashes[d.ID] >= myodai.MaxCrashes && d.State == myodai.DeliveryAccepted {
			d.State, d.Hold = myodai.DeliveryHeld, myodai.HoldCrashed
			s.quarantine = append(s.quarantine, quarantined(*d))
		}
	}
	return nil
}

func (s *memory) Sending(context.Context, myodai.MessageID) (myodai.Sending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return myodai.Sending{}, errBroken
	}
	return myodai.Sending{Message: s.message, Domain: s.domain, Tenant: s.tenant}, nil
}

func (s *memory) Body(context.Context, myodai.TenantID, myodai.MessageID) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Concat(s.signatures, s.body), !s.unsigned || s.signatures != nil, nil
}

func (s *memory) Queue(_ context.Context, _ myodai.TenantID, now time.Time) ([]myodai.QueueLine, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := myodai.QueueLine{OldestAt: now}
	for _, d := range s.deliveries {
		switch d.State {
		case myodai.DeliveryAccepted:
			line.Accepted++
		case myodai.DeliveryDeferred:
			line.Deferred++
		default:
			continue
		}
		if d.QueuedAt.Before(line.OldestAt) {
			line.OldestAt = d.QueuedAt
		}
	}
	return []myodai.QueueLine{line}, nil
}

func (s *memory) find(id myodai.DeliveryID) *myodai.Delivery {
	if d := s.byID[id]; d != nil {
		return d
	}
	panic("no delivery " + id)
}

// first is the first delivery as it is now.
func (s *memory) first() myodai.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.deliveries[0]
}

// with calls f under the lock and tells those who wait.
func (s *memory) with(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.change()
}

// wait returns when done is true, or with false when ctx ends.
func (s *memory) wait(ctx context.Context, done func() bool) bool {
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// states counts deliveries by state.
func (s *memory) states() map[myodai.DeliveryState]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[myodai.DeliveryState]int{}
	for _, d := range s.deliveries {
		counts[d.State]++
	}
	return counts
}

// receivers is an agent for a small world in simulated time.
type receivers struct {
	each  time.Duration                                     // that one delivery takes
	reply func(d myodai.Delivery, n int) myodai.OutcomeKind // to the nth attempt; nil delivers

	mu       sync.Mutex
	attempts map[myodai.DeliveryID][]time.Time
	inFlight int
	peak     map[myodai.Name]int // jobs at a time
	now      map[myodai.Name]int
}

func (r *receivers) Attempt(ctx context.Context, job myodai.Job) []myodai.Outcome {
	r.enter(job.Domain, 1)
	defer r.enter(job.Domain, -1)
	outcomes := make([]myodai.Outcome, len(job.Items))
	for i, item := range job.Items {
		select {
		case <-time.After(r.each):
		case <-ctx.Done():
			return outcomes
		}
		if _, err := item.Load(ctx); err != nil {
			outcomes[i] = myodai.Outcome{Kind: myodai.OutcomeTransient, Text: err.Error()}
		} else {
			outcomes[i] = r.answer(item.Delivery)
		}
		if outcomes[i].Kind != "" {
			job.Settled(i, outcomes[i])
		}
	}
	return outcomes
}

func (r *receivers) answer(d myodai.Delivery) myodai.Outcome {
	r.mu.Lock()
	if r.attempts == nil {
		r.attempts = map[myodai.DeliveryID][]time.Time{}
	}
	r.attempts[d.ID] = append(r.attempts[d.ID], time.Now())
	n := len(r.attempts[d.ID])
	r.mu.Unlock()
	kind := myodai.OutcomeDelivered
	if r.reply != nil {
		kind = r.reply(d, n)
	}
	o := map[myodai.OutcomeKind]myodai.Outcome{
		myodai.OutcomeDelivered: {Kind: kind, Code: 250, Text: "taken"},
		myodai.OutcomeTransient: {Kind: kind, Code: 451, Enhanced: "4.7.1", Text: "later"},
		myodai.OutcomePermanent: {Kind: kind, Code: 550, Enhanced: "5.1.1", Text: "no such user"},
	}
	answer := o[kind]
	answer.At = time.Now()
	return answer
}

func (r *receivers) enter(domain myodai.Name, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.peak == nil {
		r.peak, r.now = map[myodai.Name]int{}, map[myodai.Name]int{}
	}
	r.inFlight += n
	r.now[domain] += n
	r.peak[domain] = max(r.peak[domain], r.now[domain])
}
