package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// tlsFailure is why TLS did not come about, in words fit for people.
type tlsFailure struct{ reason string }

func (f *tlsFailure) Error() string { return f.reason }

// upgrade asks for TLS by STARTTLS (RFC 3207). begun is false when the server
// takes its offer back, as with 454; then the session goes on in the clear, where
// nothing more is required of it, and the dialogue says so.
func (s *session) upgrade(ctx context.Context) (begun bool, err error) {
	if err := s.say("STARTTLS"); err != nil {
		return false, err
	}
	if err := s.w.Flush(); err != nil {
		return false, err
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(s.agent.with.Timeouts.Hello)) // reading tells when it did not work
	r, err := readReply(s.r, s.said.server)
	if err != nil {
		return false, err
	}
	if r.code == 421 {
		return false, &tlsFailure{"the server hung up (421)"}
	}
	if r.code != 220 {
		s.brokenTLS, s.refusal = true, fmt.Sprintf("%d %s", r.code, r.text())
		if !s.target.demand.encrypted {
			s.said.remark("STARTTLS was refused; going on in the clear")
		}
		return false, nil
	}
	if s.r.Buffered() > 0 {
		// Octets that came in the clear would be read as if they had come in TLS.
		return true, &tlsFailure{"the server went on talking before TLS"}
	}
	return true, s.startTLS(ctx)
}

// startTLS shakes hands. Unless something else is demanded, any certificate will
// do: an eavesdropper is kept out, an impostor is not (RFC 7435). Whether it would
// have passed is noted all the same.
func (s *session) startTLS(ctx context.Context) error {
	name, verified := string(s.target.host), s.target.demand.verified
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    s.agent.with.Roots,
		// #nosec G402 -- opportunistic TLS; where a password follows, it is verified.
		InsecureSkipVerify: !verified,
		ServerName:         name,
	}
	if _, err := netip.ParseAddr(name); err == nil && !verified {
		config.ServerName = "" // an address is no server name (RFC 6066 §3)
	}
	if s.target.demand.tlsa != "" {
		s.target.demand.byTLSA(config)
	}
	ctx, cancel := context.WithTimeout(ctx, s.agent.with.Timeouts.Hello)
	defer cancel()
	conn := tls.Client(s.conn, config)
	_ = s.conn.SetDeadline(time.Time{}) // the context bounds the handshake
	if err := conn.HandshakeContext(ctx); err != nil {
		return &tlsFailure{explainTLS(err)}
	}
	s.use(conn)
	state := conn.ConnectionState()
	s.tls = s.verdict(tls.VersionName(state.Version), verified || s.chains(state.PeerCertificates, name))
	s.said.remark("%s", s.tls)
	return nil
}

// chains reports whether the certificates lead to an authority we believe and
// are made out to name.
func (s *session) chains(certs []*x509.Certificate, name string) bool {
	if len(certs) == 0 {
		return false
	}
	others := x509.NewCertPool()
	for _, c := range certs[1:] {
		others.AddCert(c)
	}
	_, err := certs[0].Verify(x509.VerifyOptions{DNSName: name, Roots: s.agent.with.Roots, Intermediates: others})
	return err == nil
}

// explainTLS puts the failure of a handshake into words.
func explainTLS(err error) string {
	var alert tls.AlertError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errNotNamed):
		return errNotNamed.Error()
	case errors.As(err, &certificate):
		return "the certificate is not valid for it"
	case errors.As(err, &alert):
		return fmt.Sprintf("the server refused the TLS handshake (%s)", clean(alert.Error()))
	case errors.As(err, &record):
		return "what the server sent is not TLS"
	}
	return plainly(err)
}
