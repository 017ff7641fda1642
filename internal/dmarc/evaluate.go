package dmarc

import (
	"fmt"

	"github.com/myodai/myodai"
)

// Aligned reports whether an authenticated domain counts for mail from the
// domain from: when they are the same, or in relaxed mode when they have the
// same organizational domain (RFC 9989 §4.10.2). An error means it is unknown.
func Aligned(from, other myodai.Name, mode Mode, lookup Lookup) (bool, error) {
	return NewTree(lookup).Aligned(from, other, mode)
}

// Aligned is the function of the same name.
func (t *Tree) Aligned(from, other myodai.Name, mode Mode) (bool, error) {
	if from == other {
		return true, nil
	}
	if mode == ModeStrict {
		return false, nil
	}
	org, err := t.organizational(from)
	if err != nil {
		return false, err
	}
	return t.alignedTo(org, other)
}

// alignedTo reports whether other belongs to the organizational domain org. What
// is not below org is known not to without asking.
func (t *Tree) alignedTo(org, other myodai.Name) (bool, error) {
	if !other.Under(org) {
		return false, nil
	}
	theirs, err := t.organizational(other)
	return err == nil && theirs == org, err
}

// Signature is a DKIM signature that passed.
type Signature struct {
	Domain   myodai.Name // d=
	Selector string      // s=
}

// Message is what DMARC judges of a message.
type Message struct {
	From myodai.Name // domain of the From field
	DKIM []Signature // that passed
	SPF  myodai.Name // MAIL FROM domain with the SPF result pass; "" for none
}

// Result is what DMARC makes of a message, in the words of RFC 8601.
type Result string

const (
	ResultPass      Result = "pass"
	ResultFail      Result = "fail"
	ResultNone      Result = "none"      // there is no DMARC for the domain
	ResultTempError Result = "temperror" // unknown: a look-up failed
)

// Identifier is an authenticated domain of a message.
type Identifier struct {
	Domain   myodai.Name
	Selector string // of a DKIM signature; "" for SPF
	Aligned  bool
}

// Evaluation is the judgement of a message.
type Evaluation struct {
	Result      Result
	Discovery   Discovery
	DKIM        []Identifier // one for each signature of the message, up to maxIdentifiers
	SPF         Identifier   // zero without an SPF pass
	Disposition Policy       // what the domain asks receivers to do with this message; "none" when it passes
	Reason      string       // one plain sentence without its period
}

// maxIdentifiers bounds the tree walks one message can cause; a message has at
// most ten signatures worth looking at.
const maxIdentifiers = 10

// Evaluate judges a message by the record that applies to its From domain
// (RFC 9989 §5.3): it passes when SPF or any signature passed for a domain that
// is aligned. The lookup is asked for each name once.
func Evaluate(m Message, lookup Lookup) Evaluation {
	tree := NewTree(remember(lookup))
	d, failed := tree.Discover(m.From)
	e := Evaluation{Discovery: d, Disposition: PolicyNone}
	if !d.Applies() {
		e.Result, e.Reason = ResultNone, fmt.Sprintf("no DMARC record applies to %s", m.From)
		if failed != nil {
			e.Result, e.Reason = ResultTempError, failed.Error()
		} else if d.Void {
			e.Reason = fmt.Sprintf("the DMARC record of %s has no valid policy and asks for no reports", d.At)
		}
		return e
	}
	aligned := func(other myodai.Name, mode Mode) bool {
		ok, err := e.alignment(other, mode, failed, tree)
		if err != nil && failed == nil {
			failed = err
		}
		return ok
	}
	if m.SPF != "" {
		e.SPF = Identifier{Domain: m.SPF, Aligned: aligned(m.SPF, d.Record.SPF)}
	}
	for _, s := range m.DKIM[:min(len(m.DKIM), maxIdentifiers)] {
		e.DKIM = append(e.DKIM, Identifier{Domain: s.Domain, Selector: s.Selector, Aligned: aligned(s.Domain, d.Record.DKIM)})
	}
	e.conclude(failed, m)
	return e
}

// alignment is Aligned with what discovery found out already. Without the
// organizational domain only an identical domain is known to be aligned.
func (e *Evaluation) alignment(other myodai.Name, mode Mode, failed error, tree *Tree) (bool, error) {
	d := e.Discovery
	switch {
	case other == d.Domain:
		return true, nil
	case mode == ModeStrict:
		return false, nil
	case d.Organizational == "":
		return false, failed
	}
	return tree.alignedTo(d.Organizational, other)
}

// conclude sets result, disposition and reason.
func (e *Evaluation) conclude(failed error, m Message) {
	d := e.Discovery
	for _, id := range e.DKIM {
		if id.Aligned {
			e.Result = ResultPass
			e.Reason = fmt.Sprintf("the DKIM signature %s of %s is aligned with %s", id.Selector, id.Domain, d.Domain)
			return
		}
	}
	switch {
	case e.SPF.Aligned:
		e.Result = ResultPass
		e.Reason = fmt.Sprintf("SPF passed for %s, which is aligned with %s", e.SPF.Domain, d.Domain)
	case unknown(failed, d, m):
		e.Result, e.Reason = ResultTempError, failed.Error()
	default:
		e.Result, e.Disposition = ResultFail, d.Asked()
		e.Reason = fmt.Sprintf("neither DKIM nor SPF passed for a domain aligned with %s", d.Domain)
	}
}

// unknown reports whether a failed look-up could have hidden an alignment. In
// strict mode, or with nothing authenticated, it could not.
func unknown(failed error, d Discovery, m Message) bool {
	return failed != nil && (m.SPF != "" && d.Record.SPF == ModeRelaxed || len(m.DKIM) > 0 && d.Record.DKIM == ModeRelaxed)
}

// remember asks a lookup for each name only once.
func remember(lookup Lookup) Lookup {
	type answer struct {
		txt    []string
		exists bool
		err    error
	}
	known := map[myodai.Name]answer{}
	return func(name myodai.Name) ([]string, bool, error) {
		a, ok := known[name]
		if !ok {
			a.txt, a.exists, a.err = lookup(name)
			known[name] = a
		}
		return a.txt, a.exists, a.err
	}
}
