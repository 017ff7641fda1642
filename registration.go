package myodai

import "time"

// Registration is what the registry of a public suffix says of a domain below
// it, in the words of RFC 9083.
type Registration struct {
	Domain      Name      `json:"domain"`       // the registrable domain that was asked about
	Exists      bool      `json:"exists"`       // it is registered; means nothing with Err
	Status      []string  `json:"status"`       // such as "client hold" (RFC 8056 §2)
	NameServers []Name    `json:"name_servers"` // that the registry has for it
	Registrar   string    `json:"registrar"`    // whose customer the holder is; "" when not said
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
	Source      string    `json:"source"`        // address that was asked
	At          time.Time `json:"at"`            // when it answered, or was given up
	Err         string    `json:"err,omitempty"` // why nothing is known
}

// Known reports whether a registry answered.
func (r Registration) Known() bool { return r.Domain != "" && r.Err == "" }
