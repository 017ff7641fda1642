package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/acme"
	"github.com/myodai/myodai/internal/domains"
)

// buildTracking makes the engine of tracking domains and what orders their
// certificates.
func (s *server) buildTracking() error {
	roots, err := s.cfg.ACME.roots()
	if err != nil {
		return err
	}
	now := time.Now()
	s.acme = acme.New(acme.Options{
		Store: s.store, Site: s.site, Directory: s.cfg.ACME.Directory, Contact: s.cfg.ACME.Contact,
		EAB: acme.EAB{KeyID: s.cfg.ACME.EABKeyID, Key: s.cfg.ACME.EABKey}, Profile: s.cfg.ACME.Profile, Roots: roots,
		Dial: s.dialer(s.cfg.ACME.servers()).DialContext, Lookup: addressesBy(s.cache), Visible: s.visible, Wake: s.dns.Wake, Warn: s.warnOfCertificate,
		Owner: "acme_" + string(myodai.NewID[myodai.CertificateID](now, rand.Reader)), Random: rand.Reader,
		Log: s.log, Registerer: s.registry,
	})
	s.tracking = domains.NewTracking(domains.TrackingOptions{
		Store: s.store, Prober: s.prober, Registry: s.domains.Registry, Site: s.site, Issuers: s.cfg.CADomains, StepTime: s.cfg.TrackingStep, Random: rand.Reader, Log: s.log,
		Wake: s.dns.Wake, Order: s.acme.Order, Notify: s.notify, Believes: s.clock.believed,
	})
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	return s.store.WantCertificates(ctx, s.cfg.certificateNames(), now, func() myodai.CertificateID {
		return myodai.NewID[myodai.CertificateID](now, rand.Reader)
	})
}

// servers are those of the authority, which may be inside: the operator named it.
func (c acmeConfig) servers() []string {
	u, err := url.Parse(c.Directory)
	if err != nil || u.Host == "" {
		return nil
	}
	return []string{u.Hostname()}
}

func (c acmeConfig) roots() (*x509.CertPool, error) {
	if c.Roots == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Roots)
	if err != nil {
		return nil, usage("acme_roots: %v", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, usage("acme_roots: %s holds no certificate in PEM", c.Roots)
	}
	return pool, nil
}

// certificateNames are the platform's own names for which certificates are
// ordered: those in our zone, which can be validated there. Who gives a
// certificate needs none.
func (c *config) certificateNames() []myodai.Name {
	if c.ACME.Directory == "" || c.TLSCert != "" {
		return nil
	}
	names := []myodai.Name{c.Hostname, c.TrackHost}
	if u, err := url.Parse(c.BaseURL); err == nil && u.Scheme == "https" {
		if name, err := myodai.ParseName(u.Hostname()); err == nil {
			names = append(names, name)
		}
	}
	names = slices.DeleteFunc(names, func(n myodai.Name) bool { return !n.Under(c.Zone) })
	slices.Sort(names)
	return slices.Compact(names)
}

// certificate finds one for a handshake at a mail server: the one of our host
// name that we hold, or the one in the files, which serves all other names, too.
func (s *server) certificate(files func(*tls.ClientHelloInfo) (*tls.Certificate, error)) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.cfg.TLSCert != "" {
		return files
	}
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if s.acme.Holds(s.cfg.Hostname, time.Now()) {
			return s.acme.Certificate(s.cfg.Hostname), nil
		}
		return files(hello)
	}
}

// visible reports whether our name servers show a TXT record. A machine that
// cannot reach them from inside its own network asks itself.
func (s *server) visible(ctx context.Context, name myodai.Name, text string) bool {
	asked := false
	o := s.prober.Probe(ctx, s.cfg.Zone, func(myodai.Observation) []myodai.Question {
		if asked {
			return nil
		}
		asked = true
		return []myodai.Question{{Name: name, Type: myodai.TypeTXT}}
	})
	shown, lacking := 0, 0
	for _, a := range o.About(name, myodai.TypeTXT) {
		has := slices.ContainsFunc(a.Of(myodai.TypeTXT), func(rr myodai.Record) bool { return rr.Text() == text })
		switch {
		case a.Kind() == myodai.AnswerUnknown:
		case has:
			shown++
		default:
			lacking++
		}
	}
	if shown+lacking > 0 {
		return lacking == 0
	}
	served, ok := s.dns.Serial()
	wanted, err := s.store.ZoneSerial(ctx)
	return ok && err == nil && served == wanted
}

// notify writes to those of a tenant who set things up, each in their language.
func (s *server) notify(ctx context.Context, tenant myodai.TenantID, n domains.Notice) error {
	members, _, err := s.store.Members(ctx, tenant, myodai.Page{Limit: myodai.MaxPage})
	for _, m := range members {
		if m.Role == myodai.RoleMember {
			continue
		}
		text := n.English
		if m.Language == "ja" {
			text = n.Japanese
		}
		_, failed := s.submission.SendOwn(ctx, myodai.OwnMail{To: m.Email, Subject: text.Subject, Text: text.Text})
		err = errors.Join(err, failed)
	}
	return err
}

// warnOfCertificate writes to the operator about a certificate that is about to
// expire, a fortnight before (P27).
func (s *server) warnOfCertificate(ctx context.Context, c myodai.Certificate) error {
	if s.cfg.ACME.Contact.IsZero() {
		return nil
	}
	until := c.NotAfter.UTC().Format("2006-01-02 15:04 UTC")
	why := "the records of the name do not allow an order; see its page in the console"
	reason := "レコードの状態により、新しい証明書を申請できません。コンソールでご確認ください。"
	if c.Failure != nil {
		why, reason = fmt.Sprintf("%s (%s)", c.Failure.Detail, c.Failure.Type), fmt.Sprintf("%s (%s)", c.Failure.Detail, c.Failure.Type)
	}
	_, err := s.submission.SendOwn(ctx, myodai.OwnMail{
		To:      s.cfg.ACME.Contact,
		Subject: fmt.Sprintf("The certificate of %s expires on %s / 証明書の期限", c.Host, until),
		Text: fmt.Sprintf("The certificate of %s could not be renewed and expires on %s.\n\nWhy: %s\n\nUntil then nothing changes. Afterwards links over HTTPS show a warning.\n\n"+
			"%s の証明書を更新できておらず、%s に期限が切れます。\n\n理由：%s\n\n期限が過ぎると、HTTPSのリンクを開いたときに警告が表示されます。\n", c.Host, until, why, c.Host, until, reason),
	})
	return err
}
