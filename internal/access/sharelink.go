package access

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// How long a share link works: long enough for an IT department, and never for
// ever.
const (
	DefaultShareLife = 14 * 24 * time.Hour
	MaxShareLife     = 90 * 24 * time.Hour
)

// NewShareLink is what is said of a link to be made.
type NewShareLink struct {
	Domain    myodai.DomainID
	Recipient string        // whom it is for, for people; "" when not told
	Language  string        // "en" or "ja"
	Life      time.Duration // 0 means DefaultShareLife
}

// CreateShareLink makes a link to a domain of the tenant for somebody without a
// login, and the token that belongs into its address. The token cannot be had
// again.
func (s *Service) CreateShareLink(ctx context.Context, by By, tenant myodai.TenantID, n NewShareLink) (l myodai.ShareLink, token string, err error) {
	if err := by.may(ActionSetUp, tenant); err != nil {
		return l, "", err
	}
	switch {
	case n.Life == 0:
		n.Life = DefaultShareLife
	case n.Life < time.Minute || n.Life > MaxShareLife:
		return l, "", myodai.Refuse(myodai.CodeInvalid, "life", "a link works for a minute at least and %d days at most", MaxShareLife/(24*time.Hour))
	}
	if !plainLine(n.Recipient, maxLabel) {
		return l, "", myodai.Refuse(myodai.CodeInvalid, "recipient", "the recipient is plain text on one line, of at most %d characters", maxLabel)
	}
	language, err := parseLanguage(n.Language)
	if err != nil {
		return l, "", err
	}
	now := time.Now()
	token, hash := s.newToken()
	l = myodai.ShareLink{
		ID: myodai.NewID[myodai.ShareLinkID](now, s.random), TenantID: tenant, DomainID: n.Domain, TokenHash: hash,
		Recipient: n.Recipient, Language: language, CreatedBy: by.Actor.Name, CreatedAt: now, ExpiresAt: now.Add(n.Life),
	}
	err = s.people.CreateShareLink(ctx, l, s.audit(now, by, tenant, "create-share-link", string(n.Domain),
		map[string]string{"share_link_id": string(l.ID), "recipient": n.Recipient}))
	if err != nil {
		return myodai.ShareLink{}, "", err
	}
	return l, token, nil
}

// ShareLink finds the link that works with the token. Every token that does not
// work is answered alike.
func (s *Service) ShareLink(ctx context.Context, token string) (myodai.ShareLink, error) {
	unknown := myodai.Refuse(myodai.CodeNotFound, "", "this link does not work any more, or never did; ask who sent it for another one")
	if len(token) != tokenLength {
		return myodai.ShareLink{}, unknown
	}
	l, err := s.people.ShareLinkByToken(ctx, hashToken(token))
	if isCode(err, myodai.CodeNotFound) || err == nil && !l.Open(time.Now()) {
		return myodai.ShareLink{}, unknown
	}
	if err != nil {
		return myodai.ShareLink{}, err
	}
	t, err := s.store.Tenant(ctx, l.TenantID)
	if err != nil {
		return myodai.ShareLink{}, err
	}
	if t.State != myodai.TenantActive {
		return myodai.ShareLink{}, unknown
	}
	return l, nil
}

// OpenShareLink notes that somebody looked at what the link shows, at most once
// an hour: GET changes nothing that matters, and reloading fills no trail.
func (s *Service) OpenShareLink(ctx context.Context, l myodai.ShareLink, from Client) error {
	now := time.Now()
	if now.Sub(l.OpenedAt) < time.Hour {
		return nil
	}
	return s.people.OpenShareLink(ctx, l.TenantID, l.ID, now,
		s.audit(now, ByShareLink(l, from), l.TenantID, "open-share-link", string(l.DomainID), map[string]string{"share_link_id": string(l.ID)}))
}

// ByShareLink is who asks with a share link. They have no role: what the link
// opens is its domain, and the edge sees to that.
func ByShareLink(l myodai.ShareLink, from Client) By {
	return By{
		Actor:  myodai.AuditActor{Kind: myodai.AuditShareLink, ID: string(l.ID), Name: l.Recipient},
		Tenant: l.TenantID, Client: from,
	}
}

// ListShareLinks lists the links to a domain, newest first, those that work no
// more too.
func (s *Service) ListShareLinks(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) ([]myodai.ShareLink, error) {
	return s.people.ShareLinks(ctx, tenant, domain)
}

// RevokeShareLink withdraws a link, at once on every node.
func (s *Service) RevokeShareLink(ctx context.Context, by By, tenant myodai.TenantID, id myodai.ShareLinkID) (myodai.ShareLink, error) {
	if err := by.may(ActionSetUp, tenant); err != nil {
		return myodai.ShareLink{}, err
	}
	now := time.Now()
	return s.people.RevokeShareLink(ctx, tenant, id, now, s.audit(now, by, tenant, "revoke-share-link", string(id), nil))
}
