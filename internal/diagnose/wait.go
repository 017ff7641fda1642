package diagnose

import (
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// cacheSlack is added to the end of a wait, for clocks that differ.
const cacheSlack = 5 * time.Second

// Resolvers keep nothing longer than this, whatever its TTL: the largest of the
// usual bounds (BIND 10,800 s for what is not there, 604,800 s for what is).
const (
	maxNegativeTTL = 3 * time.Hour
	maxPositiveTTL = 7 * 24 * time.Hour
)

// waits says for which records all is done and only caches have to forget, and
// when they will have. It says nothing while anything required is wrong.
func (v *view) waits(sofar []myodai.Finding) []myodai.Finding {
	if slices.ContainsFunc(sofar, func(f myodai.Finding) bool { return f.Severity == blocks }) {
		return nil
	}
	var list []myodai.Finding
	if f, ok := v.movingServers(); ok {
		list = append(list, v.finding(plan.Item{}, f))
	}
	for i, item := range v.plan.Items {
		if v.checks[i].Status != myodai.StatusAsPlanned || item.Value == "" {
			continue
		}
		if f, ok := v.cached(item); ok {
			list = append(list, v.finding(item, f))
		}
	}
	return list
}

// cached judges what public resolvers still say of a record that is right at
// every server.
func (v *view) cached(item plan.Item) (flaw, bool) {
	f := flaw{args: map[string]string{}}
	for _, t := range []myodai.RecordType{myodai.TypeTXT, myodai.TypeMX, myodai.TypeA} {
		for _, a := range v.remembered(item.Name, t) {
			cause, left := v.stale(item, a)
			if cause == "" {
				continue
			}
			if until := a.At.Add(left + cacheSlack); until.After(f.until) {
				f.until = until
				if f.cause != OldValueCached {
					f.cause = cause
				}
				f.found = a.Address + ": " + words(a)
			}
		}
	}
	if f.cause == "" || !f.until.After(v.in.Now) {
		return flaw{}, false
	}
	f.args["eta"] = stamp(f.until)
	f.args["worst"] = stamp(v.worst(item, f.until))
	return f, true
}

// stale says what a resolver remembers that is no longer so, and for how long.
func (v *view) stale(item plan.Item, a *myodai.Answer) (myodai.Cause, time.Duration) {
	switch a.Kind() {
	case myodai.AnswerNegative:
		for _, rr := range a.Authority {
			if rr.Type == myodai.TypeSOA {
				// In a cache the record's own TTL counts down (RFC 2308 §5).
				return NegativeCachePending, min(seconds(rr.TTL), maxNegativeTTL)
			}
		}
	case myodai.AnswerPositive:
		before := []myodai.Record{}
		ttl := uint32(1<<32 - 1)
		for _, rr := range a.Records {
			if rr.Name == item.Name {
				before, ttl = append(before, rr), min(ttl, rr.TTL)
			}
		}
		if len(before) == 0 || v.current(item, before) {
			return "", 0
		}
		return OldValueCached, min(seconds(ttl), maxPositiveTTL)
	}
	return "", 0
}

// current reports whether records are among those the zone's servers hold now.
func (v *view) current(item plan.Item, records []myodai.Record) bool {
	here := v.here(item.Name)
	return !slices.ContainsFunc(records, func(rr myodai.Record) bool {
		return !slices.ContainsFunc(here, func(b myodai.Record) bool { return b.Type == rr.Type && b.Data == rr.Data })
	})
}

// worst is the latest moment at which any resolver can still be behind: since
// the record was last seen to be otherwise, by the longest it may be kept.
func (v *view) worst(item plan.Item, shown time.Time) time.Time {
	s, ok := soaOf(v.in.Observation, v.zone)
	if !ok {
		return shown
	}
	at := v.in.Observation.FinishedAt.Add(min(s.negative(), maxNegativeTTL))
	for _, o := range v.in.Earlier {
		for _, a := range o.Answers {
			if a.Name != item.Name || a.Recursive || a.Kind() != myodai.AnswerPositive {
				continue
			}
			for _, rr := range a.Records {
				if rr.Name == item.Name && !v.current(item, []myodai.Record{rr}) {
					at = later(at, v.in.Observation.FinishedAt.Add(min(seconds(rr.TTL), maxPositiveTTL)))
				}
			}
		}
	}
	return later(at, shown)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// movingServers finds resolvers that still ask the servers a domain had before.
func (v *view) movingServers() (flaw, bool) {
	f := flaw{cause: NSChangeInProgress, args: map[string]string{}}
	now := v.nameServers()
	for _, a := range v.remembered(v.zone, myodai.TypeNS) {
		if a.Kind() != myodai.AnswerPositive {
			continue
		}
		for _, rr := range a.Of(myodai.TypeNS) {
			if slices.Contains(now, myodai.Name(rr.Data)) || slices.Contains(v.childServers(), rr.Data) {
				continue
			}
			if until := a.At.Add(min(seconds(rr.TTL), maxPositiveTTL) + cacheSlack); until.After(f.until) {
				f.until, f.found = until, a.Address+": "+words(a)
			}
		}
	}
	if f.until.IsZero() || len(now) == 0 || !f.until.After(v.in.Now) {
		return flaw{}, false
	}
	f.args["eta"] = stamp(f.until)
	return f, true
}

// publicTypes are the types that public resolvers are asked for at an item's
// name: those whose answers receivers need.
func publicTypes(item plan.Item) []myodai.RecordType {
	switch item.Purpose {
	case myodai.PurposeReturnPath:
		if item.Type != myodai.TypeTXT {
			return []myodai.RecordType{myodai.TypeMX}
		}
	case myodai.PurposeTracking:
		return []myodai.RecordType{myodai.TypeA}
	}
	return []myodai.RecordType{myodai.TypeTXT}
}

// dnssecCodes are the extended errors that say that validation failed (RFC 8914
// §4.7 to §4.13).
var dnssecCodes = []string{"6", "7", "8", "9", "10", "11", "12"}

// bogus finds broken DNSSEC: no key in the zone is one the zone above vouches
// for, or validating resolvers say so.
func (v *view) bogus() (flaw, bool) {
	f := flaw{cause: DNSSECBogus, args: map[string]string{}}
	z, ok := v.in.Observation.ZoneOf(v.plan.Domain)
	if ok && len(z.DS) > 0 && v.asked(z.Name, "DNSKEY") {
		why := unvouched(z.DS, v.records(z.Name, "DNSKEY"))
		if why != "" {
			f.args["why"] = why
			f.found = "DS " + z.DS[0].Data
			return f, true
		}
	}
	for _, a := range v.in.Observation.Answers { // in the order asked, so that the same one is told again
		if !a.Recursive || v.zone == "" || !a.Name.Under(v.zone) {
			continue
		}
		code, _, _ := strings.Cut(a.ExtendedError, ":")
		if a.RCode == "SERVFAIL" && slices.Contains(dnssecCodes, code) {
			f.found, f.args["why"] = "SERVFAIL, "+a.ExtendedError, a.ExtendedError
			return f, true
		}
	}
	return flaw{}, false
}
