package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/submission"
)

// config is everything an operator decides. Each field is a setting with one
// name: key_file in the file, MYODAI_KEY_FILE in the environment, --key-file on
// the command line. Later ones win.
type config struct {
	Data     string // directory
	Database string // "": a SQLite file in Data
	KeyFile  string // "": in Data
	Roles    []role // of this node; empty: all

	Zone         myodai.Name
	Hostname     myodai.Name   // "": mail in Zone
	Addresses    []netip.Addr  // public ones of this machine
	NameServers  []myodai.Name // empty: ns1 in Zone
	Contact      myodai.Name   // RNAME of the SOA record; "": hostmaster in Zone
	DefaultShape myodai.Shape
	Ed25519      bool
	Cosign       submission.Cosign
	ServiceName  string         // what people call this platform
	NotifyFrom   myodai.Address // author of the platform's own mail; zero: no-reply in Zone
	CADomains    []string       // of our certificate authority, as CAA records name it; empty: the usual one

	// Each is a list of addresses to listen at; none means that the door is shut.
	ListenAPI         []string
	ListenSubmission  []string
	ListenSubmissions []string
	ListenMX          []string
	ListenDNS         []string
	ListenMetrics     []string
	ListenTrack       []string // tracking hosts, HTTP
	ListenTrackTLS    []string // and HTTPS

	TrackHost       myodai.Name // "": track in Zone
	TLSCert, TLSKey string      // PEM files; both "": a self-signed certificate in Data
	ACME            acmeConfig
	Connect         connectConfig
	TrackingStep    time.Duration // how long step 2 of a tracking domain may take; 0: 72 hours
	BaseURL         string        // of the API as clients see it; "": http:// and the first of ListenAPI

	TrustedProxies  []netip.Prefix // whose word about where a request came from is believed
	RootHints       []string       // "ip" or "ip:port"; empty: the real root
	DNSPort         uint16         // of authoritative servers; 0: 53
	Resolvers       []string       // recursive ones for routing mail; empty: we walk ourselves
	Recursives      []string       // public resolvers that checks ask, or "none"; empty: the resolver's own choice
	RDAP            string         // RDAP server that is asked about registrations, or "none"; "": the registries themselves
	Shaping         string         // file of the rules of how politely mail leaves; "": the built-in ones
	SMTPPort        uint16         // of the recipients' mail servers; 0: 25
	Smarthost       smarthost
	Routes          map[string]smarthost // further smarthosts, for classes of mail; "normal" is the normal path
	AllowEgress     []netip.Prefix
	WebhookInsecure bool
	EgressMap       map[netip.AddrPort]netip.AddrPort

	LogFormat string // text or json
	LogLevel  slog.Level

	from map[string]source // where settings came from; those without stand as by default
}

// smarthost is a mail server that takes all mail, written host:port or
// user:password@host:port. The zero value means none.
type smarthost struct{ delivery.Smarthost }

// acmeConfig is where certificates come from. Without a directory none are
// ordered.
type acmeConfig struct {
	Directory string         // URL of the authority's ACME directory
	Contact   myodai.Address // told to the authority, and written to when a certificate is about to expire
	Profile   string         // of certificates; "": the authority's default
	Roots     string         // PEM file; "": the system's
	EABKeyID  string
	EABKey    string // base64url
}

// defaultConfig is what holds where nobody says anything.
func defaultConfig() config {
	return config{
		Data: "myodai-data", DefaultShape: myodai.ShapeCNAME, ServiceName: "Myodai",
		Cosign:    submission.CosignEd25519,
		ListenAPI: []string{"127.0.0.1:8025"}, ListenMetrics: []string{"127.0.0.1:9025"},
		ListenSubmission: []string{":587"}, ListenSubmissions: []string{":465"},
		ListenMX: []string{":25"}, ListenDNS: []string{":53"},
		ListenTrack: []string{":80"}, ListenTrackTLS: []string{":443"},
		LogFormat: "text", LogLevel: slog.LevelInfo,
	}
}

// complete fills in what follows from other settings.
func (c *config) complete() {
	if c.KeyFile == "" {
		c.KeyFile = filepath.Join(c.Data, "master.key")
	}
	if c.Database == "" {
		c.Database = filepath.Join(c.Data, "myodai.db")
	}
	if c.Zone != "" {
		if c.Hostname == "" {
			c.Hostname = c.Zone.Child("mail")
		}
		if c.NotifyFrom.IsZero() {
			c.NotifyFrom = myodai.Address{Local: "no-reply", Domain: c.Zone}
		}
		if c.TrackHost == "" {
			c.TrackHost = c.Zone.Child("track")
		}
		if len(c.NameServers) == 0 {
			c.NameServers = []myodai.Name{c.Zone.Child("ns1")}
		}
	}
	if c.BaseURL == "" && len(c.ListenAPI) > 0 {
		c.BaseURL = "http://" + c.ListenAPI[0]
	}
}

// site is what is the same for all domains.
func (c *config) site() plan.Site {
	return plan.Site{
		Zone: c.Zone, MailHost: c.Hostname, Addresses: c.Addresses, NameServers: c.NameServers, Contact: c.Contact, TrackHost: c.TrackHost,
	}
}

// validates reports whether what our resolvers call validated may be believed: when
// all of them are on this machine, nobody can forge their word on the way.
func (c *config) validates() bool {
	for _, text := range c.Resolvers {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			at, _ := netip.ParseAddrPort(text) // read before
			ip = at.Addr()
		}
		if !ip.IsLoopback() {
			return false
		}
	}
	return len(c.Resolvers) > 0
}

// recursives are the public resolvers that checks ask: nil leaves the choice to
// package resolver.
func (c *config) recursives() []string {
	switch {
	case len(c.Recursives) == 0:
		return nil
	case slices.Contains(c.Recursives, nobody):
		return []string{}
	}
	return c.Recursives
}

// asksRegistries reports whether anybody is asked about registrations. With a
// root of our own the real registries know nothing.
func (c *config) asksRegistries() bool {
	return c.RDAP != nobody && (c.RDAP != "" || len(c.RootHints) == 0)
}

// validate finds everything that is wrong with the configuration as a whole, so
// that an operator mends it once. Single values have been judged when read.
func (c *config) validate() error {
	var wrong []error
	blame := func(key, format string, args ...any) {
		wrong = append(wrong, fmt.Errorf(key+": "+format, args...))
	}
	if c.Zone == "" {
		blame("zone", "say which zone this platform serves, such as mail.example.com")
	}
	if len(c.Addresses) == 0 {
		blame("addresses", "give the public IP addresses of this machine: mail leaves from them, and the zone is served at them")
	}
	if !c.NotifyFrom.Domain.Under(c.Zone) {
		blame("notify_from", "%s is not in the zone %s, whose keys sign the platform's own mail", c.NotifyFrom, c.Zone)
	}
	for _, a := range c.Addresses {
		if a.IsUnspecified() || a.IsMulticast() {
			blame("addresses", "%s is not the address of one machine", a)
		}
	}
	if slices.Contains(c.NameServers, c.Zone) {
		blame("name_servers", "a name server needs a name of its own, such as ns1.%s", c.Zone)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		blame("tls_cert", "give tls_cert and tls_key together, or neither")
	}
	if (c.ACME.EABKeyID == "") != (c.ACME.EABKey == "") {
		blame("acme_eab_key", "give acme_eab_key_id and acme_eab_key together, or neither")
	}
	if u, err := url.Parse(c.BaseURL); c.BaseURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		blame("base_url", "%q is not an address such as https://api.example.com", c.BaseURL)
	}
	c.validateListeners(blame)
	return errors.Join(wrong...)
}

// listeners are all doors by name.
func (c *config) listeners() map[string][]string {
	return map[string][]string{
		"listen_api": c.ListenAPI, "listen_submission": c.ListenSubmission, "listen_submissions": c.ListenSubmissions,
		"listen_mx": c.ListenMX, "listen_dns": c.ListenDNS, "listen_metrics": c.ListenMetrics,
		"listen_track": c.ListenTrack, "listen_track_tls": c.ListenTrackTLS,
	}
}

// validateListeners finds two doors at one place. DNS is over UDP and TCP; the
// others are TCP.
func (c *config) validateListeners(blame func(key, format string, args ...any)) {
	at := map[string]string{}
	for _, key := range listenKeys {
		for _, address := range c.listeners()[key] {
			if strings.HasSuffix(address, ":0") {
				continue // the system chooses
			}
			if other, taken := at[address]; taken {
				blame(key, "%s is also in %s; each needs a place of its own", address, other)
			}
			at[address] = key
		}
	}
}

// listenKeys orders the doors for people.
var listenKeys = []string{
	"listen_api", "listen_submission", "listen_submissions", "listen_mx", "listen_dns", "listen_metrics",
	"listen_track", "listen_track_tls",
}

// exposed lists the doors that carry keys or numbers without encryption and
// that others than this machine can reach (T79).
func (c *config) exposed() []string {
	var open []string
	for _, key := range []string{"listen_api", "listen_metrics"} {
		for _, address := range c.listeners()[key] {
			host, _, _ := net.SplitHostPort(address)
			if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
				open = append(open, key)
			}
		}
	}
	return slices.Compact(open)
}
