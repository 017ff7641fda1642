package spf

import (
	"net/netip"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// ResultKind is a result of check_host (RFC 7208 §2.6).
type ResultKind string

const (
	ResultNone      ResultKind = "none"
	ResultNeutral   ResultKind = "neutral"
	ResultPass      ResultKind = "pass"
	ResultFail      ResultKind = "fail"
	ResultSoftFail  ResultKind = "softfail"
	ResultTempError ResultKind = "temperror"
	ResultPermError ResultKind = "permerror"
)

// ReasonKind says why a result is none, temperror or permerror.
type ReasonKind string

const (
	ReasonBadName   ReasonKind = "bad-name"         // what should be a domain is none
	ReasonNoRecord  ReasonKind = "no-record"        // no SPF record
	ReasonMultiple  ReasonKind = "multiple-records" // more than one
	ReasonSyntax    ReasonKind = "syntax"           // a record that does not parse
	ReasonLookups   ReasonKind = "lookups"          // more than MaxLookups terms asked
	ReasonVoids     ReasonKind = "voids"            // more than MaxVoids of them found nothing
	ReasonMXHosts   ReasonKind = "mx-hosts"         // an mx with more than MaxHosts hosts
	ReasonNoTarget  ReasonKind = "no-target"        // include or redirect leads to no SPF record
	ReasonDNS       ReasonKind = "dns"              // a question got no usable answer
	ReasonQuestions ReasonKind = "questions"        // our own bound on all questions, aliases included
	ReasonLoop      ReasonKind = "loop"             // a record that leads to itself; of Count only
)

// The limits of RFC 7208 §4.6.4. A void look-up is one that finds nothing.
const (
	MaxLookups = 10
	MaxVoids   = 2
	MaxHosts   = 10 // MX hosts of one mx, and PTR names of one address
)

// Request is one connection to judge.
type Request struct {
	IP       netip.Addr  // of the client
	HELO     string      // as the client said it
	MailFrom string      // reverse-path without brackets; "" means postmaster at HELO (§2.4)
	Receiver myodai.Name // for explanations; "" says "unknown"
	At       time.Time   // for explanations; zero says "0"
}

// Result is what check_host says, and why.
type Result struct {
	Kind   ResultKind
	Domain myodai.Name // whose record was asked for; "" when there is no such name
	// Matched is the term that decided, as it is spelled, "" when none did; for
	// an error the term that led to it, "" when that is a record not to be read.
	Matched string
	// Path leads from Domain through include and redirect to the record in which
	// Matched stands.
	Path    []myodai.Name
	Reason  ReasonKind // for none, temperror and permerror
	Lookups int        // terms that asked, at most MaxLookups
	Voids   int        // of them, those that found nothing
	// Explanation is what the domain says to those who fail, "" for nothing. It
	// is a stranger's text: printable ASCII, but nothing to trust (§6.2).
	Explanation string
}

// Evaluate is check_host for the client at ip that said helo and mailFrom
// (RFC 7208 §4). Whatever a stranger's records hold, it asks at most 200
// questions.
func Evaluate(lookup Lookup, ip netip.Addr, helo, mailFrom string) Result {
	return Request{IP: ip, HELO: helo, MailFrom: mailFrom}.Evaluate(lookup)
}

// Evaluate is check_host for the request.
func (r Request) Evaluate(lookup Lookup) Result {
	e := evaluation{asker: newAsker(lookup, maxQuestions), request: r, ip: r.IP.Unmap()}
	domain := e.readSender()
	name := myodai.Name(strings.ToLower(strings.TrimSuffix(domain, ".")))
	if !checkable(name) || !e.ip.IsValid() {
		return Result{Kind: ResultNone, Reason: ReasonBadName}
	}
	e.domain = name
	o := e.check(name, nil)
	result := Result{
		Kind: o.kind, Domain: name, Matched: o.term, Path: o.path, Reason: o.reason,
		Lookups: e.lookups, Voids: e.voids,
	}
	if o.kind == ResultFail {
		result.Explanation = e.explain(o)
	}
	return result
}

// checkable reports whether mail can come from the name: labels, and more than
// one of them (RFC 7208 §4.3).
func checkable(name myodai.Name) bool {
	return askable(name) && name.Labels() > 1 && !strings.ContainsAny(string(name), "[]: ")
}

// evaluation is one run of check_host, across all its recursions.
type evaluation struct {
	*asker
	request Request
	ip      netip.Addr
	local   string      // local part of the sender
	sender  string      // domain of the sender as it was written
	domain  myodai.Name // that was asked for first
	lookups int
	voids   int
}

// readSender takes the sender apart and returns the domain to check. Without a
// local part it is postmaster's (§4.3).
func (e *evaluation) readSender() string {
	from := e.request.MailFrom
	if from == "" {
		from = "@" + e.request.HELO
	}
	e.local, e.sender = "", from
	if at := strings.LastIndexByte(from, '@'); at >= 0 {
		e.local, e.sender = from[:at], from[at+1:]
	}
	if e.local == "" {
		e.local = "postmaster"
	}
	return e.sender
}

// outcome is the result of one recursion.
type outcome struct {
	kind   ResultKind
	reason ReasonKind
	term   string
	path   []myodai.Name
	exp    string // the exp modifier of the record that decided, "" for none
}

func failed(kind ResultKind, reason ReasonKind, term string, path []myodai.Name) *outcome {
	return &outcome{kind: kind, reason: reason, term: term, path: path}
}

// check evaluates the record of domain. The depth is bounded by the look-ups
// that lead here.
func (e *evaluation) check(domain myodai.Name, path []myodai.Name) outcome {
	path = append(path[:len(path):len(path)], domain)
	answer := e.ask(domain, myodai.TypeTXT)
	if answer.kind == myodai.AnswerUnknown {
		return *failed(ResultTempError, e.unknown(), "", path)
	}
	texts := Select(answer.records).Records
	switch len(texts) {
	case 0:
		return *failed(ResultNone, ReasonNoRecord, "", path)
	case 1:
	default:
		return *failed(ResultPermError, ReasonMultiple, "", path)
	}
	// A syntax error anywhere outweighs a match before it (§4.6).
	record, err := Parse(texts[0])
	if err != nil {
		bad := err.(*SyntaxError) // the only error Parse has
		return *failed(ResultPermError, ReasonSyntax, bad.Problems[0].Text, path)
	}
	for _, t := range record.Terms {
		if !t.IsMechanism() {
			continue
		}
		matched, stop := e.match(t, domain, path)
		if stop != nil {
			return *stop
		}
		if matched {
			return outcome{kind: results[t.Qualifier], term: t.Text, path: path, exp: record.exp()}
		}
	}
	if at := record.Redirect(); at >= 0 {
		return e.redirect(record.Terms[at], domain, path)
	}
	return outcome{kind: ResultNeutral, path: path}
}

var results = map[Qualifier]ResultKind{
	QualifierPass: ResultPass, QualifierFail: ResultFail,
	QualifierSoftFail: ResultSoftFail, QualifierNeutral: ResultNeutral,
}

func (r Record) exp() string {
	if at := r.find(TermExp); at >= 0 {
		return r.Terms[at].Domain
	}
	return ""
}

// redirect goes on with another domain's record (RFC 7208 §6.1).
func (e *evaluation) redirect(t Term, domain myodai.Name, path []myodai.Name) outcome {
	if stop := e.count(t, path); stop != nil {
		return *stop
	}
	to := e.target(t.Domain, domain)
	if !askable(to) {
		return *failed(ResultPermError, ReasonNoTarget, t.Text, path)
	}
	o := e.check(to, path)
	if o.kind == ResultNone {
		return *failed(ResultPermError, ReasonNoTarget, t.Text, path)
	}
	return o
}

// count charges one term that asks.
func (e *evaluation) count(t Term, path []myodai.Name) *outcome {
	if e.lookups == MaxLookups {
		return failed(ResultPermError, ReasonLookups, t.Text, path)
	}
	e.lookups++
	return nil
}

// void charges a term that found nothing.
func (e *evaluation) void(t Term, path []myodai.Name) *outcome {
	e.voids++
	if e.voids > MaxVoids {
		return failed(ResultPermError, ReasonVoids, t.Text, path)
	}
	return nil
}
