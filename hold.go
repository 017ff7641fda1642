package myodai

import "time"

// Selection says which deliveries are meant: those to which everything that is
// said applies. The zero Selection means all there are.
type Selection struct {
	TenantID  TenantID  `json:"tenant_id,omitempty"`
	Domain    Name      `json:"domain,omitempty"` // of the recipients
	MessageID MessageID `json:"message_id,omitempty"`
}

// Includes reports whether delivery d is meant.
func (s Selection) Includes(d Delivery) bool {
	return (s.TenantID == "" || s.TenantID == d.TenantID) &&
		(s.Domain == "" || s.Domain == d.Recipient.Domain) &&
		(s.MessageID == "" || s.MessageID == d.MessageID)
}

// StandingHold keeps the deliveries it selects from being attempted, those that
// are accepted later among them, until it is released. They become held when
// they are due, and expire as they would have otherwise.
type StandingHold struct {
	ID        StandingHoldID
	Selection Selection
	Reason    string // for people
	Operator  bool   // made by the platform operator: the tenant cannot release it
	MadeAt    time.Time
	LiftedAt  time.Time // since when it holds nothing more, while what it held is released; zero before
}
