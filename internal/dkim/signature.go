package dkim

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// signature is what one DKIM-Signature field says (RFC 6376 §3.5).
type signature struct {
	field     field
	tags      []tag
	algorithm string // a=, lower case
	header    Canonicalization
	body      Canonicalization
	domain    myodai.Name // d=
	selector  string      // s=, lower case
	identity  string      // i=, as written; "" without one
	below     bool        // i= is in a subdomain of d=
	names     []string    // h=, lower case
	length    int64       // l=; -1 without one
	signedAt  int64       // t=; 0 without one
	expiresAt int64       // x=; 0 without one
	bodyHash  []byte      // bh=
	value     []byte      // b=
}

// parseSignature reads a DKIM-Signature field. Its error is a *failure; what
// was read before it is returned too, so that a result can name the signature.
func parseSignature(f field) (signature, error) {
	s := signature{field: f, length: -1}
	tags, err := parseTags(f.value())
	if err != nil {
		return s, permanent("the signature is not a list of tags: %v", err)
	}
	s.tags = tags
	steps := []func() error{s.readNames, s.readAlgorithm, s.readIdentity, s.readHeaderNames, s.readNumbers, s.readHashes}
	for _, read := range steps {
		if err := read(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// required is the value of a tag that must be there and not be empty.
func (s *signature) required(name string) (string, error) {
	t, ok := find(s.tags, name)
	if !ok || t.value == "" {
		return "", permanent("the signature has no %s= tag", name)
	}
	return t.value, nil
}

// optional is the value of a tag, or the given one without it.
func (s *signature) optional(name, missing string) string {
	if t, ok := find(s.tags, name); ok {
		return t.value
	}
	return missing
}

// readNames reads d= and s=.
func (s *signature) readNames() error {
	domain, err := s.required("d")
	if err != nil {
		return err
	}
	if s.domain, err = parseDomain(domain); err != nil || s.domain == "" {
		return permanent("d=%s is not a domain name", shorten(domain))
	}
	selector, err := s.required("s")
	if err != nil {
		return err
	}
	name, err := parseDomain(selector)
	if err != nil || name == "" {
		return permanent("s=%s is not a selector", shorten(selector))
	}
	s.selector = string(name)
	if _, err := myodai.ParseOwner(string(s.keyName())); err != nil {
		return permanent("selector and domain together are longer than a DNS name can be")
	}
	return nil
}

// parseDomain reads a name of DNS octets, or one with U-labels (RFC 8616 §5).
func parseDomain(s string) (myodai.Name, error) {
	if name, err := myodai.ParseOwner(s); err == nil {
		return name, nil
	}
	return myodai.ParseName(s)
}

// keyName is where the key record is.
func (s *signature) keyName() myodai.Name {
	return s.domain.Child(s.selector + "._domainkey")
}

// readAlgorithm reads v=, a=, c= and q=.
func (s *signature) readAlgorithm() error {
	if v, err := s.required("v"); err != nil {
		return err
	} else if v != "1" {
		return permanent("v=%s is not a version of DKIM we know", shorten(v))
	}
	a, err := s.required("a")
	if err != nil {
		return err
	}
	s.algorithm = strings.ToLower(a)
	header, body, both := strings.Cut(strings.ToLower(s.optional("c", "simple/simple")), "/")
	if !both {
		body = string(Simple)
	}
	s.header, s.body = Canonicalization(header), Canonicalization(body)
	for _, c := range []Canonicalization{s.header, s.body} {
		if c != Simple && c != Relaxed {
			return permanent("c= has %s, which is not a canonicalization", shorten(string(c)))
		}
	}
	if !slices.Contains(splitColons(s.optional("q", "dns/txt")), "dns/txt") {
		return permanent("q= does not allow the key to be fetched from DNS")
	}
	switch s.algorithm {
	case "rsa-sha256", "ed25519-sha256":
		return nil
	case "rsa-sha1":
		return permanent("the signature uses SHA-1, which no longer proves anything")
	}
	return permanent("a=%s is not an algorithm we know", shorten(a))
}

// readIdentity reads i=, whose domain must be d= or below it. DNS names know no
// case, whatever the octets say.
func (s *signature) readIdentity() error {
	s.identity = s.optional("i", "")
	if s.identity == "" {
		return nil
	}
	at := strings.LastIndexByte(s.identity, '@')
	domain, err := parseDomain(s.identity[at+1:])
	if at < 0 || err != nil || !domain.Under(s.domain) {
		return permanent("i=%s is not in the domain %s of the signature", shorten(s.identity), s.domain)
	}
	s.below = domain != s.domain
	return nil
}

// readHeaderNames reads h=, which must name From.
func (s *signature) readHeaderNames() error {
	h, err := s.required("h")
	if err != nil {
		return err
	}
	s.names = splitColons(h)
	if slices.Contains(s.names, "") {
		return permanent("h= has an empty name in it")
	}
	if !slices.Contains(s.names, "from") {
		return permanent("the signature does not cover the From field")
	}
	return nil
}

// readNumbers reads l=, t= and x=.
func (s *signature) readNumbers() error {
	for _, number := range []struct {
		tag string
		to  *int64
	}{{"l", &s.length}, {"t", &s.signedAt}, {"x", &s.expiresAt}} {
		t, ok := find(s.tags, number.tag)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(t.value, 10, 63)
		if err != nil {
			return permanent("%s=%s is not a number", number.tag, shorten(t.value))
		}
		*number.to = int64(n)
	}
	_, signed := find(s.tags, "t")
	if _, expires := find(s.tags, "x"); expires && signed && s.expiresAt <= s.signedAt {
		return permanent("the signature expires before it was made")
	}
	return nil
}

// readHashes reads bh= and b=.
func (s *signature) readHashes() error {
	for _, data := range []struct {
		tag string
		to  *[]byte
	}{{"bh", &s.bodyHash}, {"b", &s.value}} {
		text, err := s.required(data.tag)
		if err != nil {
			return err
		}
		if *data.to, err = base64.StdEncoding.DecodeString(unfold(text)); err != nil {
			return permanent("%s= is not base64", data.tag)
		}
	}
	return nil
}

// unsigned is the field with nothing between "b=" and the next semicolon, and
// without the final CRLF: what the signer signed.
func (s *signature) unsigned() field {
	t, _ := find(s.tags, "b")
	value := s.field.value()
	raw := slices.Concat(s.field.raw[:s.field.colon+1], value[:t.start], value[t.end:])
	return field{raw: raw, name: s.field.name, colon: s.field.colon}
}

// covered is what b= is a signature of: the fields h= names, each name taking
// the lowest field not taken yet, and the signature itself (RFC 6376 §3.7).
func (s *signature) covered(fields map[string][]field) []byte {
	var out []byte
	taken := map[string]int{}
	for _, name := range s.names {
		all := fields[name]
		left := len(all) - taken[name]
		if left <= 0 {
			continue
		}
		taken[name]++
		if f := all[left-1]; s.header == Simple {
			out = append(out, f.raw...)
		} else {
			out = appendRelaxed(out, f)
		}
	}
	own := s.unsigned()
	if s.header == Simple {
		return append(out, own.raw...)
	}
	return bytes.TrimSuffix(appendRelaxed(out, own), crlf)
}
