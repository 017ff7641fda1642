package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Result is what verifying one signature came to, in the words of RFC 8601
// §2.7.1.
type Result string

const (
	Pass      Result = "pass"      // the domain of d= vouches for the message
	Fail      Result = "fail"      // header or body are not what was signed
	PermError Result = "permerror" // the signature or its key cannot be used
	TempError Result = "temperror" // the key could not be looked up; ask again later
	Neutral   Result = "neutral"   // it would fail, but the key says it is only being tested
)

// Verification is the judgement of one DKIM-Signature field. What could not be
// read of it is zero.
type Verification struct {
	Domain    myodai.Name // d=
	Selector  string      // s=, lower case
	Identity  string      // i=; "" when it is not there, which means "@" and Domain
	Algorithm string      // a=, lower case: "rsa-sha256"
	KeyBits   int         // size of the key that was used; 0 when none was
	Testing   bool        // the key record has the flag t=y
	Headers   []string    // h=, lower case, in order
	Length    int64       // l=: octets of the canonical body that are covered; -1 for all
	Uncovered int64       // octets of the canonical body past l=, which anybody can have added
	SignedAt  time.Time   // t=; zero without one
	ExpiresAt time.Time   // x=; zero without one
	Result    Result
	Reason    string // one plain sentence without its period; for Pass too
}

// Lookup fetches the TXT records at a name, each with its strings joined. No
// records and no error means there are none; an error means nobody knows.
type Lookup func(name myodai.Name) (txt []string, err error)

// The bounds of the work one message can cause: signatures verified, from the
// top, and key records tried for each.
const (
	maxSignatures = 10
	maxKeys       = 4
)

// Verify judges the signatures of a message, from the top, at most ten; no
// signature gives no Verification. The lookup is called once per signature that
// is worth it. Line ends must be CRLF: a message with others has been damaged,
// and is treated as it is.
func Verify(message []byte, lookup func(name myodai.Name) (txt []string, err error), now time.Time) []Verification {
	fields, body := splitMessage(nil, message)
	m := received{
		fields: map[string][]field{},
		body:   body,
		hashes: map[bodyForm]bodyHash{},
		lookup: lookup,
		now:    now,
	}
	for _, f := range fields {
		name := strings.ToLower(string(f.name))
		m.fields[name] = append(m.fields[name], f)
	}
	var list []Verification
	for _, f := range m.fields["dkim-signature"] {
		if len(list) == maxSignatures {
			break
		}
		list = append(list, m.verify(f))
	}
	return list
}

// received is a message while its signatures are verified.
type received struct {
	fields map[string][]field // by name in lower case
	body   []byte
	hashes map[bodyForm]bodyHash
	lookup Lookup
	now    time.Time
}

type bodyForm struct {
	canonicalization Canonicalization
	limit            int64
}

// failure is a result other than Pass, on its way up.
type failure struct {
	result Result
	reason string
}

func (f *failure) Error() string { return f.reason }

func permanent(format string, args ...any) error {
	return &failure{PermError, fmt.Sprintf(format, args...)}
}

func (m *received) verify(f field) Verification {
	s, err := parseSignature(f)
	v := Verification{
		Domain: s.domain, Selector: s.selector, Identity: s.identity, Algorithm: s.algorithm,
		Headers: s.names, Length: s.length,
		SignedAt: instant(s.signedAt), ExpiresAt: instant(s.expiresAt),
	}
	if err == nil {
		err = m.judge(s, &v)
	}
	if bad := (*failure)(nil); errors.As(err, &bad) {
		v.Result, v.Reason = bad.result, bad.reason
	} else {
		v.Result = Pass
		v.Reason = fmt.Sprintf("%s signed this message with the key %s", s.domain, s.selector)
	}
	return v
}

// judge verifies a signature that could be read.
func (m *received) judge(s signature, v *Verification) error {
	if s.expiresAt != 0 && m.now.Unix() > s.expiresAt {
		return permanent("the signature expired at %s", v.ExpiresAt.Format(time.RFC3339))
	}
	keys, err := m.keys(s)
	if err != nil {
		return err
	}
	covered := s.covered(m.fields)
	digest := sha256.Sum256(covered)
	for _, key := range keys {
		v.KeyBits, v.Testing = key.Bits, key.Testing()
		if err = m.judgeKey(s, key, digest[:], v); err == nil {
			return nil
		}
	}
	if bad := (*failure)(nil); errors.As(err, &bad) && bad.result == Fail && v.Testing {
		return &failure{Neutral, bad.reason + "; the key is marked as being tested (t=y), so this counts for nothing"}
	}
	return err
}

// keys fetches the usable keys of a signature. RFC 6376 §3.6.2.2 leaves several
// records at one selector undefined; some verifiers take the first, some fail.
// Any one that verifies proves what it proves, so we try them in turn.
func (m *received) keys(s signature) ([]KeyRecordData, error) {
	name := s.keyName()
	texts, err := m.lookup(name)
	if err != nil {
		return nil, &failure{TempError, fmt.Sprintf("the key at %s could not be looked up: %v", name, err)}
	}
	if len(texts) == 0 {
		return nil, permanent("there is no key at %s", name)
	}
	var keys []KeyRecordData
	var first error
	for _, txt := range texts {
		key, err := ParseKeyRecord(txt)
		if err == nil {
			keys = append(keys, key)
		} else if first == nil {
			first = err
		}
		if len(keys) == maxKeys {
			break
		}
	}
	if len(keys) == 0 {
		return nil, permanent("the key at %s cannot be used: %v", name, first)
	}
	return keys, nil
}

// judgeKey verifies a signature with one key.
func (m *received) judgeKey(s signature, key KeyRecordData, digest []byte, v *Verification) error {
	switch {
	case string(key.Algorithm)+"-sha256" != s.algorithm:
		return permanent("the signature is %s, but the key is for %s", s.algorithm, key.Algorithm)
	case !key.SHA256():
		return permanent("h= of the key does not allow SHA-256")
	case !key.ForMail():
		return permanent("s= of the key does not allow mail")
	case key.Strict() && s.below:
		return permanent("the key does not sign for subdomains (t=s), and i=%s is in one", shorten(s.identity))
	}
	sum := m.bodyHash(s)
	if s.length > sum.length {
		return permanent("l=%d is more than the %d octets of the body", s.length, sum.length)
	}
	if s.length >= 0 {
		v.Uncovered = sum.length - s.length
	}
	if !bytes.Equal(sum.sum[:], s.bodyHash) {
		return &failure{Fail, "the body was changed after it was signed"}
	}
	if !verifyDigest(key.Key, digest, s.value) {
		return &failure{Fail, "a header field was changed after it was signed, or another key signed it"}
	}
	return nil
}

// bodyHash hashes the body once for all signatures that want it the same way.
func (m *received) bodyHash(s signature) bodyHash {
	form := bodyForm{s.body, s.length}
	sum, ok := m.hashes[form]
	if !ok {
		sum = hashBody(m.body, form.canonicalization, form.limit)
		m.hashes[form] = sum
	}
	return sum
}

func verifyDigest(key crypto.PublicKey, digest, value []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, value) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, digest, value)
	}
	return false
}

func instant(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
