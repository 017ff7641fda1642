package acme

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// obtain makes one order at the authority (RFC 8555 §7.4) and returns what it
// issued: the certificate with both halves, and what it says of itself.
func (s *Service) obtain(ctx context.Context, w myodai.WantedCertificate) (fresh myodai.NewCertificate, got myodai.Certificate, err error) {
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	client, wish := s.client()
	defer func() { err = wish.with(err) }()
	who, err := s.known(ctx, client)
	if err != nil {
		return fresh, got, err
	}
	order := acme.Order{Identifiers: []acme.Identifier{{Type: "dns", Value: string(w.Host)}}, Profile: s.o.Profile}
	if w.Held() {
		if leaf, err := s.leaf(ctx, w); err == nil {
			order.Replaces, _ = acme.ARIUniqueIdentifier(leaf) // "" of a certificate that has none
		}
	}
	order, err = s.newOrder(ctx, client, who, order)
	if err != nil {
		return fresh, got, err
	}
	for _, location := range order.Authorizations {
		authorization, err := client.GetAuthorization(ctx, who, location)
		if err != nil {
			return fresh, got, fmt.Errorf("read the authorization: %w", err)
		}
		if authorization.Status == acme.StatusValid {
			continue // of an earlier order
		}
		if err := s.authorize(ctx, client, who, authorization, w); err != nil {
			return fresh, got, err
		}
	}
	return s.finish(ctx, client, who, order, w.Host)
}

// newOrder makes the order; once more without naming the certificate that it
// replaces when the authority does not want to hear of that.
func (s *Service) newOrder(ctx context.Context, client *acme.Client, who acme.Account, order acme.Order) (acme.Order, error) {
	made, err := client.NewOrder(ctx, who, order)
	var problem acme.Problem
	if errors.As(err, &problem) {
		switch problem.Type {
		case acme.ProblemTypeAccountDoesNotExist:
			s.forget()
		case acme.ProblemTypeMalformed, acme.ProblemTypeAlreadyReplaced:
			if order.Replaces != "" {
				order.Replaces = ""
				made, err = client.NewOrder(ctx, who, order)
			}
		}
	}
	if err != nil {
		return made, fmt.Errorf("make the order: %w", err)
	}
	return made, nil
}

// kindOf is how a name is validated: by DNS where the record is in our own zone,
// or an alias leads there; by a page on the host otherwise.
func (s *Service) kindOf(w myodai.WantedCertificate) myodai.ChallengeKind {
	if w.Aliased && w.Token != "" || w.TrackingID == "" && w.Host.Under(s.o.Site.Zone) {
		return myodai.ChallengeDNS
	}
	return myodai.ChallengeHTTP
}

// authorize publishes what the authority wants to see, and waits for its verdict.
func (s *Service) authorize(ctx context.Context, client *acme.Client, who acme.Account, a acme.Authorization, w myodai.WantedCertificate) error {
	kind := s.kindOf(w)
	for _, challenge := range a.Challenges {
		if challenge.Type != string(kind) {
			continue
		}
		if a.Identifier.Value != string(w.Host) {
			return fmt.Errorf("the authority wants to validate %q, which was not ordered", a.Identifier.Value)
		}
		c := myodai.Challenge{CertificateID: w.ID, Kind: kind, Host: w.Host, MadeAt: time.Now()}
		if kind == myodai.ChallengeDNS {
			c.Name, c.Value = plan.ChallengeName(w.Host, w.Token, s.o.Site), challenge.DNS01KeyAuthorization()
		} else {
			c.Token, c.Value = challenge.Token, challenge.KeyAuthorization
		}
		if err := s.publish(ctx, c); err != nil {
			return err
		}
		if _, err := client.InitiateChallenge(ctx, who, challenge); err != nil {
			return fmt.Errorf("begin validation: %w", err)
		}
		if _, err := client.PollAuthorization(ctx, who, a); err != nil {
			return fmt.Errorf("validate: %w", err)
		}
		return nil
	}
	return fmt.Errorf("the authority offers no validation by %s", kind)
}

// publish shows a challenge and returns once everybody can see it.
func (s *Service) publish(ctx context.Context, c myodai.Challenge) error {
	if err := s.o.Store.AddChallenge(ctx, s.o.Owner, c); err != nil {
		return err
	}
	if c.Kind == myodai.ChallengeHTTP {
		// Every node looks into the store for it, and has not done so too early then.
		select {
		case <-ctx.Done():
		case <-time.After(2 * pagePause):
		}
		return ctx.Err()
	}
	s.o.Wake()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		if s.o.Visible(ctx, c.Name, c.Value) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the name servers of our zone do not show the record %s yet", c.Name)
		case <-time.After(pause):
		}
	}
}

// finish sends the request for the certificate and takes what is issued, if it is
// what was asked for.
func (s *Service) finish(ctx context.Context, client *acme.Client, who acme.Account, order acme.Order, host myodai.Name) (fresh myodai.NewCertificate, got myodai.Certificate, err error) {
	if fresh.Private, err = s.newKey(); err != nil {
		return fresh, got, err
	}
	key, err := parseKey(fresh.Private)
	if err != nil {
		return fresh, got, err
	}
	request, err := x509.CreateCertificateRequest(s.o.Random, &x509.CertificateRequest{DNSNames: []string{string(host)}}, key)
	if err != nil {
		return fresh, got, fmt.Errorf("make the request: %w", err)
	}
	if order, err = client.FinalizeOrder(ctx, who, order, request); err != nil {
		return fresh, got, fmt.Errorf("finalize: %w", err)
	}
	chains, err := client.GetCertificateChain(ctx, who, order.Certificate)
	if err != nil {
		return fresh, got, fmt.Errorf("fetch the certificate: %w", err)
	}
	if len(chains) == 0 {
		return fresh, got, errors.New("the authority sent no certificate")
	}
	fresh.Chain = chains[0].ChainPEM
	got, err = described(fresh.Chain, key.Public(), host)
	return fresh, got, err
}

// described reads a chain and what it says of its first certificate, which must
// be of the key and the host.
func described(chain []byte, public crypto.PublicKey, host myodai.Name) (myodai.Certificate, error) {
	block, _ := pem.Decode(chain)
	if block == nil {
		return myodai.Certificate{}, errors.New("what the authority sent is no PEM")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return myodai.Certificate{}, fmt.Errorf("read the certificate: %w", err)
	}
	ours, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return myodai.Certificate{}, fmt.Errorf("write the public key: %w", err)
	}
	if err := leaf.VerifyHostname(string(host)); err != nil || !bytes.Equal(leaf.RawSubjectPublicKeyInfo, ours) {
		return myodai.Certificate{}, errors.New("the authority sent another certificate than was ordered")
	}
	return myodai.Certificate{
		Serial: leaf.SerialNumber.Text(16), Issuer: leaf.Issuer.CommonName, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
	}, nil
}
