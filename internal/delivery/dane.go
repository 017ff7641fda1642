package delivery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// The usages, selectors and matching types of RFC 6698 §2.1 that mail goes by.
const (
	usageTA, usageEE                 = 2, 3
	selectorCert, selectorKey        = 0, 1
	matchFull, matchSHA256, matchSHA = 0, 1, 2
)

// tlsa is one TLSA record (RFC 6698 §2.1).
type tlsa struct {
	usage, selector, match uint8
	data                   []byte
}

// errNotNamed ends a handshake with a server whose certificate none of its TLSA
// records names.
var errNotNamed = errors.New("the certificate is none that its TLSA records name")

// reached is what the look-up of a host's addresses tells of its name.
type reached struct {
	name   myodai.Name // that its aliases led to
	secure bool        // validated
}

// lookupTLSA finds the TLSA records for mail at a host: at the name its aliases
// lead to, and if there are none at its own (RFC 7672 §2.2.2). base is the name
// they are at.
func (a *Agent) lookupTLSA(ctx context.Context, host, end myodai.Name) (found []tlsa, base myodai.Name, problem *myodai.Outcome) {
	for _, base := range []myodai.Name{end, host} {
		answer := a.with.Lookup(ctx, base.Child("_"+strconv.Itoa(int(a.with.Port))+"._tcp"), myodai.TypeTLSA)
		records, kind := settle(answer, myodai.TypeTLSA)
		if kind == myodai.AnswerUnknown {
			return nil, base, transient("4.7.5", "the TLSA records of %s cannot be looked up now%s", base, because(answer))
		}
		if len(records) > 0 && answer.Validated {
			for _, rr := range records {
				found = append(found, parseTLSA(rr.Data))
			}
			return found, base, nil
		}
		if end == host {
			break
		}
	}
	return nil, host, nil
}

// parseTLSA reads "3 1 1 8a9b…"; what is not of that form becomes a record that
// nobody can use.
func parseTLSA(text string) tlsa {
	fields := strings.Fields(text)
	if len(fields) < 4 {
		return tlsa{}
	}
	var numbers [3]uint8
	for i := range numbers {
		n, err := strconv.ParseUint(fields[i], 10, 8)
		if err != nil {
			return tlsa{}
		}
		numbers[i] = uint8(n)
	}
	data, err := hex.DecodeString(strings.Join(fields[3:], ""))
	if err != nil {
		return tlsa{}
	}
	return tlsa{numbers[0], numbers[1], numbers[2], data}
}

// usableTLSA keeps the records that mail goes by. Usages 0 and 1 want authorities
// that no two mail servers agree on (RFC 7672 §3.1.3).
func usableTLSA(list []tlsa) []tlsa {
	var usable []tlsa
	for _, r := range list {
		ok := (r.usage == usageTA || r.usage == usageEE) && r.selector <= selectorKey
		switch r.match {
		case matchFull:
			ok = ok && len(r.data) > 0
		case matchSHA256:
			ok = ok && len(r.data) == sha256.Size
		case matchSHA:
			ok = ok && len(r.data) == sha512.Size
		default:
			ok = false
		}
		if ok {
			usable = append(usable, r)
		}
	}
	return usable
}

// writeTLSA writes records, one a line, so that they can be compared and read
// again.
func writeTLSA(list []tlsa) string {
	var b strings.Builder
	for _, r := range list {
		fmt.Fprintf(&b, "%d %d %d %x\n", r.usage, r.selector, r.match, r.data)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// fits reports whether the record is about the certificate.
func (r tlsa) fits(c *x509.Certificate) bool {
	data := c.Raw
	if r.selector == selectorKey {
		data = c.RawSubjectPublicKeyInfo
	}
	switch r.match {
	case matchSHA256:
		sum := sha256.Sum256(data)
		data = sum[:]
	case matchSHA:
		sum := sha512.Sum512(data)
		data = sum[:]
	}
	return bytes.Equal(data, r.data)
}

// admits checks a server's certificates by what TLSA records say. A record of the
// certificate itself settles it, whatever its name and dates (RFC 7672 §3.1.1). One
// of an authority vouches for those that it signed, for one of the names and for
// now (§3.1.2).
func (d demand) admits(certs []*x509.Certificate, now time.Time) error {
	if len(certs) == 0 {
		return errNotNamed
	}
	for line := range strings.Lines(d.tlsa) {
		r := parseTLSA(line)
		if r.usage == usageEE && r.fits(certs[0]) || r.usage == usageTA && d.signed(r, certs, now) {
			return nil
		}
	}
	return errNotNamed
}

// signed reports whether the authority that the record names vouches for the
// server. It need not send that certificate when the record has all of it.
func (d demand) signed(r tlsa, certs []*x509.Certificate, now time.Time) bool {
	roots, others := x509.NewCertPool(), x509.NewCertPool()
	named := false
	for _, c := range certs[1:] {
		if r.fits(c) {
			roots.AddCert(c)
			named = true
		}
		others.AddCert(c)
	}
	if r.selector == selectorCert && r.match == matchFull {
		if c, err := x509.ParseCertificate(r.data); err == nil {
			roots.AddCert(c)
			named = true
		}
	}
	if !named {
		return false
	}
	for name := range strings.FieldsSeq(d.names) {
		_, err := certs[0].Verify(x509.VerifyOptions{
			DNSName: name, Roots: roots, Intermediates: others, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err == nil {
			return true
		}
	}
	return false
}

// byTLSA makes config take whom the demand admits, and ask for the host under the
// name of its records (RFC 7672 §8.1).
func (d demand) byTLSA(config *tls.Config) {
	config.ServerName, _, _ = strings.Cut(d.names, " ")
	config.InsecureSkipVerify = true // #nosec G402 -- VerifyConnection decides
	config.VerifyConnection = func(state tls.ConnectionState) error { return d.admits(state.PeerCertificates, time.Now()) }
}
