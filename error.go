package myodai

import (
	"errors"
	"fmt"
)

// Code says what kind of refusal an Error is. Each edge translates it by one
// table of its own: HTTP status, SMTP reply, exit status.
type Code string

const (
	CodeInvalid      Code = "invalid"      // the request cannot mean anything
	CodeUnauthorized Code = "unauthorized" // we do not know who asks
	CodeForbidden    Code = "forbidden"    // we know who asks, and they may not
	CodeNotFound     Code = "not_found"    // absent, or somebody else's: the same answer
	CodeConflict     Code = "conflict"     // the state of things does not allow it now
	CodeTooLarge     Code = "too_large"    // past a stated limit
	CodeLimited      Code = "limited"      // too often
	CodeUnavailable  Code = "unavailable"  // ours to mend; ask again later
)

// Error is a refusal the caller may read. Anything that is not an Error is our
// own fault: it is logged once, and the caller sees only a fixed text.
type Error struct {
	Code    Code
	Field   string // the part of the request it is about, "" for all of it
	Message string // one sentence that says what to do, no trailing period, safe to show

	// Format and Args are what Message was made of, for edges that say it in
	// another language. Format is "" when there is nothing to make it of.
	Format string
	Args   []any
}

func (e *Error) Error() string { return e.Message }

// Faults of ours that the caller can sit out: they end by themselves, or by the
// operator's hand. Stores wrap them. Edges log them as any fault, and tell the
// caller to come again, as long as nothing was answered for (P03, P08).
var (
	ErrNoSpace = errors.New("no space is left on the disk")
	ErrAway    = errors.New("the database cannot be used just now")
)

// Refuse makes a refusal about the given field ("" for the whole request).
func Refuse(code Code, field, format string, args ...any) *Error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...), Format: format, Args: args}
}

// Invalidf is Refuse with CodeInvalid and no field.
func Invalidf(format string, args ...any) *Error {
	return Refuse(CodeInvalid, "", format, args...)
}
