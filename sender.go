package myodai

import (
	"strings"
	"time"
	"unicode/utf8"
)

// SenderAddress is an address that a tenant puts into From.
//
// Whether it is verified is not kept: what that takes is policy (F2), and the
// domain's part of it changes by itself.
type SenderAddress struct {
	ID          SenderID
	TenantID    TenantID
	Label       string // in lists: half-width letters and digits (B27)
	Address     Address
	Name        string    // shown beside the address; "" for none
	ReplyTo     Address   // where answers go; zero for the address itself
	ConfirmedAt time.Time // by whoever reads its mail; zero before
	CreatedAt   time.Time
	ChangedAt   time.Time
	Look        SenderLook
}

// Confirmed reports whether somebody who reads the address's mail agreed.
func (a SenderAddress) Confirmed() bool { return !a.ConfirmedAt.IsZero() }

// CarriesAlone reports whether the address may be sent from without a verified
// domain: it is confirmed, and its domain does not ask receivers to turn such
// mail away.
func (a SenderAddress) CarriesAlone() bool { return a.Confirmed() && a.Look.RefusedAt.IsZero() }

// maxSenderLabel and maxSenderName bound what people call a sender address, in
// characters.
const maxSenderLabel, maxSenderName = 40, 100

// ParseSenderLabel checks the label of a sender address (B27).
func ParseSenderLabel(s string) (string, error) {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "", Refuse(CodeInvalid, "label", "a label is made of half-width letters and digits only, without spaces, # or other signs")
		}
	}
	if s == "" || len(s) > maxSenderLabel {
		return "", Refuse(CodeInvalid, "label", "a label has 1 to %d half-width letters and digits", maxSenderLabel)
	}
	return s, nil
}

// ParseSenderName checks the name that is shown beside an address; "" is none.
// It has no address in it: many mailboxes show nothing but the name.
func ParseSenderName(s string) (string, error) {
	s = strings.TrimSpace(s)
	plain := utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c >= 0x7f && c <= 0x9f || c == 0x2028 || c == 0x2029 })
	if !plain || strings.ContainsAny(s, "@<>") || utf8.RuneCountInString(s) > maxSenderName {
		return "", Refuse(CodeInvalid, "name", "a name is at most %d characters of plain text on one line, without @, < or >", maxSenderName)
	}
	return s, nil
}

// ConfirmationEnding says how a confirmation came to its end; "" while it is
// open.
type ConfirmationEnding string

const (
	ConfirmationConfirmed ConfirmationEnding = "confirmed"
	ConfirmationDenied    ConfirmationEnding = "denied"   // "this was not me"
	ConfirmationExpired   ConfirmationEnding = "expired"  // or too many wrong codes
	ConfirmationReplaced  ConfirmationEnding = "replaced" // by a later one, or the address was changed or deleted
)

// Confirmation is one mail that asks whoever reads an address's mail to agree
// that a tenant sends from it.
type Confirmation struct {
	ID        RequestID
	TenantID  TenantID
	SenderID  SenderID
	Address   Address
	TokenHash [32]byte // SHA-256 of what is in the link; the token itself is not kept (T13)
	// Code is shown to the tenant, and typed by whoever opened the link without
	// being signed in as the tenant. Alone it opens nothing, so it is kept as it is.
	Code      string
	AskedFrom string // IP address the request came from, "" when unknown
	AskedAt   time.Time
	ExpiresAt time.Time
	Tries     int // wrong codes
	Ending    ConfirmationEnding
	EndedAt   time.Time
}

// The bounds of confirming (T10, T11, T13).
const (
	MaxConfirmationMails = 3                   // to one address in a day, whoever asks
	ConfirmationPeriod   = 24 * time.Hour      // in which these are counted
	ConfirmationBlock    = 30 * 24 * time.Hour // after "this was not me"
	MaxConfirmationTries = 10                  // wrong codes
)

// Open reports whether the confirmation still waits for an answer.
func (c Confirmation) Open(now time.Time) bool { return c.Ending == "" && now.Before(c.ExpiresAt) }
