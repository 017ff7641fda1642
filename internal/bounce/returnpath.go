package bounce

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// ReturnPathLife is how long a return path is accepted, counted from when its
// delivery was made. Servers give up after five days (RFC 5321 §4.5.4.1); the
// rest is for queues that were stopped, and for vacation.
const ReturnPathLife = 30 * 24 * time.Hour

const (
	idAlphabet  = "0123456789abcdefghjkmnpqrstvwxyz" // of the ids in the vocabulary
	idPrefix    = "dlv_"
	idLength    = 26 // characters after the prefix
	timeLength  = 10 // of which so many are the milliseconds
	localPrefix = "b-"
)

// tokenPattern finds what may be the local part of a return path in a longer
// text in lower case.
var tokenPattern = regexp.MustCompile(`\bb-[0-9a-z]{26}-[0-9a-z]{26}\b`)

var signature = base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding)

// MintReturnPath makes the MAIL FROM of one delivery, at the tenant's bounce
// host: its id, and an HMAC-SHA256 cut to 128 bits that nobody without the key
// can make (T41). It is lower case and 55 octets, so that it survives servers
// that fold or cut a local part.
//
// The HMAC does not cover the host. Some servers replace a host that is an
// alias by what it points to, and the id alone says everything.
func MintReturnPath(key [32]byte, id myodai.DeliveryID, host myodai.Name) myodai.Address {
	text := strings.TrimPrefix(string(id), idPrefix)
	return myodai.Address{Local: localPrefix + text + "-" + sign(key, text), Domain: host}
}

// ReadReturnPath says which delivery the return path a belongs to, in whatever
// case it is written. Anything we did not mint, and anything older than
// ReturnPathLife, is a refusal with CodeNotFound.
func ReadReturnPath(key [32]byte, a myodai.Address, now time.Time) (myodai.DeliveryID, error) {
	rest, ok := strings.CutPrefix(lowerASCII(a.Local), localPrefix)
	text, mac, two := strings.Cut(rest, "-")
	if !ok || !two {
		return "", unknown()
	}
	id, err := myodai.ParseID[myodai.DeliveryID](idPrefix + text)
	if err != nil {
		return "", unknown()
	}
	if !hmac.Equal([]byte(mac), []byte(sign(key, text))) {
		return "", unknown()
	}
	if now.Sub(madeAt(text)) > ReturnPathLife {
		return "", myodai.Refuse(myodai.CodeNotFound, "recipient",
			"this return address is no longer in use; mail to it is taken for 30 days")
	}
	return id, nil
}

func unknown() error {
	return myodai.Refuse(myodai.CodeNotFound, "recipient", "there is no such address here")
}

// sign is 26 characters over the 26 of an id. The leading words keep the key's
// other uses, if it ever has any, from making a return path.
func sign(key [32]byte, text string) string {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte("myodai return path\x00" + text))
	return signature.EncodeToString(h.Sum(nil)[:16])
}

// madeAt reads the time out of an id: its first ten characters are 48 bits of
// milliseconds.
func madeAt(text string) time.Time {
	var ms int64
	for i := range timeLength {
		ms = ms<<5 | int64(strings.IndexByte(idAlphabet, text[i]))
	}
	return time.UnixMilli(ms)
}

// lowerASCII folds A to Z and nothing else: strings.ToLower would turn the
// Kelvin sign into a k, and one address must not have two spellings beyond case.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
