package api

import (
	"time"

	"github.com/myodai/myodai"
)

// Observation is what DNS said to a check, word for word.
type Observation struct {
	Domain     string    `json:"domain"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
	Zones      []Zone    `json:"zones" doc:"Every zone on the way down from the root, as its parent delegates it."`
	Answers    []Answer  `json:"answers" doc:"In the order asked."`
	Incomplete string    `json:"incomplete" doc:"Why questions were left unasked; empty for none."`

	Registration *Registration `json:"registration,omitempty" doc:"What the registry said (RFC 9083); left out when there was no reason to ask."`
	TenantSees   []DNSRecord   `json:"tenant_sees,omitempty" doc:"What the tenant said that their own resolver shows."`
}

// Registration is what a registry says of a registrable domain.
type Registration struct {
	Domain      string    `json:"domain"`
	Exists      bool      `json:"exists" doc:"Means nothing with err."`
	Status      []string  `json:"status" example:"client hold"`
	NameServers []string  `json:"name_servers"`
	Registrar   string    `json:"registrar"`
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
	Source      string    `json:"source" doc:"The address that was asked."`
	At          time.Time `json:"at"`
	Err         string    `json:"err" doc:"Why nothing is known; empty when the registry answered."`
}

func showRegistration(r *myodai.Registration) *Registration {
	if r == nil {
		return nil
	}
	out := &Registration{
		Domain: string(r.Domain), Exists: r.Exists, Status: append([]string{}, r.Status...), NameServers: []string{},
		Registrar: r.Registrar, ExpiresAt: utc(r.ExpiresAt), Source: r.Source, At: utc(r.At), Err: r.Err,
	}
	for _, ns := range r.NameServers {
		out.NameServers = append(out.NameServers, string(ns))
	}
	return out
}

// Zone is one zone on the way down from the root.
type Zone struct {
	Name    string       `json:"name" doc:"Empty for the root."`
	Servers []NameServer `json:"servers"`
	DS      []DNSRecord  `json:"ds" doc:"At the parent (RFC 4034)."`
	Err     string       `json:"err" doc:"Why the walk ended here; empty when it went on."`
}

// NameServer is one address of a zone's name server.
type NameServer struct {
	Name    string `json:"name"`
	Address string `json:"address" doc:"Empty when the name has none."`
	Err     string `json:"err" doc:"Why it has none."`
}

// Answer is what one server said to one question.
type Answer struct {
	Name          string            `json:"name"`
	Type          myodai.RecordType `json:"type"`
	Confirm       bool              `json:"confirm,omitempty" doc:"A positive answer was fetched again over TCP."`
	OneServer     bool              `json:"one_server,omitempty" doc:"Only one of the zone's servers was asked."`
	Recursive     bool              `json:"recursive,omitempty" doc:"A public resolver was asked."`
	Host          string            `json:"host,omitempty" doc:"The server of another DNS host that was asked."`
	Server        string            `json:"server"`
	Address       string            `json:"address"`
	Zone          string            `json:"zone"`
	Transport     myodai.Transport  `json:"transport"`
	RCode         string            `json:"rcode" doc:"Empty when no answer came."`
	Authoritative bool              `json:"aa"`
	Validated     bool              `json:"ad"`
	Records       []DNSRecord       `json:"records"`
	Authority     []DNSRecord       `json:"authority"`
	ExtendedError string            `json:"ede" doc:"RFC 8914."`
	Err           string            `json:"err" doc:"Why there is no answer."`
	At            time.Time         `json:"at"`
	Took          time.Duration     `json:"took" doc:"Nanoseconds."`
}

// DNSRecord is one resource record.
type DNSRecord struct {
	Name    string            `json:"name"`
	Type    myodai.RecordType `json:"type"`
	TTL     uint32            `json:"ttl" doc:"Seconds."`
	Data    string            `json:"data" doc:"In presentation form; of TXT the strings joined, with octets outside printable ASCII as \\DDD."`
	Strings []string          `json:"strings,omitempty" doc:"Of TXT, as the wire split them."`
}

func showObservation(o myodai.Observation) Observation {
	out := Observation{
		Domain: string(o.Domain), StartedAt: utc(o.StartedAt), FinishedAt: utc(o.FinishedAt), Incomplete: o.Incomplete,
		Zones: []Zone{}, Answers: []Answer{}, Registration: showRegistration(o.Registration), TenantSees: showDNSRecords(o.TenantSees),
	}
	for _, z := range o.Zones {
		zone := Zone{Name: string(z.Name), Servers: []NameServer{}, DS: showDNSRecords(z.DS), Err: z.Err}
		for _, s := range z.Servers {
			zone.Servers = append(zone.Servers, NameServer{Name: string(s.Name), Address: s.Address, Err: s.Err})
		}
		out.Zones = append(out.Zones, zone)
	}
	for _, a := range o.Answers {
		out.Answers = append(out.Answers, Answer{
			Name: string(a.Name), Type: a.Type, Confirm: a.Confirm, OneServer: a.OneServer, Recursive: a.Recursive, Host: string(a.Host),
			Server: a.Server, Address: a.Address, Zone: string(a.Zone), Transport: a.Transport, RCode: a.RCode,
			Authoritative: a.Authoritative, Validated: a.Validated, Records: showDNSRecords(a.Records), Authority: showDNSRecords(a.Authority),
			ExtendedError: a.ExtendedError, Err: a.Err, At: utc(a.At), Took: a.Took,
		})
	}
	return out
}

func showDNSRecords(records []myodai.Record) []DNSRecord {
	list := []DNSRecord{}
	for _, rr := range records {
		list = append(list, DNSRecord{Name: string(rr.Name), Type: rr.Type, TTL: rr.TTL, Data: rr.Data, Strings: rr.Strings})
	}
	return list
}
