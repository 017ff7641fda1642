package submission

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/myodai/myodai"
)

var errUnfinished = errors.New("not built yet")

// Submit takes responsibility for one message. When it returns without an
// error, the message is durable (P01).
//
// It refuses with CodeForbidden an author the tenant has not verified and a
// suspended tenant, with CodeInvalid a message no receiver would take, with
// CodeTooLarge what is past a limit, and with CodeConflict an idempotency key
// that was used for another request.
func (e *Engine) Submit(ctx context.Context, r Request) (Result, error) {
	return Result{}, errUnfinished
}

// Authorize returns the domain as which tenant may send mail from an address in
// from: the nearest of owners at or above it, on label boundaries, that may
// send (T07). A nearer one of another tenant ends the search (T08).
func Authorize(from myodai.Name, tenant myodai.TenantID, owners []myodai.Domain) (myodai.Domain, error) {
	return myodai.Domain{}, errUnfinished
}

// Compose writes a draft as a MIME message with CRLF line ends, dated now, and
// lists its recipients: To, Cc and Bcc, each once. Bcc is in no header. random
// makes the boundaries and must not fail.
func Compose(d Draft, now time.Time, random io.Reader) (raw []byte, recipients []myodai.Address, err error) {
	return nil, nil, errUnfinished
}

// ParseMailbox reads `name@example.com`, `Some Name <name@example.com>` or
// `"Some, Name" <name@example.com>`.
func ParseMailbox(s string) (Mailbox, error) {
	return Mailbox{}, errUnfinished
}
