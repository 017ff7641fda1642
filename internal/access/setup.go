package access

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// setupLife is how long a set-up link works.
const setupLife = 24 * time.Hour

// NeedsSetup reports whether there is no platform operator who could sign in.
func (s *Service) NeedsSetup(ctx context.Context) (bool, error) {
	list, _, err := s.people.Members(ctx, "", myodai.Page{Limit: 1})
	return err == nil && len(list) == 0, err
}

// SetupLink makes the address of the page at which the first platform operator is
// made. It is for who has the machine: in the log, and by a command. It refuses
// with CodeConflict when there is one already.
func (s *Service) SetupLink(ctx context.Context) (string, error) {
	needed, err := s.NeedsSetup(ctx)
	if err != nil {
		return "", err
	}
	if !needed {
		return "", myodai.Refuse(myodai.CodeConflict, "", "there is a platform operator already; invite others with: myodai member invite --operator")
	}
	t, token := s.ticket(time.Now(), myodai.TicketSetup, "", setupLife)
	t.Role, t.By = myodai.RoleOperator, "set-up"
	if err := s.people.CreateTicket(ctx, t); err != nil {
		return "", err
	}
	return s.base + "/setup/" + token, nil
}

// Setup says whether the token of a set-up link works.
func (s *Service) Setup(ctx context.Context, token string) error {
	_, err := s.present(ctx, myodai.TicketSetup, token)
	return err
}

// FirstOperator makes the first platform operator and signs them in. Every other
// set-up link stops working.
func (s *Service) FirstOperator(ctx context.Context, token, email string, p Profile, password string, from Client, before string) (SignedIn, error) {
	t, err := s.present(ctx, myodai.TicketSetup, token)
	if err != nil {
		return SignedIn{}, err
	}
	if t.Email, err = parseEmail(email); err != nil {
		return SignedIn{}, err
	}
	return s.join(ctx, t, p, password, false, from, before)
}
