package handoff

import (
	"encoding/csv"
	"strconv"
	"strings"

	"github.com/myodai/myodai/internal/dnshost"
)

// CSV writes the records as a table (RFC 4180, with CRLF), a record per row,
// with host and value as the panel of h wants them typed (B8).
//
// Programs that open such files take some cells for formulas; those get a
// leading apostrophe (T48), the "@" of the zone itself included.
func CSV(s Sheet, h dnshost.Host) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	row := func(cells ...string) {
		for i, c := range cells {
			cells[i] = cell(c)
		}
		_ = w.Write(cells) // a strings.Builder takes everything
	}
	row("host", "type", "priority", "value", "ttl", "required", "purpose", "note")
	for _, i := range s.Items {
		e, note := h.Enter(s.Zone, i), ""
		if merged(i) {
			note = "no record of its own: put the value into the SPF record that is there"
		}
		row(e.Host, string(e.Type), e.Priority, e.Value, strconv.Itoa(TTL), yes(i.Required), string(i.Purpose), note)
	}
	w.Flush()
	return b.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// cell keeps a text from being taken for a formula.
func cell(s string) string {
	if strings.ContainsAny(first(s), "=+-@\t\r\n＝＋－＠") {
		return "'" + s
	}
	return s
}

// first is the first character of s, "" when there is none.
func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
