package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

// The bounds of an RSA key. Below 1024 bits nobody may accept one (RFC 8301
// §3.2); above 8192 a signature costs the verifier more than mail is worth.
const (
	MinRSABits = 1024
	MaxRSABits = 8192
)

// KeyRecordData is what a key record says (RFC 6376 §3.6.1).
type KeyRecordData struct {
	Version   string              // "DKIM1", or "" without v=
	Algorithm myodai.KeyAlgorithm // k=; KeyRSA without one
	Hashes    []string            // h=, lower case; nil means any
	Services  []string            // s=, lower case; nil means "*"
	Flags     []string            // t=, lower case
	Notes     string              // n=, as written
	Data      []byte              // p=, decoded; empty for a revoked key
	Key       crypto.PublicKey    // *rsa.PublicKey or ed25519.PublicKey; nil when unusable
	Bits      int                 // size of Key: of the modulus for RSA, 256 for Ed25519
}

// KeyProblem is why a key record cannot be used. This is every problem there is.
type KeyProblem string

const (
	KeyBadSyntax        KeyProblem = "bad_syntax"        // not a tag list, or a tag twice
	KeyBadVersion       KeyProblem = "bad_version"       // v= is not DKIM1, or not first
	KeyMissing          KeyProblem = "missing"           // no p=
	KeyRevoked          KeyProblem = "revoked"           // p= is empty
	KeyBadBase64        KeyProblem = "bad_base64"        // p= is not base64
	KeyUnknownAlgorithm KeyProblem = "unknown_algorithm" // k= is neither rsa nor ed25519
	KeyUndecodable      KeyProblem = "undecodable"       // p= holds no public key of the kind k= says
	KeyTooShort         KeyProblem = "too_short"         // RSA below MinRSABits
	KeyTooLong          KeyProblem = "too_long"          // RSA above MaxRSABits
)

// KeyError says why a key record cannot be used.
type KeyError struct {
	Problem KeyProblem
	Detail  string // one sentence without its period
}

func (e *KeyError) Error() string { return e.Detail }

func keyError(p KeyProblem, format string, args ...any) error {
	return &KeyError{Problem: p, Detail: fmt.Sprintf(format, args...)}
}

// ParseKeyRecord reads the text of one TXT record: its strings joined without
// anything between them. White space may stand anywhere RFC 6376 allows it, and
// anywhere in p=; unknown tags and flags do no harm.
//
// Every error is a *KeyError; what could be read is returned beside it.
func ParseKeyRecord(txt string) (KeyRecordData, error) {
	d := KeyRecordData{Algorithm: myodai.KeyRSA}
	tags, err := parseTags([]byte(txt))
	if err != nil {
		return d, keyError(KeyBadSyntax, "the record is not a list of tags: %v", err)
	}
	for i, t := range tags {
		switch t.name {
		case "v":
			if d.Version = t.value; t.value != "DKIM1" || i > 0 {
				return d, keyError(KeyBadVersion, "v= must stand first and be exactly DKIM1; it is %s as tag %d", shorten(t.value), i+1)
			}
		case "k":
			d.Algorithm = myodai.KeyAlgorithm(strings.ToLower(t.value))
		case "h":
			d.Hashes = splitColons(t.value)
		case "s":
			d.Services = splitColons(t.value)
		case "t":
			d.Flags = splitColons(t.value)
		case "n":
			d.Notes = t.value
		}
	}
	public, ok := find(tags, "p")
	if !ok {
		return d, keyError(KeyMissing, "the record has no p= tag, so it holds no key")
	}
	return d, d.decode(unfold(public.value))
}

// decode reads p= and sets Data, Key and Bits.
func (d *KeyRecordData) decode(public string) error {
	if public == "" {
		return keyError(KeyRevoked, "p= is empty: the key has been revoked")
	}
	data, err := base64.StdEncoding.DecodeString(public)
	if err != nil {
		var at base64.CorruptInputError
		if errors.As(err, &at) {
			return keyError(KeyBadBase64, "p= is not base64: it breaks off at character %d of %d", int64(at)+1, len(public))
		}
		return keyError(KeyBadBase64, "p= is not base64")
	}
	d.Data = data
	switch d.Algorithm {
	case myodai.KeyRSA:
		return d.decodeRSA()
	case myodai.KeyEd25519:
		if len(data) != ed25519.PublicKeySize {
			return keyError(KeyUndecodable, "k=ed25519 wants the %d octets of the key and nothing around them; p= has %d octets",
				ed25519.PublicKeySize, len(data))
		}
		d.Key, d.Bits = ed25519.PublicKey(data), 8*ed25519.PublicKeySize
		return nil
	}
	return keyError(KeyUnknownAlgorithm, "k=%s is no key type for mail; it is rsa or ed25519", shorten(string(d.Algorithm)))
}

// decodeRSA accepts a SubjectPublicKeyInfo, as everybody publishes it, and the
// bare RSAPublicKey that the text of RFC 6376 §3.6.1 calls for (erratum 3017).
func (d *KeyRecordData) decodeRSA() error {
	var key *rsa.PublicKey
	if any, err := x509.ParsePKIXPublicKey(d.Data); err == nil {
		key, _ = any.(*rsa.PublicKey)
	} else if key, err = x509.ParsePKCS1PublicKey(d.Data); err != nil {
		key = nil
	}
	if key == nil {
		return keyError(KeyUndecodable, "p= is base64, but not of an RSA public key; it may have been cut short")
	}
	d.Bits = key.N.BitLen()
	switch {
	case d.Bits < MinRSABits:
		return keyError(KeyTooShort, "the RSA key has %d bits; verifiers must refuse keys below %d", d.Bits, MinRSABits)
	case d.Bits > MaxRSABits:
		return keyError(KeyTooLong, "the RSA key has %d bits; more than %d are not verified", d.Bits, MaxRSABits)
	}
	d.Key = key
	return nil
}

// String is the record as text, without the tags ParseKeyRecord does not know;
// reading it again gives the same data.
func (d KeyRecordData) String() string {
	var b strings.Builder
	write := func(name, value string) {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(name + "=" + value)
	}
	if d.Version != "" {
		write("v", d.Version)
	}
	if d.Hashes != nil {
		write("h", strings.Join(d.Hashes, ":"))
	}
	write("k", string(d.Algorithm))
	if d.Notes != "" {
		write("n", d.Notes)
	}
	if d.Services != nil {
		write("s", strings.Join(d.Services, ":"))
	}
	if d.Flags != nil {
		write("t", strings.Join(d.Flags, ":"))
	}
	write("p", base64.StdEncoding.EncodeToString(d.Data))
	return b.String()
}

// Testing reports the flag y: the domain tries DKIM out, and failures of its
// signatures count for nothing.
func (d KeyRecordData) Testing() bool { return slices.Contains(d.Flags, "y") }

// Strict reports the flag s: the domain of i= must be that of d=, not below it.
func (d KeyRecordData) Strict() bool { return slices.Contains(d.Flags, "s") }

// ForMail reports whether s= allows the key to sign mail.
func (d KeyRecordData) ForMail() bool {
	return d.Services == nil || slices.Contains(d.Services, "*") || slices.Contains(d.Services, "email")
}

// SHA256 reports whether h= allows SHA-256, the only hash left (RFC 8301 §3.1).
func (d KeyRecordData) SHA256() bool {
	return d.Hashes == nil || slices.Contains(d.Hashes, "sha256")
}

// splitColons reads a list such as "sha1 : sha256".
func splitColons(s string) []string {
	list := strings.Split(s, ":")
	for i := range list {
		list[i] = strings.ToLower(strings.Trim(list[i], fws))
	}
	return list
}
