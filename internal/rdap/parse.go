package rdap

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Bounds of what is kept of an answer.
const (
	maxStatuses    = 20
	maxNameServers = 20
	maxText        = 200
)

// object is a domain, or an entity in one, as RFC 9083 §5 has it: what we read.
type object struct {
	Class       string            `json:"objectClassName"`
	Name        string            `json:"ldhName"`
	Status      []string          `json:"status"`
	Roles       []string          `json:"roles"`
	Events      []event           `json:"events"`
	NameServers []object          `json:"nameservers"`
	Entities    []object          `json:"entities"`
	Card        []json.RawMessage `json:"vcardArray"`
}

type event struct {
	Action string `json:"eventAction"`
	Date   string `json:"eventDate"`
}

// parse reads what a registry says of a domain. It must be about that domain.
func parse(domain myodai.Name, answer []byte) (myodai.Registration, error) {
	var o object
	if err := json.Unmarshal(answer, &o); err != nil {
		return myodai.Registration{}, errors.New("the registry's answer is not what RFC 9083 says")
	}
	if name, err := myodai.ParseOwner(o.Name); err != nil || o.Class != "domain" || name != domain {
		return myodai.Registration{}, errors.New("the registry's answer is about something else")
	}
	r := myodai.Registration{Domain: domain, Exists: true, Status: []string{}, NameServers: []myodai.Name{}}
	for _, s := range o.Status[:min(len(o.Status), maxStatuses)] {
		r.Status = append(r.Status, short(strings.ToLower(s)))
	}
	for _, ns := range o.NameServers[:min(len(o.NameServers), maxNameServers)] {
		if name, err := myodai.ParseOwner(ns.Name); err == nil {
			r.NameServers = append(r.NameServers, name)
		}
	}
	for _, e := range o.Events {
		if at, err := time.Parse(time.RFC3339, e.Date); err == nil && e.Action == "expiration" {
			r.ExpiresAt = at.UTC()
		}
	}
	for _, entity := range o.Entities {
		if slices.Contains(entity.Roles, "registrar") && r.Registrar == "" {
			r.Registrar = short(entity.fullName())
		}
	}
	return r, nil
}

// fullName is the property fn of an entity's card (RFC 7095 §3.3).
func (o object) fullName() string {
	if len(o.Card) < 2 {
		return ""
	}
	var properties [][]json.RawMessage
	if json.Unmarshal(o.Card[1], &properties) != nil {
		return ""
	}
	for _, p := range properties {
		var name, value string
		if len(p) >= 4 && json.Unmarshal(p[0], &name) == nil && name == "fn" && json.Unmarshal(p[3], &value) == nil {
			return value
		}
	}
	return ""
}

// short is a text of a stranger, bounded.
func short(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ToValidUTF8(s, "")
}
