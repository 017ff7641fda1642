package submission

import (
	"bytes"
	"context"
	"strings"

	"github.com/myodai/myodai"
)

// rewriteFrom puts the platform's own address into From and leads answers to the
// author (A9): From becomes "Name via Platform" at own, and Reply-To the author,
// unless there is a Reply-To already. Sender goes, because it would speak for a
// domain that nobody verified. The result passes DMARC of the platform's zone.
//
// The name is the author's, or else the tenant's; one that looks like an address
// is not taken, because many mailboxes show nothing but the name.
func rewriteFrom(message []byte, own Mailbox, tenant string) ([]byte, error) {
	h, body, err := parseMessage(message)
	if err != nil {
		return nil, err
	}
	author, err := ParseMailbox(h.first("From"))
	if err != nil {
		return nil, inField("From", err)
	}
	name := strings.TrimSpace(author.Name)
	if name == "" || strings.ContainsAny(name, "@<>") {
		name = strings.Map(func(c rune) rune {
			if strings.ContainsRune("@<>", c) {
				return ' '
			}
			return c
		}, tenant)
	}
	from := Mailbox{Name: name, Address: own.Address}
	if own.Name != "" {
		from.Name += " via " + own.Name
	}
	var b bytes.Buffer
	b.Grow(len(message) + 512)
	for _, f := range h {
		switch {
		case f.is("Sender"):
		case f.is("From"):
			writeMailboxes(&b, "From", []Mailbox{from})
			if !h.has("Reply-To") {
				writeMailboxes(&b, "Reply-To", []Mailbox{author})
			}
		default:
			b.Write(f.raw)
		}
	}
	b.Write(crlf)
	b.Write(body)
	return b.Bytes(), nil
}

// finish makes a completed message what it is sent as but for the signatures: with
// the From that its way gives it. It returns that, the domain that it rests on, which
// signs it and takes its bounces, and m with what was decided.
func (e *Engine) finish(ctx context.Context, m myodai.Message, completed []byte, w Way) ([]byte, myodai.Domain, myodai.Message, error) {
	domain := w.Domain
	m.Basis = w.Basis
	if w.Basis == myodai.BasisDomain {
		m.DomainID = w.Domain.ID
	} else {
		var err error
		if domain, err = e.platform(ctx); err != nil {
			return nil, domain, m, err
		}
	}
	switch w.Basis {
	case myodai.BasisAddress:
		m.SenderID = w.Sender.ID
	case myodai.BasisPlatform:
		tenant, err := e.o.Store.Tenant(ctx, m.TenantID)
		if err != nil {
			return nil, domain, m, err
		}
		if completed, err = rewriteFrom(completed, e.o.Own, tenant.Name); err != nil {
			return nil, domain, m, err
		}
		m.From = e.o.Own.Address
	}
	return completed, domain, m, nil
}
