package delivery_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// chain is a certificate for names that an authority of its own has signed, until
// the given time, with the authority sent along.
func chain(t *testing.T, until time.Time, names ...string) (server tls.Certificate, authority *x509.Certificate) {
	t.Helper()
	sign := func(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
		template.SerialNumber, template.NotBefore = big.NewInt(2), time.Now().Add(-48*time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	above, own := key(), key()
	top := &x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	authority = sign(top, top, above, above)
	leaf := sign(&x509.Certificate{Subject: pkix.Name{CommonName: "server"}, DNSNames: names, NotAfter: until}, authority, own, above)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, authority.Raw}, PrivateKey: own, Leaf: leaf}, authority
}

// record is the data of a TLSA record for a certificate.
func record(usage, selector, match int, c *x509.Certificate) string {
	data := c.Raw
	if selector == 1 {
		data = c.RawSubjectPublicKeyInfo
	}
	switch match {
	case 1:
		sum := sha256.Sum256(data)
		data = sum[:]
	case 2:
		sum := sha512.Sum512(data)
		data = sum[:]
	}
	return fmt.Sprintf("%d %d %d %x", usage, selector, match, data)
}

// TestDANE: what TLSA records say of a server's certificate, in zones that were
// validated (RFC 7672).
func TestDANE(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	good, authority := chain(t, soon, "mx.example.net")
	_, stranger := chain(t, soon, "mx.example.net")
	elsewhere, elsewhereAuthority := chain(t, soon, "other.example.org")
	expired, expiredAuthority := chain(t, time.Now().Add(-time.Hour), "mx.example.net")
	domainOnly, domainAuthority := chain(t, soon, "example.net")
	const verified, unnamed = "TLS 1.3, certificate verified by DANE", "the certificate is none that its TLSA records name"
	for _, tt := range []struct {
		name    string
		server  tls.Certificate
		records []string
		tls     string // of a delivery; "" for a transient outcome
		text    string // of that
	}{
		{"the certificate, whole", good, []string{record(3, 0, 0, good.Leaf)}, verified, ""},
		{"the certificate, SHA-256", good, []string{record(3, 0, 1, good.Leaf)}, verified, ""},
		{"the certificate, SHA-512", good, []string{record(3, 0, 2, good.Leaf)}, verified, ""},
		{"its key, whole", good, []string{record(3, 1, 0, good.Leaf)}, verified, ""},
		{"its key, SHA-256", good, []string{record(3, 1, 1, good.Leaf)}, verified, ""},
		{"its key, SHA-512", good, []string{record(3, 1, 2, good.Leaf)}, verified, ""},
		{"its key, of another name", elsewhere, []string{record(3, 1, 1, elsewhere.Leaf)}, verified, ""},
		{"its key, expired", expired, []string{record(3, 1, 1, expired.Leaf)}, verified, ""},
		{"one of several", good, []string{record(3, 1, 1, stranger), record(2, 0, 1, stranger), record(3, 1, 1, good.Leaf)}, verified, ""},
		{"its authority, SHA-256", good, []string{record(2, 0, 1, authority)}, verified, ""},
		{"its authority's key, SHA-512", good, []string{record(2, 1, 2, authority)}, verified, ""},
		{"its authority, whole, not sent along", tls.Certificate{Certificate: good.Certificate[:1], PrivateKey: good.PrivateKey}, []string{record(2, 0, 0, authority)}, verified, ""},
		{"its authority, for the domain's name", domainOnly, []string{record(2, 0, 1, domainAuthority)}, verified, ""},
		{"its authority, of another name", elsewhere, []string{record(2, 0, 1, elsewhereAuthority)}, "", unnamed},
		{"its authority, expired", expired, []string{record(2, 0, 1, expiredAuthority)}, "", unnamed},
		{"another key", good, []string{record(3, 1, 1, stranger)}, "", unnamed},
		{"another authority", good, []string{record(2, 0, 1, stranger)}, "", unnamed},
		{"the authority as if it were the certificate", good, []string{record(3, 0, 1, authority)}, "", unnamed},
		{"nothing usable: encrypted, from whomever", good, []string{record(1, 0, 1, good.Leaf), record(0, 0, 1, authority), "3 1 9 00", "3 1 1 00", "3 2 1 00", "nonsense"}, "TLS 1.3, certificate not verified", ""},
		{"something usable beside what is not", good, []string{record(1, 0, 1, good.Leaf), record(3, 1, 1, stranger)}, "", unnamed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sink := smtptest.NewSink(t, smtptest.SinkOptions{Certificate: &tt.server, Distrusted: tt.tls == ""})
			options := signedHost(sink, tt.records...)
			o := delivery.NewAgent(options).Attempt(t.Context(), jobTo(1))[0]
			if tt.tls == "" {
				if o.Kind != myodai.OutcomeTransient || !strings.Contains(o.Text, tt.text) || len(sink.Mails()) > 0 || sink.Connections() != 1 {
					t.Errorf("%+v after %d connections", o, sink.Connections())
				}
				return
			}
			if o.Kind != myodai.OutcomeDelivered || o.TLS != tt.tls {
				t.Errorf("%+v", o)
			}
		})
	}
}

// signedHost is oneHost with TLSA records, all of it validated.
func signedHost(sink *smtptest.Sink, records ...string) delivery.Options {
	text := "SECURE\nMX example.net 10 mx.example.net\nA mx.example.net 192.0.2.1\n"
	for _, r := range records {
		text += "TLSA _25._tcp.mx.example.net " + r + "\n"
	}
	options := oneHost(sink.Addr())
	options.Lookup, options.Validates = parseZone(text).lookup, true
	return options
}

// TestDANEWithoutProof: where DNS was not validated, by whomever, TLSA records
// mean nothing; where they cannot be had, the host waits; and without TLS it gets
// nothing (RFC 7672 §2).
func TestDANEWithoutProof(t *testing.T) {
	const zone = "MX example.net 10 mx.example.net\nA mx.example.net 192.0.2.1\n"
	const foreign = "TLSA _25._tcp.mx.example.net 3 1 1 " + "0000000000000000000000000000000000000000000000000000000000000000\n"
	for _, tt := range []struct {
		name      string
		zone      string
		validates bool
		without   string // what the server does not offer
		rule      myodai.TLSRule
		text      string // of a transient outcome; "" for a delivery
	}{
		{"an insecure zone", zone + foreign, true, "", "", ""},
		{"a resolver that nobody believes", "SECURE\n" + zone + foreign, false, "", "", ""},
		{"no TLSA records", "SECURE\n" + zone, true, "STARTTLS", "", ""},
		{"TLSA records that cannot be looked up", "SECURE\n" + zone + "TLSA _25._tcp.mx.example.net SERVFAIL\n", true, "", "", "the TLSA records of mx.example.net cannot be looked up now"},
		{"no STARTTLS", "SECURE\n" + zone + foreign, true, "STARTTLS", "", "mx.example.net offers no TLS, which DANE requires"},
		{"no STARTTLS and no usable record", "SECURE\n" + zone + "TLSA _25._tcp.mx.example.net 1 1 1 00\n", true, "STARTTLS", "", "mx.example.net offers no TLS, which DANE requires"},
		{"TLS-Required: No", "SECURE\n" + zone + foreign, true, "STARTTLS", myodai.TLSOptional, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sink := smtptest.NewSink(t, smtptest.SinkOptions{Without: []string{tt.without}})
			options := oneHost(sink.Addr())
			options.Lookup, options.Validates = parseZone(tt.zone).lookup, tt.validates
			job := jobTo(1)
			job.Items[0].Delivery.Terms.TLS = tt.rule
			o := delivery.NewAgent(options).Attempt(t.Context(), job)[0]
			if tt.text == "" && o.Kind != myodai.OutcomeDelivered || tt.text != "" && (o.Kind != myodai.OutcomeTransient || !strings.Contains(o.Text, tt.text)) {
				t.Errorf("%+v", o)
			}
		})
	}
}

// TestTLSRules: what the sender asks of TLS (RFC 8689), from each of the servers.
func TestTLSRules(t *testing.T) {
	for _, tt := range []struct {
		name    string
		rule    myodai.TLSRule
		without []string
		trusted bool // the server's certificate
		secure  bool // the MX records
		want    string
	}{
		{"required", myodai.TLSRequired, nil, false, false, "delivered 250"},
		{"required, and not offered", myodai.TLSRequired, []string{"STARTTLS"}, false, false, "transient 0 4.7.4 mx.example.net offers no TLS, which the sender requires"},
		{"verified", myodai.TLSVerified, nil, true, false, "delivered 250"},
		{"verified, from nobody we know", myodai.TLSVerified, nil, false, false, "transient 0 4.4.2 connection to mx.example.net lost after STARTTLS: the certificate is not valid for it"},
		{"REQUIRETLS", myodai.TLSChain, nil, true, true, "delivered 250"},
		{"REQUIRETLS, and the MX records may be forged", myodai.TLSChain, nil, true, false, "permanent 0 5.7.10 the mail servers of example.net are not named by DNSSEC or MTA-STS, as REQUIRETLS wants"},
		{"REQUIRETLS, and not offered", myodai.TLSChain, []string{"REQUIRETLS"}, true, true, "permanent 0 5.7.30 mx.example.net does not offer REQUIRETLS, which the sender requires"},
		{"REQUIRETLS, from nobody we know", myodai.TLSChain, nil, false, true, "transient 0 4.4.2 connection to mx.example.net lost after STARTTLS: the certificate is not valid for it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			certificate, roots := smtptest.Certificate(t, "mx.example.net")
			sink := smtptest.NewSink(t, smtptest.SinkOptions{Certificate: &certificate, Without: tt.without, Distrusted: !tt.trusted})
			options := oneHost(sink.Addr())
			if tt.secure {
				options = signedHost(sink)
			}
			if tt.trusted {
				options.Roots = roots
			}
			job := jobTo(2) // the other one asks for nothing, and gets there all the same
			job.Items[0].Delivery.Terms.TLS = tt.rule
			got := delivery.NewAgent(options).Attempt(t.Context(), job)
			if l := line(got[0]); !strings.HasPrefix(l, tt.want) {
				t.Errorf("%s\nwant %s", l, tt.want)
			}
			if got[1].Kind != myodai.OutcomeDelivered {
				t.Errorf("%+v", got[1])
			}
			asked := strings.Contains(strings.Join(sink.Commands(), "\n"), " REQUIRETLS")
			if asked != (tt.rule == myodai.TLSChain && got[0].Kind == myodai.OutcomeDelivered) {
				t.Errorf("REQUIRETLS in %q", sink.Commands())
			}
		})
	}
}
