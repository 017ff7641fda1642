package inbound_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/inbound"
)

// shelf is a store in memory: what the engine asks for, and nothing else.
type shelf struct {
	domains    map[string]myodai.Domain
	deliveries map[myodai.DeliveryID]myodai.Delivery

	returned     []myodai.Returned
	events       []myodai.Event
	suppressions []myodai.Suppression
	asked        int   // for domains
	fault        error // of the database, when not nil
}

func (s *shelf) DomainByToken(_ context.Context, token string) (myodai.Domain, error) {
	s.asked++
	if s.fault != nil {
		return myodai.Domain{}, s.fault
	}
	d, ok := s.domains[token]
	if !ok {
		return d, myodai.Refuse(myodai.CodeNotFound, "domain", "there is no such domain")
	}
	return d, nil
}

func (s *shelf) RecordReturned(_ context.Context, r myodai.Returned,
	change func(myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error),
) error {
	if s.fault != nil {
		return s.fault
	}
	d, ok := s.deliveries[r.DeliveryID]
	if r.DeliveryID != "" && !ok {
		return myodai.Refuse(myodai.CodeNotFound, "delivery", "there is no such delivery")
	}
	if r.Among != nil {
		return s.recordAmong(r, d, change)
	}
	if r.Kind == myodai.ReturnedComplaint && slices.ContainsFunc(s.returned, func(one myodai.Returned) bool {
		return one.Kind == r.Kind && one.DeliveryID == r.DeliveryID
	}) {
		s.returned = append(s.returned, r)
		return nil
	}
	if _, _, _, err := change(d); err != nil { // as when a database runs the transaction again
		return err
	}
	after, events, suppression, err := change(d)
	if err != nil {
		return err
	}
	if ok {
		s.deliveries[r.DeliveryID] = after
	}
	s.events = append(s.events, events...)
	if suppression != nil {
		s.suppressions = append(s.suppressions, *suppression)
	}
	if r.TenantID == "" {
		r.TenantID = d.TenantID
	}
	s.returned = append(s.returned, r)
	return nil
}

// recordAmong is RecordReturned at a shared return path.
func (s *shelf) recordAmong(r myodai.Returned, first myodai.Delivery,
	change func(myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error),
) error {
	matched := 0
	for _, d := range s.deliveries {
		if d.MessageID != first.MessageID || d.ReturnPath != first.ReturnPath || !r.Among(d) {
			continue
		}
		matched++
		one := r
		one.Among, one.DeliveryID = nil, d.ID
		if err := s.RecordReturned(context.Background(), one, change); err != nil {
			return err
		}
	}
	if matched == 0 {
		s.returned, s.events = append(s.returned, r), append(s.events, r.Unmatched(first))
	}
	return nil
}

func (s *shelf) kinds() (kinds []myodai.EventKind) {
	for _, e := range s.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

const (
	zone       = myodai.Name("plat.example")
	bounceHost = myodai.Name("bounce.customer.example")
	token      = "abcdefghijklmnopqrstuvw234"
)

var returnKey = sha256.Sum256([]byte("a key for tests"))

// room is a service with one delivery to taro@example.net, delivered, and one
// verified domain.
func room(t *testing.T) (*inbound.Service, *shelf, myodai.Delivery, *inbound.Options) {
	t.Helper()
	d := delivery(myodai.DeliveryDelivered, 1)
	d.ID = myodai.NewID[myodai.DeliveryID](time.Now(), rand.Reader)
	d.ReturnPath = bounce.MintReturnPath(returnKey, d.ID, bounceHost)
	s := &shelf{
		domains: map[string]myodai.Domain{
			token: {ID: "dom_a", TenantID: "ten_a", Name: "customer.example", State: myodai.DomainVerified, Token: token},
		},
		deliveries: map[myodai.DeliveryID]myodai.Delivery{d.ID: d},
	}
	o := inbound.Options{Store: s, Random: rand.Reader, ReturnKey: returnKey, Zone: zone, MailHost: "mail.operator.example"}
	return inbound.New(o), s, d, &o
}
