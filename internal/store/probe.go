package store

import (
	"context"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// ClaimProbe makes the delivery the probe of an entry, and sets when the next one
// may go, in case this one is never heard of again. It says no when somebody else
// was faster, or the entry is off the list.
func (s *Store) ClaimProbe(ctx context.Context, entry myodai.Suppression, delivery myodai.DeliveryID, now time.Time) (claimed bool, err error) {
	err = s.write(ctx, "claim probe", func(q session) error {
		n, err := q.exec(`
			update suppressions set probe = $3, probe_at = $4
			 where tenant_id = $1 and id = $2 and probe_at = $5 and removed_at = 0`,
			entry.TenantID, entry.ID, delivery, now.Add(max(entry.ProbeAfter, myodai.ProbeAfter)), entry.ProbeAt)
		claimed = n == 1
		return err
	})
	return claimed, err
}

// settleProbe writes what a delivery that is over says of the entry it probed: one
// that was delivered takes the entry off the list, one that bounced makes the next
// wait longer. It returns the events to be written, without that of a removal
// that was not.
func (q session) settleProbe(d myodai.Delivery, events []myodai.Event) ([]myodai.Event, error) {
	if d.Probe == "" || d.State != myodai.DeliveryDelivered && d.State != myodai.DeliveryBounced {
		return events, nil
	}
	list, err := all(q, suppressionFields,
		`select `+suppressionColumns+` from suppressions where tenant_id = $1 and id = $2 and probe = $3 and removed_at = 0`,
		d.TenantID, d.Probe, d.ID)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return without(events, myodai.EventSuppressionRemoved), nil
	case d.State == myodai.DeliveryDelivered:
		_, err := q.takeOff(list[0], d.Last.At, "probe "+string(d.ID)+" was delivered")
		return events, err
	}
	entry := list[0].Extend(d.Last.At)
	_, err = q.exec(`update suppressions set probe_at = $3, probe_after = $4 where tenant_id = $1 and id = $2`,
		entry.TenantID, entry.ID, entry.ProbeAt, entry.ProbeAfter.Microseconds())
	return events, err
}

// afterProbe is the entry that a DSN about a probe gives rise to, after its server
// had taken it and the old entry was gone: its next probe waits twice as long.
func (q session) afterProbe(s *myodai.Suppression, probe myodai.SuppressionID) (*myodai.Suppression, error) {
	if s == nil || probe == "" {
		return s, nil
	}
	old, err := all(q, suppressionFields, `select `+suppressionColumns+` from suppressions where tenant_id = $1 and id = $2`, s.TenantID, probe)
	if err != nil || len(old) == 0 || s.ProbeAt.IsZero() {
		return s, err
	}
	extended := *s
	extended.ProbeAfter = old[0].ProbeAfter
	extended = extended.Extend(s.CreatedAt)
	return &extended, nil
}

// without leaves out the events of a kind.
func without(events []myodai.Event, kind myodai.EventKind) []myodai.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e myodai.Event) bool { return e.Kind == kind })
}
