package delivery

import (
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// announced is what a server says that it takes (LIMITS, RFC 9422 §4); 0 where it
// says nothing.
type announced struct {
	mails      int // transactions in a session (MAILMAX)
	recipients int // of a transaction (RCPTMAX)
	domains    int // of recipients in a session (RCPTDOMAINMAX)
}

// readLimits reads the parameters of LIMITS. What it does not know, or cannot read,
// limits nothing (RFC 9422 §3.1).
func readLimits(parameters string) (a announced) {
	fields := map[string]*int{"MAILMAX": &a.mails, "RCPTMAX": &a.recipients, "RCPTDOMAINMAX": &a.domains}
	for one := range strings.FieldsSeq(parameters) {
		name, value, _ := strings.Cut(one, "=")
		const digits = 6
		limit := fields[strings.ToUpper(name)]
		if limit == nil || value == "" || len(value) > digits || strings.Trim(value, "0123456789") != "" {
			continue
		}
		*limit, _ = strconv.Atoi(value) // digits, and few
	}
	return a
}

// full reports whether the session has carried as much as we give one connection,
// or its server takes in one; most 0 is no limit of ours.
func (s *session) full(most int) bool {
	return most > 0 && s.carried >= most || s.limits.mails > 0 && s.carried >= s.limits.mails
}

// serves reports whether recipients of the domain may be named in this session.
func (s *session) serves(domain myodai.Name) bool {
	return s.limits.domains == 0 || slices.Contains(s.served, domain) || len(s.served) < s.limits.domains
}

// serve notes that recipients of the domain are named in this session, where the
// server counts that.
func (s *session) serve(domain myodai.Name) {
	if s.limits.domains > 0 && !slices.Contains(s.served, domain) {
		s.served = append(s.served, domain)
	}
}
