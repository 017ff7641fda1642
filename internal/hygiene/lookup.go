package hygiene

import (
	"context"
	"strings"

	"github.com/myodai/myodai"
)

// mailState is whether a domain takes mail.
type mailState string

const (
	mailTaken    mailState = ""               // there is a host for it
	mailNoDomain mailState = "no_such_domain" // the name does not exist
	mailNull     mailState = "null_mx"        // it says that it takes none (RFC 7505)
	mailNoHost   mailState = "no_host"        // neither MX nor address records
	mailUnknown  mailState = "unknown"        // DNS did not answer
)

// Lookup asks DNS, and remembers.
type Lookup func(ctx context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer

// ask finds out whether a domain takes mail, as a sending server would (RFC 5321
// §5.1). An MX record is taken by its word; whether its host answers is for
// delivery to see.
func ask(ctx context.Context, lookup Lookup, domain myodai.Name) mailState {
	a := lookup(ctx, domain, myodai.TypeMX)
	switch a.Kind() {
	case myodai.AnswerUnknown:
		return mailUnknown
	case myodai.AnswerPositive:
		return exchangers(a)
	}
	if a.RCode == "NXDOMAIN" {
		return mailNoDomain
	}
	unknown := false
	for _, t := range []myodai.RecordType{myodai.TypeA, myodai.TypeAAAA} {
		switch lookup(ctx, domain, t).Kind() {
		case myodai.AnswerPositive:
			return mailTaken
		case myodai.AnswerUnknown:
			unknown = true
		}
	}
	if unknown {
		return mailUnknown
	}
	return mailNoHost
}

// exchangers tells a null MX from others.
func exchangers(a myodai.Answer) mailState {
	null := false
	for _, rr := range a.Records {
		if rr.Type != myodai.TypeMX {
			continue
		}
		_, host, _ := strings.Cut(rr.Data, " ")
		if host != "" && host != "." {
			return mailTaken
		}
		null = true
	}
	if null {
		return mailNull
	}
	return mailUnknown // positive, and no MX record in it: nothing is known
}
