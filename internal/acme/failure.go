package acme

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/myodai/myodai"
)

// maxDetail bounds what is kept of an authority's words.
const maxDetail = 1000

// passing are the problems that go away by themselves (RFC 8555 §6.7); others
// wait for somebody to change something.
var passing = []string{"serverInternal", "rateLimited", "badNonce", "orderNotReady", "accountDoesNotExist"}

// failureOf says why an order came to nothing, in the authority's own words where
// it has said any.
func failureOf(err error, now time.Time) myodai.CertificateFailure {
	f := myodai.CertificateFailure{At: now, Detail: err.Error()}
	var problem acme.Problem
	if errors.As(err, &problem) {
		f.Type = strings.TrimPrefix(problem.Type, "urn:ietf:params:acme:error:")
		f.Detail = problem.Detail
		for _, sub := range problem.Subproblems {
			f.Detail += "\n" + sub.Detail
		}
		f.Lasting = f.Type != "" && !slices.Contains(passing, f.Type) && problem.Status < 500
	}
	var later *laterError
	if errors.As(err, &later) {
		f.Wait = later.wait
	}
	if len(f.Detail) > maxDetail {
		f.Detail = strings.ToValidUTF8(f.Detail[:maxDetail], "") + "…"
	}
	return f
}

// laterError is an error with the authority's wish to be left alone for a while.
type laterError struct {
	error
	wait time.Duration
}

func (e *laterError) Unwrap() error { return e.error }
