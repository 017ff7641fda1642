package diagnose

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// grammar says why the record cannot be read as a key.
func (k *keyText) grammar() (flaw, bool) {
	var problem *dkim.KeyError
	if !errors.As(k.err, &problem) {
		return flaw{}, false
	}
	if !k.hasP && blob.MatchString(blanks.ReplaceAllString(k.text, "")) {
		return k.flaw(DKIMPTagMissing)
	}
	public := squeeze(k.public, "")
	switch problem.Problem {
	case dkim.KeyRevoked:
		return k.flaw(DKIMRevoked)
	case dkim.KeyTooShort:
		return k.flaw(DKIMKeyTooShort, "bits", strconv.Itoa(k.data.Bits))
	case dkim.KeyUnknownAlgorithm:
		return k.flaw(DKIMKMismatch, "k", string(k.data.Algorithm))
	case dkim.KeyBadBase64:
		return k.badBase64(public)
	case dkim.KeyUndecodable:
		return k.undecodable()
	case dkim.KeyTooLong:
		if k.wantP != "" && public != k.wantP {
			return k.mismatch()
		}
	}
	return k.flaw(DKIMSyntax, "why", problem.Detail)
}

// badBase64 judges a key that is not base64 and does not resemble the planned
// one, which may be unknown.
func (k *keyText) badBase64(public string) (flaw, bool) {
	switch {
	case public == k.wantP || public != k.public && isKey(public):
		f, ok := k.flaw(DKIMPWhitespace)
		f.severity = myodai.SeverityBlocks // not white space RFC 6376 §3.6.1 allows
		return f, ok
	case strings.Trim(public, base64Letters) == "" && len(public)%4 != 0:
		if k.cutByPanel() {
			return k.truncated255()
		}
		return k.flaw(DKIMPTruncated, "got", strconv.Itoa(len(public)), "exp", k.lengthWanted(), "end", "end")
	}
	at := len(public) - len(strings.TrimLeft(public, base64Letters))
	got := ""
	if at < len(public) {
		got = public[at : at+1]
	}
	exp := ""
	if at < len(k.wantP) {
		exp = k.wantP[at : at+1]
	}
	return k.flaw(DKIMBase64Corrupted, "n", "1", "pos", strconv.Itoa(at+1), "got", got, "exp", exp)
}

func isKey(public string) bool {
	_, err := dkim.ParseKeyRecord("p=" + public)
	return err == nil
}

func (k *keyText) lengthWanted() string {
	if k.wantP == "" {
		return ""
	}
	return strconv.Itoa(len(k.wantP))
}

// undecodable judges base64 that is no key of the kind that k= says.
func (k *keyText) undecodable() (flaw, bool) {
	claimed, actual := string(k.data.Algorithm), ""
	switch {
	case len(k.data.Data) == 32:
		actual = string(myodai.KeyEd25519)
	case strings.HasPrefix(string(k.data.Data), "\x30"):
		actual = string(myodai.KeyRSA)
	}
	switch {
	case actual != "" && actual != claimed:
		return k.flaw(DKIMKMismatch, "k", claimed)
	case derShort(k.data.Data):
		if k.cutByPanel() {
			return k.truncated255()
		}
		return k.flaw(DKIMPTruncated, "got", strconv.Itoa(len(squeeze(k.public, ""))), "exp", k.lengthWanted(), "end", "end")
	case k.wantP != "" && squeeze(k.public, "") != k.wantP:
		return k.mismatch()
	}
	return k.flaw(DKIMSyntax, "why", k.err.Error())
}

// derShort reports whether the header of a DER structure announces more octets
// than there are.
func derShort(der []byte) bool {
	size, header, ok := derSize(der)
	return ok && header+size > len(der)
}

// derSize reads the header of a DER SEQUENCE.
func derSize(der []byte) (size, header int, ok bool) {
	if len(der) < 2 || der[0] != 0x30 {
		return 0, 0, false
	}
	n := int(der[1])
	if n < 0x80 {
		return n, 2, true
	}
	n &= 0x7f
	if n == 0 || n > 3 || len(der) < 2+n {
		return 0, 0, false
	}
	for _, b := range der[2 : 2+n] {
		size = size<<8 | int(b)
	}
	return size, 2 + n, true
}

// keyBlob finds what may be the base64 of a key anywhere in a text.
var keyBlob = regexp.MustCompile(`MI[A-Za-z0-9+/]{14,}`)

// holdsPrivateKey reports whether a private key is in the text: PKCS #8, PKCS #1
// or SEC 1, also a part of one, as its beginning tells. They begin with a small
// version number where public keys have an algorithm or a long modulus.
func holdsPrivateKey(text string) bool {
	if strings.Contains(text, "PRIVATE KEY") {
		return true
	}
	for _, match := range keyBlob.FindAllString(squeeze(text, `"`), -1) {
		der, err := base64.StdEncoding.DecodeString(match[:16])
		if err != nil {
			continue
		}
		_, header, ok := derSize(der)
		if ok && header+3 <= len(der) && der[header] == 2 && der[header+1] == 1 && der[header+2] <= 1 {
			return true
		}
	}
	return false
}

// usable compares a record that can be read with the planned key.
func (k *keyText) usable() (flaw, bool) {
	if k.wantP != "" && squeeze(k.public, "") != k.wantP {
		return k.mismatch()
	}
	return flaw{}, false
}

func (k *keyText) mismatch() (flaw, bool) {
	return k.flaw(DKIMKeyMismatch, "fp", fingerprint(squeeze(k.public, "")), "wfp", fingerprint(k.wantP))
}

// recommendedBits is the size RSA keys should have at least (RFC 8301 §3.2).
const recommendedBits = 2048

// flags lists what is wrong with a record that holds the right key.
func (k *keyText) flags() []flaw {
	var flaws []flaw
	add := func(cause myodai.Cause, args ...string) {
		f, _ := k.flaw(cause, args...)
		f.fallback(dkim.KeyRecord(k.data.Algorithm, squeeze(k.public, "")))
		flaws = append(flaws, f)
	}
	if !k.data.SHA256() {
		add(DKIMHSHA1Only)
	}
	if !k.data.ForMail() {
		add(DKIMSNotEmail, "got", strings.Join(k.data.Services, ":"))
	}
	if k.data.Testing() {
		add(DKIMTestingFlag)
	}
	if k.data.Strict() && k.below {
		add(DKIMTSWithSubdomain)
	}
	if blanks.MatchString(k.public) {
		add(DKIMPWhitespace)
	}
	if k.data.Algorithm == myodai.KeyRSA && k.data.Bits < recommendedBits {
		add(DKIMKey1024, "bits", strconv.Itoa(k.data.Bits))
	}
	return flaws
}
