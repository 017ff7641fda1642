package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/submission"
)

// setting connects one field of a config with its name and its text.
type setting struct {
	key   string // as in the file
	kind  string // what the value is, for help
	help  string
	read  func(text string) error
	write func() string
}

// flag is the setting's name on the command line.
func (s setting) flag() string { return strings.ReplaceAll(s.key, "_", "-") }

// settings lists every setting there is, in the order of the help.
func (c *config) settings() []setting {
	return []setting{
		one("data", "DIR", "directory of the database, keys and certificates", &c.Data, anyText),
		one("database", "URL", "postgres://… or the path of a SQLite file (default: myodai.db in the data directory)", &c.Database, anyText),
		one("key_file", "FILE", "the master key, made when missing (default: master.key in the data directory)", &c.KeyFile, anyText),
		many("roles", "ROLE,…", "what this node does: api, smtpd, delivery, domains, authdns, track, webhook (default: all)", &c.Roles, parseRole),
		one("zone", "NAME", "the DNS zone this platform serves", &c.Zone, myodai.ParseName),
		one("hostname", "NAME", "our name as a mail server (default: mail in the zone)", &c.Hostname, myodai.ParseName),
		many("addresses", "IP,…", "public addresses of this machine, which SPF allows", &c.Addresses, netip.ParseAddr),
		many("name_servers", "NAME,…", "name servers of the zone (default: ns1 in the zone)", &c.NameServers, myodai.ParseName),
		one("contact", "NAME", "who is responsible for the zone, @ written as a dot (default: hostmaster in the zone)", &c.Contact, myodai.ParseName),
		one("default_shape", "SHAPE", "the form of new domains' records: cname or txt", &c.DefaultShape, myodai.ParseShape),
		one("ed25519", "BOOL", "sign with Ed25519 keys, too", &c.Ed25519, strconv.ParseBool),
		one("cosign", "KEYS", "with which of its own keys the platform signs tenants' mail beside them: ed25519, rsa, both or none", &c.Cosign, submission.ParseCosign),
		one("service_name", "NAME", "what people call this platform", &c.ServiceName, myodai.ParseTenantName),
		one("notify_from", "ADDRESS", "author of the platform's own mail (default: no-reply in the zone)", &c.NotifyFrom, myodai.ParseAddress),
		many("acme_ca_domains", "NAME,…", "names by which CAA records allow our certificate authority (default: letsencrypt.org)", &c.CADomains, parseCADomain),
		many("listen_api", "ADDR,…", "where the API listens; empty shuts a door", &c.ListenAPI, parseListen),
		many("listen_submission", "ADDR,…", "where submission with STARTTLS listens", &c.ListenSubmission, parseListen),
		many("listen_submissions", "ADDR,…", "where submission with TLS listens", &c.ListenSubmissions, parseListen),
		many("listen_mx", "ADDR,…", "where return mail is taken in", &c.ListenMX, parseListen),
		many("listen_dns", "ADDR,…", "where the zone is served, UDP and TCP; on a machine with several addresses name each", &c.ListenDNS, parseListen),
		many("listen_metrics", "ADDR,…", "where /metrics, /healthz and /readyz listen", &c.ListenMetrics, parseListen),
		many("listen_track", "ADDR,…", "where tracking hosts answer over HTTP", &c.ListenTrack, parseListen),
		many("listen_track_tls", "ADDR,…", "where tracking hosts answer over HTTPS", &c.ListenTrackTLS, parseListen),
		one("track_host", "NAME", "the platform's own tracking host, for tenants without one (default: track in the zone)", &c.TrackHost, myodai.ParseName),
		one("tls_cert", "FILE", "certificate for submission and return mail, PEM (default: a self-signed one)", &c.TLSCert, anyText),
		one("tls_key", "FILE", "private key of tls_cert, PEM", &c.TLSKey, anyText),
		one("acme_directory", "URL", "ACME directory of the certificate authority; giving one accepts its terms (default: none, no certificates are ordered)", &c.ACME.Directory, parseDirectory),
		one("acme_contact", "ADDRESS", "whom the certificate authority may write to, and we when a certificate is about to expire", &c.ACME.Contact, myodai.ParseAddress),
		one("acme_profile", "NAME", "certificate profile, where the authority offers several", &c.ACME.Profile, anyText),
		one("acme_roots", "FILE", "PEM file of roots that vouch for the authority's own server (default: the system's)", &c.ACME.Roots, anyText),
		one("acme_eab_key_id", "ID", "external account binding: key id that the authority gave out", &c.ACME.EABKeyID, anyText),
		one("acme_eab_key", "KEY", "external account binding: key in base64url", &c.ACME.EABKey, parseEABKey),
		one("connect_provider", "ID", "our id at DNS hosts that speak Domain Connect, or none (default: the zone)", &c.Connect.Provider, parseConnectID),
		one("connect_service", "ID", "id of our template at those hosts (default: mail)", &c.Connect.Service, parseConnectID),
		many("connect_redirects", "NAME,…", "hosts that they may send people back to, beside that of base_url", &c.Connect.Redirects, myodai.ParseName),
		one("tracking_step_time", "DURATION", "how long step 2 of setting up a tracking domain may take (default: 72h)", &c.TrackingStep, parseStepTime),
		one("base_url", "URL", "the API as clients see it (default: http:// and listen_api)", &c.BaseURL, anyText),
		many("trusted_proxies", "PREFIX,…", "addresses and networks of proxies in front of the API whose X-Forwarded-For and -Proto are believed (default: none)", &c.TrustedProxies, parseNetwork),
		many("root_hints", "IP,…", "root name servers, with :port if need be (default: the real ones)", &c.RootHints, parseServer),
		one("dns_port", "PORT", "port of authoritative name servers (default: 53)", &c.DNSPort, parsePort),
		many("resolvers", "IP,…", "recursive resolvers for routing mail (default: none, we walk from the root); when all are on this machine, they are taken to validate, and DANE is kept to", &c.Resolvers, parseServer),
		many("recursives", "IP,…", "public resolvers that checks ask what they remember, or none (default: 8.8.8.8, 1.1.1.1 and 9.9.9.9; none with root_hints)", &c.Recursives, parseRecursive),
		one("rdap", "URL", "RDAP server to ask about registrations, or none (default: the registries, by IANA's list; none with root_hints)", &c.RDAP, parseRDAP),
		one("shaping", "FILE", "rules of how politely mail leaves: limits of sites, sources, pools, warm-up; read again when it changes (default: the built-in ones)", &c.Shaping, anyText),
		one("smtp_port", "PORT", "port of the recipients' mail servers (default: 25)", &c.SMTPPort, parsePort),
		one("smarthost", "HOST", "a mail server that takes all mail: [user:password@]host[:port]", &c.Smarthost, parseSmarthost),
		{"routes", "NAME=HOST,…", "smarthosts that classes of mail may be sent by, [user:password@]host[:port] each; the one named normal is the platform's normal path",
			func(text string) (err error) { c.Routes, err = parseRoutes(text); return err },
			func() string { return showRoutes(c.Routes) }},
		many("allow_egress", "PREFIX,…", "internal networks we may connect to", &c.AllowEgress, netip.ParsePrefix),
		one("webhook_insecure", "BOOL", "let webhooks use http and any port, for receivers in our own network", &c.WebhookInsecure, strconv.ParseBool),
		{"egress_map", "IP:PORT=IP:PORT,…", "send connections elsewhere, for tests and the demo",
			func(text string) (err error) { c.EgressMap, err = parseEgressMap(text); return err },
			func() string { return showEgressMap(c.EgressMap) }},
		one("log_format", "FORMAT", "text or json", &c.LogFormat, parseLogFormat),
		{"log_level", "LEVEL", "debug, info, warn or error",
			func(text string) error { return c.LogLevel.UnmarshalText([]byte(text)) },
			func() string { return strings.ToLower(c.LogLevel.String()) }},
	}
}

// one is a setting with a single value.
func one[T any](key, kind, help string, to *T, parse func(string) (T, error)) setting {
	read := func(text string) error {
		if text == "" {
			var zero T
			*to = zero
			return nil
		}
		v, err := parse(text)
		if err == nil {
			*to = v
		}
		return err
	}
	return setting{key, kind, help, read, func() string { return show(*to) }}
}

// many is a setting with a list of values, separated by commas.
func many[T any](key, kind, help string, to *[]T, parse func(string) (T, error)) setting {
	read := func(text string) error {
		list := []T{}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			v, err := parse(part)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		*to = list
		return nil
	}
	write := func() string {
		var parts []string
		for _, v := range *to {
			parts = append(parts, show(v))
		}
		return strings.Join(parts, ",")
	}
	return setting{key, kind, help, read, write}
}

// show writes a value so that it can be read again; nothing for a zero port or
// duration.
func show(v any) string {
	if v == uint16(0) || v == time.Duration(0) {
		return ""
	}
	return fmt.Sprint(v)
}

func anyText(s string) (string, error) { return s, nil }

func parseListen(s string) (string, error) {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return "", fmt.Errorf("%q is no place to listen; write it as 127.0.0.1:8025, [::1]:8025 or :8025", s)
	}
	return s, nil
}

// parseServer reads "ip" or "ip:port".
func parseServer(s string) (string, error) {
	if _, err := netip.ParseAddr(s); err == nil {
		return s, nil
	}
	if _, err := netip.ParseAddrPort(s); err == nil {
		return s, nil
	}
	return "", fmt.Errorf("%q is not an IP address, with or without a port", s)
}

// parseNetwork reads a network, or an address as the network of just it.
func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", s)
	}
	return p.Masked(), nil
}

// parseCADomain reads the name of a certificate authority as CAA records have it.
func parseCADomain(s string) (string, error) {
	name, err := myodai.ParseName(s)
	return string(name), err
}

// parseRDAP reads the address of an RDAP server, or nobody.
func parseRDAP(s string) (string, error) {
	u, err := url.Parse(s)
	if s != nobody && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "") {
		return "", fmt.Errorf("%q is not an address such as https://rdap.example.com/, or none", s)
	}
	return s, nil
}

// parseRecursive is parseServer, or nobody.
func parseRecursive(s string) (string, error) {
	if s == nobody {
		return s, nil
	}
	return parseServer(s)
}

// nobody is written where an empty list would mean the default.
const nobody = "none"

// parseDirectory reads the address of a certificate authority (T57).
func parseDirectory(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return "", fmt.Errorf("%q is not an address such as https://ca.example/directory; only HTTPS is spoken to certificate authorities", s)
	}
	return s, nil
}

// parseEABKey checks a key without repeating it.
func parseEABKey(s string) (string, error) {
	if _, err := base64.RawURLEncoding.DecodeString(s); err != nil {
		return "", errors.New("the key is not base64url without padding, as certificate authorities give it out")
	}
	return s, nil
}

func parseStepTime(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a duration such as 72h", s)
	}
	return d, nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is not a port; ports are 1 to 65535", s)
	}
	return uint16(n), nil
}

func parseLogFormat(s string) (string, error) {
	if s != "text" && s != "json" {
		return "", fmt.Errorf("%q is not a format of logs; there are text and json", s)
	}
	return s, nil
}

func parseSmarthost(s string) (smarthost, error) {
	bad := fmt.Errorf("write the smarthost as host, host:port or user:password@host:port")
	u, err := url.Parse("smtp://" + s)
	if err != nil || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return smarthost{}, bad // the parser's own words would repeat the password
	}
	host := smarthost{delivery.Smarthost{Host: u.Hostname()}}
	if u.User != nil {
		host.User = u.User.Username()
		host.Password, _ = u.User.Password()
	}
	if u.Port() != "" {
		if host.Port, err = parsePort(u.Port()); err != nil {
			return smarthost{}, bad
		}
	}
	return host, nil
}

// String is the smarthost as it is written in the configuration.
func (h smarthost) String() string {
	if h.Host == "" {
		return ""
	}
	u := url.URL{Host: h.Host}
	if h.Port != 0 {
		u.Host = net.JoinHostPort(h.Host, strconv.Itoa(int(h.Port)))
	}
	if h.User != "" {
		u.User = url.UserPassword(h.User, h.Password)
	}
	return strings.TrimPrefix(u.String(), "//")
}

func parseEgressMap(text string) (map[netip.AddrPort]netip.AddrPort, error) {
	m := map[netip.AddrPort]netip.AddrPort{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		from, to, _ := strings.Cut(part, "=")
		a, err := netip.ParseAddrPort(from)
		if err != nil {
			return nil, fmt.Errorf("%q is not of the form ip:port=ip:port", part)
		}
		if m[a], err = netip.ParseAddrPort(to); err != nil {
			return nil, fmt.Errorf("%q is not of the form ip:port=ip:port", part)
		}
	}
	return m, nil
}

func showEgressMap(m map[netip.AddrPort]netip.AddrPort) string {
	var parts []string
	for _, from := range slices.SortedFunc(maps.Keys(m), netip.AddrPort.Compare) {
		parts = append(parts, from.String()+"="+m[from].String())
	}
	return strings.Join(parts, ",")
}

// masked is a setting's text with what is secret in it made unreadable.
func (s setting) masked() string {
	text := s.write()
	if s.key == "routes" {
		return maskRoutes(text)
	}
	if s.key == "acme_eab_key" && text != "" {
		return "***"
	}
	if s.key != "database" && s.key != "smarthost" {
		return text
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		scheme, rest = "", text
	} else {
		scheme += "://"
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return maskPassword(text)
	}
	user, _, _ := strings.Cut(rest[:at], ":")
	return maskPassword(scheme + user + ":***" + rest[at:])
}

// maskPassword hides a password among the parameters of a database URL.
func maskPassword(text string) string {
	base, query, found := strings.Cut(text, "?")
	if !found {
		return text
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		if name, _, _ := strings.Cut(part, "="); strings.Contains(strings.ToLower(name), "password") {
			parts[i] = name + "=***"
		}
	}
	return base + "?" + strings.Join(parts, "&")
}

// newLog makes the program's logger.
func (c *config) newLog(w interface{ Write([]byte) (int, error) }) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
