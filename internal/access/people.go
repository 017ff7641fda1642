package access

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// People is what access needs of the store for those who sign in.
type People interface {
	Members
	Sessions
	Tickets
	ShareLinks
	Trail
}

// Members are kept by the store.
type Members interface {
	Member(ctx context.Context, tenant myodai.TenantID, id myodai.MemberID) (myodai.Member, error)
	MemberOfAnyTenant(ctx context.Context, id myodai.MemberID) (myodai.Member, error)
	MemberByEmail(ctx context.Context, email myodai.Address) (myodai.Member, error)
	MemberBySubject(ctx context.Context, tenant myodai.TenantID, subject string) (myodai.Member, error)
	Members(ctx context.Context, tenant myodai.TenantID, page myodai.Page) ([]myodai.Member, string, error)
	CreateMember(ctx context.Context, c myodai.MemberChange, now time.Time) error
	UpdateMember(ctx context.Context, tenant myodai.TenantID, id myodai.MemberID, now time.Time,
		change func(m myodai.Member, heads int) (myodai.MemberChange, error)) (myodai.Member, error)
	DeleteMember(ctx context.Context, tenant myodai.TenantID, id myodai.MemberID,
		allow func(m myodai.Member, heads int) ([]myodai.AuditEntry, error)) error
}

// Sessions are kept by the store.
type Sessions interface {
	CreateSession(ctx context.Context, v myodai.Session, instead myodai.SessionID, entries ...myodai.AuditEntry) error
	SessionBySecret(ctx context.Context, hash [32]byte) (myodai.Session, error)
	Sessions(ctx context.Context, tenant myodai.TenantID, member myodai.MemberID) ([]myodai.Session, error)
	SeeSession(ctx context.Context, id myodai.SessionID, at time.Time) error
	EndSession(ctx context.Context, tenant myodai.TenantID, member myodai.MemberID, id myodai.SessionID, entries ...myodai.AuditEntry) error
	EndSessions(ctx context.Context, tenant myodai.TenantID, member myodai.MemberID, but myodai.SessionID, entries ...myodai.AuditEntry) error
	SignInRules(ctx context.Context, tenant myodai.TenantID) (myodai.SignInRules, error)
	SetSignInRules(ctx context.Context, r myodai.SignInRules, entries ...myodai.AuditEntry) error
}

// Tickets are kept by the store.
type Tickets interface {
	CreateTicket(ctx context.Context, t myodai.Ticket, entries ...myodai.AuditEntry) error
	Ticket(ctx context.Context, purpose myodai.TicketPurpose, hash [32]byte, now time.Time) (myodai.Ticket, error)
	SpendTicket(ctx context.Context, id myodai.TicketID, now time.Time) error
	Invitations(ctx context.Context, tenant myodai.TenantID, now time.Time) ([]myodai.Ticket, error)
	WithdrawInvitation(ctx context.Context, tenant myodai.TenantID, id myodai.TicketID, entries ...myodai.AuditEntry) error
}

// ShareLinks are kept by the store.
type ShareLinks interface {
	CreateShareLink(ctx context.Context, l myodai.ShareLink, entries ...myodai.AuditEntry) error
	ShareLinkByToken(ctx context.Context, hash [32]byte) (myodai.ShareLink, error)
	OpenShareLink(ctx context.Context, tenant myodai.TenantID, id myodai.ShareLinkID, at time.Time, entries ...myodai.AuditEntry) error
	ShareLinks(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) ([]myodai.ShareLink, error)
	RevokeShareLink(ctx context.Context, tenant myodai.TenantID, id myodai.ShareLinkID, now time.Time, entries ...myodai.AuditEntry) (myodai.ShareLink, error)
}

// Trail is where refused attempts are kept, which change nothing.
type Trail interface {
	RecordAudit(ctx context.Context, entries ...myodai.AuditEntry) error
}
