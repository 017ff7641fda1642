package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/handoff"
)

// connectConfig is how DNS hosts know this platform by Domain Connect.
type connectConfig struct {
	Provider  string        // "": Zone; nobody: no host is asked
	Service   string        // "": mail
	Redirects []myodai.Name // hosts that people may be sent back to, beside that of BaseURL
}

// connectID is an id as Domain Connect has it.
var connectID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

func parseConnectID(s string) (string, error) {
	if !connectID.MatchString(s) {
		return "", fmt.Errorf("%q is not an id of letters, digits, dots, hyphens and underscores", s)
	}
	return s, nil
}

// connect is the platform as DNS hosts know it.
func (c *config) connect() handoff.Service {
	s := handoff.Service{
		ProviderID: cmp.Or(c.Connect.Provider, string(c.Zone)), ProviderName: c.ServiceName,
		ServiceID: cmp.Or(c.Connect.Service, "mail"), ServiceName: "Mail in the domain's name",
		KeyDomain: c.Zone.Child("domainconnect"), Site: c.site(),
	}
	if c.Connect.Provider == nobody {
		s.ProviderID = ""
	}
	if u, err := url.Parse(c.BaseURL); err == nil {
		if name, err := myodai.ParseName(u.Hostname()); err == nil {
			s.RedirectDomains = append(s.RedirectDomains, name)
		}
	}
	s.RedirectDomains = append(s.RedirectDomains, c.Connect.Redirects...)
	return s
}

// newHandover makes what has others enter records. Mail goes by the submission,
// which is made later.
func (s *server) newHandover() *domains.Handover {
	return domains.NewHandover(domains.HandoverOptions{
		Domains: s.domains, Tenants: s.store, Platform: s.cfg.ServiceName,
		Send: func(ctx context.Context, m myodai.OwnMail) (myodai.MessageID, error) {
			return s.submission.SendOwn(ctx, m)
		},
		Connect: s.cfg.connect(), Keys: s.store, Lookup: s.cache.Lookup, Outward: s.outward(), Random: rand.Reader,
		Wake: s.dns.Wake,
	})
}

func (c *cli) connectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "connect", Short: "Let DNS hosts know this platform, by Domain Connect",
		Long: `Some DNS hosts enter records by themselves when the domain's owner agrees there
(Domain Connect). Each of them has to be given this platform's template once;
from then on the console, the API and "myodai domain connect" offer it for the
domains it serves.`,
		Example: `  myodai connect template --config /etc/myodai.yaml > plat.example.mail.json`,
	}
	cmd.AddCommand(c.connectTemplate())
	return cmd
}

func (c *cli) connectTemplate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "template", Short: "Write the template that DNS hosts are given", Args: cobra.NoArgs,
		Long: `Write the template that DNS hosts are given once, as JSON. It has every record that
a domain may need, in both shapes, each in a group of its own; a link names the
groups that are open. It follows from the configuration of the service: give it to
DNS hosts again when the zone, the host name or the hosts to return to change.`,
		Example: `  myodai connect template --config /etc/myodai.yaml > plat.example.mail.json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := c.loadConfig(cmd)
			if err != nil {
				return err
			}
			cfg.complete()
			if err := cfg.validate(); err != nil {
				return usageError{err}
			}
			if cfg.connect().ProviderID == "" {
				return usage("connect_provider is none, so no DNS host is asked; give the id that this platform is to have there")
			}
			out := json.NewEncoder(c.out)
			out.SetEscapeHTML(false)
			out.SetIndent("", "  ")
			return out.Encode(cfg.connect().Template())
		},
	}
	addSettings(cmd)
	return cmd
}
