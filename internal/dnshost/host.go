package dnshost

import (
	"bytes"
	_ "embed" // for hosts.json
	"encoding/json"
	"slices"
	"sync"
)

// Certainty says how well a fact is known.
type Certainty string

const (
	Seen     Certainty = "seen"     // in documentation, or at work
	Believed Certainty = "believed" // by hearsay: a hint, never a certainty
	Unknown  Certainty = ""         // nothing is known; left out of JSON
)

// Fact is one thing that is known of a host, or not.
type Fact[T any] struct {
	Value     T         `json:"value"`
	Certainty Certainty `json:"certainty"`
}

// Known reports whether there is a value at all.
func (f Fact[T]) Known() bool { return f.Certainty != Unknown }

// Or is the value, or the given one when nothing is known.
func (f Fact[T]) Or(other T) T {
	if f.Known() {
		return f.Value
	}
	return other
}

// HostForm is how the host field wants an owner name.
type HostForm string

const (
	HostRelative HostForm = "relative" // "s1._domainkey"; the zone is added
	HostAbsolute HostForm = "absolute" // "s1._domainkey.example.com"
	HostEither   HostForm = "either"
)

// ApexForm is how the host field wants the zone itself.
type ApexForm string

const (
	ApexAt    ApexForm = "@"
	ApexEmpty ApexForm = "empty"
	ApexFull  ApexForm = "full" // the zone's name
)

// Need says whether something is to be typed.
type Need string

const (
	Must    Need = "must"
	MustNot Need = "must-not"
	Either  Need = "either"
)

// Texts is one text in both languages.
type Texts struct {
	English  string `json:"en"`
	Japanese string `json:"ja"`
}

// Note is something worth knowing before records are entered: one plain
// sentence.
type Note struct {
	Texts
	Certainty Certainty `json:"certainty"`
}

// Servers are patterns of name-server host names. "*" stands for any run of
// characters within a label.
type Servers struct {
	Patterns  []string  `json:"patterns"`
	Certainty Certainty `json:"certainty"`
}

// Panel is how a host wants records typed.
type Panel struct {
	Editable          Fact[bool]     `json:"editable,omitzero"` // records can be entered at all; unknown means yes
	Host              Fact[HostForm] `json:"host,omitzero"`
	Apex              Fact[ApexForm] `json:"apex,omitzero"`
	Appends           Fact[bool]     `json:"appends,omitzero"`            // it adds the zone to what is typed as host
	FinalDot          Fact[Need]     `json:"final_dot,omitzero"`          // after the target of CNAME and MX
	Quotes            Fact[Need]     `json:"quotes,omitzero"`             // around TXT values
	TXTMax            Fact[int]      `json:"txt_max,omitzero"`            // octets of a TXT value
	TXTSplits         Fact[bool]     `json:"txt_splits,omitzero"`         // it cuts long TXT values into strings itself
	UnderscoreNames   Fact[bool]     `json:"underscore_names,omitzero"`   // "_" in the owner name of a CNAME
	UnderscoreTargets Fact[bool]     `json:"underscore_targets,omitzero"` // "_" in the target of a CNAME
	PriorityField     Fact[bool]     `json:"priority_field,omitzero"`     // the MX priority has a field of its own
	OneText           Fact[bool]     `json:"one_text,omitzero"`           // all records stand in one text box, a line each
	NameMax           Fact[int]      `json:"name_max,omitzero"`           // characters of the host field
	NamesMax          Fact[int]      `json:"names_max,omitzero"`          // owner names in a zone
	MXBelow           Fact[bool]     `json:"mx_below,omitzero"`           // MX records at subdomains
	TTLDefault        Fact[int]      `json:"ttl_default,omitzero"`        // seconds
	TTLMin            Fact[int]      `json:"ttl_min,omitzero"`            // seconds
	PublishMinutes    Fact[int]      `json:"publish_minutes,omitzero"`    // from saving to the name servers, at most
	PublishOnTheClock bool           `json:"publish_on_the_clock,omitzero"`
	DomainConnect     Fact[bool]     `json:"domain_connect,omitzero"`
}

// Host is one DNS host.
type Host struct {
	ID     string `json:"id"` // public API
	Name   Texts  `json:"name"`
	Region string `json:"region"` // "jp" or "world"; "" for Generic
	// Registrars are parts of the names, in small letters, of registrars whose
	// customers edit records here.
	Registrars []string `json:"registrars,omitempty"`
	// NameServers are the host's own; SharedNameServers serve other hosts' zones
	// too.
	NameServers       Servers      `json:"name_servers,omitzero"`
	SharedNameServers Servers      `json:"shared_name_servers,omitzero"`
	Panel             Panel        `json:"panel,omitzero"`
	Help              Fact[string] `json:"help,omitzero"` // address of a page
	Notes             []Note       `json:"notes,omitempty"`
}

//go:embed hosts.json
var hostsJSON []byte

// load reads the embedded facts. They are part of the program: that they parse
// is shown by a test.
var load = sync.OnceValue(func() []Host {
	var hosts []Host
	decoder := json.NewDecoder(bytes.NewReader(hostsJSON))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&hosts); err != nil {
		panic("dnshost: hosts.json: " + err.Error())
	}
	return hosts
})

// Hosts lists every known host, the Japanese ones first.
func Hosts() []Host { return slices.Clone(load()) }

// ByID finds a host by its id.
func ByID(id string) (Host, bool) {
	for _, h := range load() {
		if h.ID == id {
			return h, true
		}
	}
	return Host{}, false
}

// Generic stands for a host nobody knows: every fact is open, and records are
// rendered as most panels want them.
func Generic() Host {
	return Host{ID: "generic", Name: Texts{English: "your DNS host", Japanese: "お使いのDNSサービス"}}
}
