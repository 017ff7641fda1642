package store

import "github.com/myodai/myodai"

// Hand is who attempts, in this process, what is accepted here. Mail that is
// leased as it is written need not be found and claimed.
type Hand interface {
	// Place leases new deliveries, or says that they are to be set aside, or does
	// neither. It must not block.
	Place(list []myodai.Delivery) (aside []bool)
	// Take is told, when they are durable, of what Place has leased, and of the
	// scheduled queues that something was set aside in. It must not block.
	Take(leased []myodai.Delivery, aside []myodai.ScheduledQueue)
	// Doubt is told, instead, when nobody knows whether they are. It must not block.
	Doubt(leased []myodai.Delivery)
	// Wake is told that something is due.
	Wake()
}

// HandTo has what is accepted from now on handed to h. It is called before the
// store is used by several.
func (s *Store) HandTo(h Hand) { s.hand = h }

// placed is what one transaction has accepted, by where it is.
type placed struct {
	leased []myodai.Delivery
	aside  []myodai.ScheduledQueue
	due    bool // something is neither
}

// place writes new deliveries, whose rows these are, where the hand wants them. What a standing hold
// includes is held instead.
func (q session) place(list []myodai.Delivery, rows [][]any, by Hand) (p placed, err error) {
	aside := make([]bool, len(list))
	if by != nil {
		aside = by.Place(list)
	}
	if err := q.addDeliveries(list, rows, aside); err != nil {
		return p, err
	}
	p.leased = make([]myodai.Delivery, 0, len(list))
	for i, d := range list {
		switch {
		case aside[i]:
			p.aside = append(p.aside, myodai.ScheduledQueueOf(d))
		case d.LeaseOwner != "":
			p.leased = append(p.leased, d)
		case d.State == myodai.DeliveryAccepted:
			p.due = true
		}
	}
	if len(p.leased) > 0 {
		p.leased, err = q.putAside(p.leased, p.leased[0].QueuedAt)
	}
	return p, err
}

// handOver hands what is durable over.
func (s *Store) handOver(p placed) {
	if s.hand == nil {
		return
	}
	if len(p.leased)+len(p.aside) > 0 {
		s.hand.Take(p.leased, p.aside)
	}
	if p.due {
		s.hand.Wake()
	}
}
