package dnshost

import (
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// Fields is one record as it is typed into a panel.
type Fields struct {
	Host     string            `json:"host"` // may be empty, for the zone itself
	Type     myodai.RecordType `json:"type"`
	Priority string            `json:"priority,omitempty"` // of MX, "" where it is part of the value
	Value    string            `json:"value"`
	Line     string            `json:"line,omitempty"` // the whole record, where all stand in one text box
}

// Entry is how to enter one record.
type Entry struct {
	Fields
	Other     Fields    `json:"other"`               // for a tenant whose panel shows another form
	Certainty Certainty `json:"certainty,omitempty"` // of the least certain fact it rests on
}

// Enter renders a planned record as the panel wants it typed, for a zone that
// is hosted there. What is not known is rendered as most panels want it: the
// host field without the zone, "@" for the zone itself, targets without a final
// dot, TXT without quotes and in one piece, the priority in its own field.
func (h Host) Enter(zone myodai.Name, item plan.Item) Entry {
	e := Entry{Certainty: Seen}
	e.Type, e.Other.Type = item.Type, item.Type
	e.hosts(h.Panel, zone, item.Name)
	switch item.Type {
	case myodai.TypeMX:
		e.exchange(h.Panel, item.Value)
	case myodai.TypeCNAME, myodai.TypeNS:
		e.Value, e.Other.Value = e.target(h.Panel, item.Value)
	case myodai.TypeTXT:
		e.text(h.Panel, item.Value)
	default:
		e.Value, e.Other.Value = item.Value, item.Value
	}
	// The order of an MX line is not known, so none is given for it.
	if h.Panel.OneText.Or(false) && item.Type != myodai.TypeMX {
		e.Line = strings.ToLower(string(item.Type)) + " " + e.Host + " " + e.Value
	}
	return e
}

// rests lowers the certainty of the entry to that of a fact it uses.
func (e *Entry) rests(c Certainty) {
	if e.Certainty == Seen || c == Unknown {
		e.Certainty = c
	}
}

// hosts fills both host fields.
func (e *Entry) hosts(p Panel, zone, name myodai.Name) {
	full := string(name)
	switch {
	case !name.Under(zone) || zone == "":
		// Not in this zone: there is no short form.
		e.Host, e.Other.Host = full, full+"."
		e.rests(Unknown)
	case name == zone:
		e.rests(p.Apex.Certainty)
		e.Host, e.Other.Host = "@", ""
		switch p.Apex.Value {
		case ApexEmpty:
			e.Host, e.Other.Host = "", "@"
		case ApexFull:
			e.Host, e.Other.Host = full, "@"
		}
	default:
		e.rests(p.Host.Certainty)
		e.Host, e.Other.Host = strings.TrimSuffix(full, "."+string(zone)), full
		if p.Host.Value == HostAbsolute {
			e.Host, e.Other.Host = full, e.Host
			if p.FinalDot.Value == Must {
				e.Host += "."
			}
		}
	}
}

// target renders a host name in record data, and its other form.
func (e *Entry) target(p Panel, value string) (typed, other string) {
	e.rests(p.FinalDot.Certainty)
	bare := strings.TrimSuffix(value, ".")
	if p.FinalDot.Value == Must {
		return bare + ".", bare
	}
	return bare, bare + "."
}

// exchange renders "10 mail.example.com".
func (e *Entry) exchange(p Panel, value string) {
	priority, host, _ := strings.Cut(value, " ")
	typed, other := e.target(p, host)
	e.rests(p.PriorityField.Certainty)
	if p.PriorityField.Or(true) {
		e.Priority, e.Value = priority, typed
		e.Other.Value = priority + " " + other
		return
	}
	e.Value = priority + " " + typed
	e.Other.Priority, e.Other.Value = priority, other
}

// maxString is the longest string of a TXT record (RFC 1035 §3.3).
const maxString = 255

// text renders a TXT value. Quotes and cuts change nothing of the content: the
// strings are joined without a separator by everybody who reads them.
func (e *Entry) text(p Panel, value string) {
	e.rests(p.Quotes.Certainty)
	if len(value) > maxString {
		e.rests(p.TXTSplits.Certainty)
	}
	// Who quotes cuts as well unless the panel is known to; who only cuts must
	// quote to do so.
	cuts := p.TXTSplits.Known() && !p.TXTSplits.Value && p.Quotes.Value != MustNot && len(value) > maxString
	switch {
	case cuts || p.Quotes.Value == Must && !p.TXTSplits.Value:
		e.Value, e.Other.Value = quote(value, maxString), value
	case p.Quotes.Value == Must:
		e.Value, e.Other.Value = quote(value, len(value)), value
	default:
		e.Value, e.Other.Value = value, quote(value, maxString)
	}
}

// quote writes a value as quoted strings of at most size octets
// (RFC 1035 §5.1).
func quote(value string, size int) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var parts []string
	for len(value) > size {
		parts = append(parts, `"`+escape.Replace(value[:size])+`"`)
		value = value[size:]
	}
	return strings.Join(append(parts, `"`+escape.Replace(value)+`"`), " ")
}
