// Command myodai sends e-mail in customers' own names: it is the service, and
// the command line for those who run and use it.
//
// This package holds no rules of its own. It reads the configuration, puts the
// rooms together, and talks to a running service over its API.
//
// It ends with one of the statuses in exit.go, and writes errors as sentences to
// standard error.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), &cli{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(),
	}, os.Args[1:]))
}
