package resolver

import "sync/atomic"

// maxOctets bounds what one probe or lookup takes in. A full budget of ordinary
// answers fits; hostile zones do not fill the memory or the store with it (T36).
const maxOctets = 1 << 20

// session is one probe or lookup: what it may still spend.
type session struct {
	client *client
	spent  atomic.Int64
	octets atomic.Int64
}

func (c *client) session() *session { return &session{client: c} }

// spend takes one query off the budget.
func (s *session) spend() error {
	if s.octets.Load() > maxOctets {
		return errVolume
	}
	if s.spent.Add(1) > int64(s.client.o.Budget) {
		return errBudget
	}
	return nil
}

// exhausted says why nothing more can be asked; nil when it can.
func (s *session) exhausted() error {
	switch {
	case s.octets.Load() > maxOctets:
		return errVolume
	case s.spent.Load() >= int64(s.client.o.Budget):
		return errBudget
	}
	return nil
}
