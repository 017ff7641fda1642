package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/myodai/myodai"
)

// The exit statuses there are; the larger ones are those of sysexits.h.
const (
	exitOK          = 0
	exitRefused     = 1  // asked for something that cannot be had, or it did not come true
	exitUsage       = 64 // the command line or the configuration means nothing
	exitUnavailable = 69 // the server cannot be reached, or asks us to come again
	exitFault       = 70 // something of ours is broken
)

// exitOf is the only place where a refusal becomes an exit status.
var exitOf = map[myodai.Code]int{
	myodai.CodeInvalid:      exitRefused,
	myodai.CodeUnauthorized: exitRefused,
	myodai.CodeForbidden:    exitRefused,
	myodai.CodeNotFound:     exitRefused,
	myodai.CodeConflict:     exitRefused,
	myodai.CodeTooLarge:     exitRefused,
	myodai.CodeLimited:      exitUnavailable,
	myodai.CodeUnavailable:  exitUnavailable,
}

// comeAgain are the statuses of what a caller can sit out.
var comeAgain = []int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInsufficientStorage}

// usageError is a command line or configuration that means nothing.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// unreachable is a server that does not answer.
type unreachable struct{ error }

// exitStatus is the status the program ends with.
func exitStatus(err error) int {
	if err == nil {
		return exitOK
	}
	if end, ok := errors.AsType[*checkEnd](err); ok {
		return end.status
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	if _, ok := errors.AsType[unreachable](err); ok {
		return exitUnavailable
	}
	if a, ok := errors.AsType[*answeredError](err); ok {
		switch {
		case slices.Contains(comeAgain, a.problem.Status):
			return exitUnavailable
		case a.problem.Status >= 500:
			return exitFault
		}
		return exitRefused
	}
	if refusal, ok := errors.AsType[*myodai.Error](err); ok {
		if status, ok := exitOf[refusal.Code]; ok {
			return status
		}
	}
	return exitFault
}
