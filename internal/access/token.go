package access

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"time"

	"github.com/myodai/myodai"
)

// tokenOctets is the randomness of tokens of sessions, tickets and share links.
const tokenOctets = 32

// newToken makes a token and the hash under which it is kept.
func (s *Service) newToken() (token string, hash [32]byte) {
	var b [tokenOctets]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		panic("access: no randomness: " + err.Error())
	}
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, hashToken(token)
}

func hashToken(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// tokenLength is how long every token is.
var tokenLength = base64.RawURLEncoding.EncodedLen(tokenOctets)

// ticket makes a ticket that lasts for life.
func (s *Service) ticket(now time.Time, purpose myodai.TicketPurpose, tenant myodai.TenantID, life time.Duration) (t myodai.Ticket, token string) {
	token, hash := s.newToken()
	return myodai.Ticket{
		ID: myodai.NewID[myodai.TicketID](now, s.random), Purpose: purpose, TenantID: tenant, TokenHash: hash,
		CreatedAt: now, ExpiresAt: now.Add(life),
	}, token
}

// errTicket is the one answer to every ticket that does not work.
var errTicket = myodai.Refuse(myodai.CodeNotFound, "", "this link was used already, or its time is over; ask for another one")

// audit makes an entry about an act of by.
func (s *Service) audit(now time.Time, by By, tenant myodai.TenantID, operation, object string, data map[string]string) myodai.AuditEntry {
	return myodai.AuditEntry{
		ID: myodai.NewID[myodai.AuditID](now, s.random), TenantID: tenant, At: now, Actor: by.Actor,
		Operation: operation, Object: object, Address: by.Client.Address, Data: data,
	}
}
