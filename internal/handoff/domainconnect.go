package handoff

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// DiscoveryName is where a zone's DNS host says that it speaks Domain Connect,
// in a TXT record (draft-ietf-dconn-domainconnect-04 §7.1).
func DiscoveryName(zone myodai.Name) myodai.Name { return zone.Child("_domainconnect") }

// SettingsURLs are the addresses of the host's settings for the zone, one for
// each valid text at DiscoveryName. They are a stranger's: whoever fetches them
// goes through egress.
func SettingsURLs(texts []string, zone myodai.Name) []string {
	var urls []string
	for _, text := range texts {
		if base, ok := httpsBase("https://" + text); ok {
			urls = append(urls, base+"/v2/"+url.PathEscape(string(zone))+"/settings")
		}
	}
	return urls
}

// Settings are what a DNS host says of itself (§7.2), as far as we use it.
type Settings struct {
	ProviderID   string   `json:"providerId"`
	ProviderName string   `json:"providerName"`
	DisplayName  string   `json:"providerDisplayName"` // for this domain; "" for ProviderName
	NameServers  []string `json:"nameServers"`         // of the zone as the host has it; none when it does not say
	SyncURL      string   `json:"urlSyncUX"`           // "" where links are not supported
	APIURL       string   `json:"urlAPI"`
	Critical     []string `json:"crit"`
}

// ParseSettings reads the answer to a request for SettingsURLs. What is not
// https, or demands that we know more than we do, is refused.
func ParseSettings(body []byte) (Settings, error) {
	var s Settings
	if err := json.Unmarshal(body, &s); err != nil {
		return Settings{}, myodai.Invalidf("the DNS host's settings are not JSON as Domain Connect has it")
	}
	known := []string{"providerId", "providerName", "providerDisplayName", "nameServers", "urlSyncUX", "urlAPI", "crit"}
	for _, name := range s.Critical {
		if !slices.Contains(known, name) {
			return Settings{}, myodai.Invalidf("the DNS host demands that we know %q, which we do not", name)
		}
	}
	var ok bool
	if s.SyncURL != "" {
		if s.SyncURL, ok = httpsBase(s.SyncURL); !ok || s.At() == "" {
			return Settings{}, myodai.Invalidf("the DNS host's settings have no valid urlSyncUX")
		}
	}
	if s.APIURL, ok = httpsBase(s.APIURL); !ok {
		return Settings{}, myodai.Invalidf("the DNS host's settings have no valid urlAPI")
	}
	return s, nil
}

// At is the host name that people are sent to, "" when it is none of a public
// web server.
func (s Settings) At() myodai.Name {
	u, err := url.Parse(s.SyncURL)
	if err != nil {
		return ""
	}
	name, err := myodai.ParseName(u.Hostname())
	if err != nil || name.IsPublicSuffix() {
		return ""
	}
	return name
}

// Name is what people call the host: its own word, on one line.
func (s Settings) Name() string {
	return strings.TrimSpace(shown(cmp.Or(s.DisplayName, s.ProviderName, s.ProviderID, string(s.At()))))
}

// Serves reports whether the settings can be those of a zone with these name
// servers: a record that is left over from another host leads to a host that
// does not serve the zone. Who names none is believed.
func (s Settings) Serves(nameServers []myodai.Name) bool {
	return len(s.NameServers) == 0 || len(nameServers) == 0 || slices.ContainsFunc(s.NameServers, func(listed string) bool {
		return slices.ContainsFunc(nameServers, func(n myodai.Name) bool {
			return strings.EqualFold(strings.TrimSuffix(listed, "."), string(n))
		})
	})
}

// httpsBase reads an address that paths are appended to.
func httpsBase(s string) (base string, ok bool) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") || u.User != nil || u.Opaque != "" ||
		strings.ContainsAny(s, "?# \\") || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", false
	}
	return strings.TrimSuffix(u.String(), "/"), true
}

// TemplateURL is where to ask whether the host knows our template: 2xx when it
// does, 404 when it does not (§8.2).
func (s Service) TemplateURL(at Settings) string {
	return at.APIURL + "/v2/domainTemplates/providers/" + url.PathEscape(s.ProviderID) + "/services/" + url.PathEscape(s.ServiceID)
}

// Application is one use of the template.
type Application struct {
	Host        Settings
	Zone        myodai.Name
	Domain      myodai.Domain
	Plan        plan.Plan            // of the domain
	Checks      []myodai.RecordCheck // the last ones
	RedirectURI string               // "" for none
	State       string               // comes back with the redirect; "" for none
}

// ApplyURL is the link by which a person has the DNS host write every open
// record, signed by the key at the label below KeyDomain (§8.3). left is what
// the link does not do. A DMARC record is written only where a check found
// none: a host may replace what it calls a conflict (C3).
func (s Service) ApplyURL(a Application, label string, key crypto.Signer) (link string, left []plan.Item, err error) {
	if !a.Domain.Name.Under(a.Zone) || a.Zone == "" {
		return "", nil, myodai.Invalidf("%s is not in the zone %q", a.Domain.Name, a.Zone)
	}
	base, ok := httpsBase(a.Host.SyncURL)
	if !ok {
		return "", nil, myodai.Refuse(myodai.CodeConflict, "", "the DNS host takes no Domain Connect links")
	}
	parameters, left := s.parameters(a)
	if parameters["groupId"] == "" {
		return "", left, myodai.Refuse(myodai.CodeConflict, "", "there is no open record that a link could write")
	}
	query := canonical(parameters)
	signature, err := sign(query, key)
	if err != nil {
		return "", nil, fmt.Errorf("sign a Domain Connect link: %w", err)
	}
	return base + "/v2/domainTemplates/providers/" + url.PathEscape(s.ProviderID) + "/services/" + url.PathEscape(s.ServiceID) +
		"/apply?" + query + "&sig=" + escape(signature) + "&key=" + escape(label), left, nil
}

// Writes says which open records a link writes, and which it leaves to people.
func (s Service) Writes(a Application) (writes, left []plan.Item) {
	_, left = s.parameters(a)
	writes = slices.DeleteFunc(Open(a.Plan, a.Checks), func(i plan.Item) bool {
		return slices.ContainsFunc(left, func(l plan.Item) bool { return l.Name == i.Name && l.Type == i.Type && l.Purpose == i.Purpose })
	})
	return writes, left
}

// parameters are the link's parameters but for its signature, and the open
// items that no group writes.
func (s Service) parameters(a Application) (parameters map[string]string, left []plan.Item) {
	variables := variablesOf(a.Domain, a.Plan)
	records := s.Template().Records
	parameters = map[string]string{"domain": string(a.Zone)}
	var groups []string
	for _, i := range Open(a.Plan, a.Checks) {
		n := slices.IndexFunc(records, func(r TemplateRecord) bool { return r.writes(i, a.Domain.Name, variables) })
		if n < 0 || i.Purpose == myodai.PurposeDMARC && checkOf(i, a.Checks).Status != myodai.StatusMissing {
			left = append(left, i)
			continue
		}
		groups = append(groups, records[n].GroupID)
		for name, value := range variables {
			if records[n].uses(name) {
				parameters[name] = value
			}
		}
	}
	parameters["groupId"] = strings.Join(groups, ",")
	for name, value := range map[string]string{
		"host":         strings.TrimSuffix(strings.TrimSuffix(string(a.Domain.Name), string(a.Zone)), "."),
		"redirect_uri": a.RedirectURI, "state": a.State,
	} {
		if value != "" {
			parameters[name] = value
		}
	}
	return parameters, left
}

// variablesOf are the values of the template's variables for a domain, but for
// those that no link carries: it takes printable ASCII.
func variablesOf(d myodai.Domain, p plan.Plan) map[string]string {
	variables := map[string]string{
		"token": d.Token, "tag": d.Tag(), "bounce": strings.TrimSuffix(string(d.ReturnPath), "."+string(d.Name)),
	}
	for _, i := range p.Items {
		switch {
		case i.Purpose == myodai.PurposeDKIM && i.Type == myodai.TypeTXT:
			_, public, _ := strings.Cut(i.Value, "p=")
			variables[keyVariable(i.Selector, d.Tag())] = public
		case i.Purpose == myodai.PurposeDMARC:
			_, variables["report"], _ = strings.Cut(i.Value, "rua=mailto:")
		}
	}
	maps.DeleteFunc(variables, func(_, value string) bool {
		return strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' })
	})
	return variables
}

// canonical is the query string that is signed: sorted, and encoded as
// RFC 3986 has it.
func canonical(parameters map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		pairs = append(pairs, escape(name)+"="+escape(parameters[name]))
	}
	return strings.Join(pairs, "&")
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// sign is RS256 (RFC 7518 §3.3), which needs no randomness, in base64.
func sign(query string, key crypto.Signer) (string, error) {
	if _, ok := key.Public().(*rsa.PublicKey); !ok {
		return "", fmt.Errorf("the key is %T, want RSA", key.Public())
	}
	digest := sha256.Sum256([]byte(query))
	signature, err := key.Sign(nil, digest[:], crypto.SHA256)
	return base64.StdEncoding.EncodeToString(signature), err
}

// LinkKeyLabel is the label of the first key. The next one gets another label,
// so that both work while links are under way.
const LinkKeyLabel = "_dcpubkeyv1"

// keyPart is how much of a public key one record carries: with what stands
// before it, it stays within one string.
const keyPart = 200

// KeyRecords are the TXT records that publish the public key of links at the
// label below KeyDomain (draft-ietf-dconn-domainconnect-04 §6.4).
func (s Service) KeyRecords(label string, public *rsa.PublicKey) ([]myodai.Record, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encode the public key: %w", err)
	}
	var records []myodai.Record
	rest := base64.StdEncoding.EncodeToString(der)
	for n := 1; rest != ""; n++ {
		part := rest[:min(keyPart, len(rest))]
		rest = rest[len(part):]
		text := fmt.Sprintf("p=%d,a=RS256,d=%s", n, part)
		records = append(records, myodai.Record{
			Name: s.KeyDomain.Child(label), Type: myodai.TypeTXT, TTL: TTL, Data: text, Strings: []string{text},
		})
	}
	return records, nil
}
