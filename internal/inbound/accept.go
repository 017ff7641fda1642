package inbound

import (
	"context"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/plan"
)

// target is what a recipient address stands for. At most one of its fields is
// set.
type target struct {
	origin      bounce.Origin  // of a return path
	domain      *myodai.Domain // of a report address
	postmaster  bool
	unsubscribe myodai.DeliveryID // whose recipient wants no more mail
}

// Accepts says whether mail to recipient is taken: nil, or a refusal to be given
// in reply to RCPT (550 5.1.1). A recipient without a domain stands for one at
// our own host, as postmaster may be written (RFC 5321 §4.5.1).
func (s *Service) Accepts(ctx context.Context, recipient myodai.Address) error {
	_, err := s.resolve(ctx, recipient, time.Now())
	return err
}

// resolve finds out what recipient stands for. It asks the store only for what
// has the form of a token, so that guessing names costs us nothing.
func (s *Service) resolve(ctx context.Context, recipient myodai.Address, now time.Time) (target, error) {
	switch local := strings.ToLower(recipient.Local); {
	case (local == "postmaster" || local == "abuse") && s.isOurHost(recipient.Domain):
		if s.o.Postmaster == nil {
			return target{}, myodai.Refuse(myodai.CodeNotFound, "recipient", "%s does not take mail here", local)
		}
		return target{postmaster: true}, nil
	case recipient.Domain == plan.ReportHost(s.o.Zone):
		if !isToken(local) {
			return target{}, unknown()
		}
		d, err := s.o.Store.DomainByToken(ctx, local)
		if err != nil {
			return target{}, err
		}
		if !d.CanSend() {
			return target{}, unknown()
		}
		return target{domain: &d}, nil
	}
	if s.o.Unsubscribes != nil {
		if id, ok := s.o.Unsubscribes.ReadMail(recipient, now); ok {
			return target{unsubscribe: id}, nil
		}
	}
	origin, err := bounce.ReadReturnPath(s.o.ReturnKey, recipient, now)
	return target{origin: origin}, err
}

func unknown() error {
	return myodai.Refuse(myodai.CodeNotFound, "recipient", "there is no such address here")
}

// isOurHost reports whether name is one of ours. Bounce hosts in tenants' own
// domains are not: their postmaster is the tenant's.
func (s *Service) isOurHost(name myodai.Name) bool {
	return name == "" || name == s.o.MailHost || name.Under(s.o.Zone)
}

// isToken reports whether s has the form of a claim token: 128 bits in base 32.
func isToken(s string) bool {
	return len(s) == 26 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
