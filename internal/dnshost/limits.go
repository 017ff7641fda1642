package dnshost

import (
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// WarningID says what a host cannot do.
type WarningID string

const (
	WarnNotEditable      WarningID = "not-editable"      // no records can be entered at these name servers
	WarnUnderscoreName   WarningID = "underscore-name"   // no "_" in the name of a CNAME record
	WarnUnderscoreTarget WarningID = "underscore-target" // no "_" in the target of a CNAME record
	WarnTXTLength        WarningID = "txt-length"        // a TXT value has at most Limit octets
	WarnNameLength       WarningID = "name-length"       // the host field takes at most Limit characters
	WarnNames            WarningID = "names"             // a zone has at most Limit owner names
	WarnMXBelow          WarningID = "mx-below"          // no MX records at subdomains
)

// Warning is something to say before a tenant starts.
type Warning struct {
	ID        WarningID   `json:"id"`
	Name      myodai.Name `json:"name"`            // the planned record, "" for the plan as a whole
	Limit     int         `json:"limit,omitempty"` // where there is a number
	Certainty Certainty   `json:"certainty"`       // Believed makes it a hint
	// Shape is the shape of this record that works there; "" when none does, or
	// none is known to.
	Shape myodai.Shape `json:"shape,omitempty"`
}

// longestKey is the size of a DKIM record with an RSA key of 2048 bits.
const longestKey = 410

// Limits lists which planned records the host is known, or believed, not to
// take. Nothing known means no warning.
func (h Host) Limits(zone myodai.Name, items []plan.Item) []Warning {
	p := h.Panel
	if p.Editable.Known() && !p.Editable.Value {
		return []Warning{{ID: WarnNotEditable, Certainty: p.Editable.Certainty}}
	}
	var list []Warning
	names := map[myodai.Name]bool{}
	for _, item := range items {
		names[item.Name] = true
		list = append(list, p.limits(zone, item)...)
	}
	if p.NamesMax.Known() && len(names) > p.NamesMax.Value {
		list = append(list, Warning{ID: WarnNames, Limit: p.NamesMax.Value, Certainty: p.NamesMax.Certainty})
	}
	return list
}

// limits judges one record.
func (p Panel) limits(zone myodai.Name, item plan.Item) []Warning {
	var list []Warning
	warn := func(id WarningID, c Certainty, limit int, shape myodai.Shape) {
		list = append(list, Warning{ID: id, Name: item.Name, Limit: limit, Certainty: c, Shape: shape})
	}
	label := strings.TrimSuffix(string(item.Name), "."+string(zone))
	switch item.Type {
	case myodai.TypeCNAME:
		if p.forbids(p.UnderscoreNames) && strings.Contains(label, "_") {
			warn(WarnUnderscoreName, p.UnderscoreNames.Certainty, 0, p.textShape(item))
		}
		if p.forbids(p.UnderscoreTargets) && strings.Contains(item.Value, "_") {
			warn(WarnUnderscoreTarget, p.UnderscoreTargets.Certainty, 0, p.textShape(item))
		}
	case myodai.TypeTXT:
		if p.TXTMax.Known() && len(item.Value) > p.TXTMax.Value {
			warn(WarnTXTLength, p.TXTMax.Certainty, p.TXTMax.Value, p.aliasShape(item))
		}
	case myodai.TypeMX:
		if p.forbids(p.MXBelow) && item.Name != zone {
			warn(WarnMXBelow, p.MXBelow.Certainty, 0, p.aliasShape(item))
		}
	}
	if p.NameMax.Known() && len(label) > p.NameMax.Value {
		warn(WarnNameLength, p.NameMax.Certainty, p.NameMax.Value, "")
	}
	return list
}

// forbids reports whether something is known, or believed, not to be possible.
func (p Panel) forbids(f Fact[bool]) bool { return f.Known() && !f.Value }

// textShape is ShapeTXT when that would fit where an alias does not.
func (p Panel) textShape(item plan.Item) myodai.Shape {
	switch item.Purpose {
	case myodai.PurposeDKIM:
		if p.TXTMax.Known() && p.TXTMax.Value < longestKey {
			return ""
		}
		return myodai.ShapeTXT
	case myodai.PurposeReturnPath:
		if p.forbids(p.MXBelow) {
			return ""
		}
		return myodai.ShapeTXT
	}
	return ""
}

// aliasShape is ShapeCNAME when an alias would fit where data does not.
func (p Panel) aliasShape(item plan.Item) myodai.Shape {
	switch item.Purpose {
	case myodai.PurposeDKIM, myodai.PurposeReturnPath:
		if p.forbids(p.UnderscoreNames) && strings.Contains(string(item.Name), "_") {
			return ""
		}
		return myodai.ShapeCNAME
	}
	return ""
}
