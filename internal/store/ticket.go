package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

const ticketColumns = `id, purpose, tenant_id, member_id, token_hash, email_local, email_domain, role, invited_by, data, created_at, expires_at`

func ticketFields(t *myodai.Ticket) []any {
	return []any{
		&t.ID, &t.Purpose, &t.TenantID, &t.MemberID, hash{&t.TokenHash}, &t.Email.Local, &t.Email.Domain, &t.Role, &t.By,
		&t.Data, instant{&t.CreatedAt}, instant{&t.ExpiresAt},
	}
}

// CreateTicket keeps a ticket. Those that are over go. An invitation takes the
// place of an earlier one of the same tenant to the same address, and a reset of
// the member's earlier ones.
func (s *Store) CreateTicket(ctx context.Context, t myodai.Ticket, entries ...myodai.AuditEntry) error {
	return s.write(ctx, "create ticket", func(q session) error {
		if _, err := q.exec(`delete from tickets where expires_at <= $1`, t.CreatedAt); err != nil {
			return err
		}
		var err error
		switch t.Purpose {
		case myodai.TicketInvitation:
			_, err = q.exec(`delete from tickets where tenant_id = $1 and purpose = $2 and lower(email_local) = lower($3) and email_domain = $4`,
				t.TenantID, t.Purpose, t.Email.Local, t.Email.Domain)
		case myodai.TicketReset, myodai.TicketEmail:
			_, err = q.exec(`delete from tickets where tenant_id = $1 and purpose = $2 and member_id = $3`, t.TenantID, t.Purpose, t.MemberID)
		}
		if err != nil {
			return err
		}
		_, err = q.exec(`insert into tickets (`+ticketColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			t.ID, t.Purpose, t.TenantID, t.MemberID, t.TokenHash, t.Email.Local, t.Email.Domain, t.Role, t.By, t.Data, t.CreatedAt, t.ExpiresAt)
		if err != nil {
			return err
		}
		return s.addAudit(q, entries)
	})
}

// Ticket finds a ticket by the SHA-256 of its token. One that is over, or good
// for something else, is not there.
func (s *Store) Ticket(ctx context.Context, purpose myodai.TicketPurpose, sum [32]byte, now time.Time) (myodai.Ticket, error) {
	t, err := one(s.read(ctx), "there is no such ticket", ticketFields,
		`select `+ticketColumns+` from tickets where token_hash = $1 and purpose = $2 and expires_at > $3`, sum, purpose, now)
	return t, wrap("read ticket", err)
}

// SpendTicket uses up a ticket that allows no change by itself, so that nobody
// comes with it twice.
func (s *Store) SpendTicket(ctx context.Context, id myodai.TicketID, now time.Time) error {
	return s.write(ctx, "spend ticket", func(q session) error { return q.spend(id, now) })
}

// spend uses up a ticket; "" is none.
func (q session) spend(id myodai.TicketID, now time.Time) error {
	if id == "" {
		return nil
	}
	n, err := q.exec(`delete from tickets where id = $1 and expires_at > $2`, id, now)
	if err == nil && n == 0 {
		err = myodai.Refuse(myodai.CodeNotFound, "", "this link was used already, or its time is over; ask for another one")
	}
	return err
}

// Invitations lists the open invitations of a tenant, or to become a platform
// operator when tenant is "", oldest first.
func (s *Store) Invitations(ctx context.Context, tenant myodai.TenantID, now time.Time) ([]myodai.Ticket, error) {
	list, err := all(s.read(ctx), ticketFields,
		`select `+ticketColumns+` from tickets where tenant_id = $1 and purpose = $2 and expires_at > $3 order by id limit $4`,
		tenant, myodai.TicketInvitation, now, myodai.MaxPage)
	return list, wrap("list invitations", err)
}

// WithdrawInvitation makes an invitation worthless.
func (s *Store) WithdrawInvitation(ctx context.Context, tenant myodai.TenantID, id myodai.TicketID, entries ...myodai.AuditEntry) error {
	return s.write(ctx, "withdraw invitation", func(q session) error {
		n, err := q.exec(`delete from tickets where id = $1 and tenant_id = $2 and purpose = $3`, id, tenant, myodai.TicketInvitation)
		if err == nil && n == 0 {
			err = myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("invitation", id))
		}
		if err != nil {
			return err
		}
		return s.addAudit(q, entries)
	})
}
