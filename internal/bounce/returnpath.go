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
	idAlphabet   = "0123456789abcdefghjkmnpqrstvwxyz" // of the ids in the vocabulary
	idPrefix     = "dlv_"
	idLength     = 26 // characters after the prefix
	timeLength   = 10 // of which so many are the milliseconds
	ownPrefix    = "b-"
	sharedPrefix = "s-"
)

// tokenPattern finds what may be the local part of a return path in a longer
// text in lower case.
var tokenPattern = regexp.MustCompile(`\b[bs]-[0-9a-z]{26}-[0-9a-z]{26}\b`)

var signature = base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding)

// Origin is what a return path leads to.
type Origin struct {
	Delivery myodai.DeliveryID // whose it is, or the first of those that share it
	Shared   bool              // by deliveries of one message to one domain: which of them is meant, it does not say
}

// MintReturnPath makes the MAIL FROM of one delivery, at the tenant's bounce
// host: its id, and an HMAC-SHA256 cut to 128 bits that nobody without the key
// can make (T41). It is lower case and 55 octets, so that it survives servers
// that fold or cut a local part.
//
// The HMAC does not cover the host. Some servers replace a host that is an
// alias by what it points to, and the id alone says everything.
func MintReturnPath(key [32]byte, id myodai.DeliveryID, host myodai.Name) myodai.Address {
	return mint(key, ownPrefix, id, host)
}

// MintSharedReturnPath is MintReturnPath for several deliveries of one message to
// one domain, the first of which is id. Anybody who gets the message can read it,
// and tell lies about the others that share it; so nobody beyond that domain does.
func MintSharedReturnPath(key [32]byte, id myodai.DeliveryID, host myodai.Name) myodai.Address {
	return mint(key, sharedPrefix, id, host)
}

func mint(key [32]byte, prefix string, id myodai.DeliveryID, host myodai.Name) myodai.Address {
	text := strings.TrimPrefix(string(id), idPrefix)
	return myodai.Address{Local: prefix + text + "-" + sign(key, prefix, text), Domain: host}
}

// IsShared reports whether a is written as a return path that several deliveries
// share.
func IsShared(a myodai.Address) bool { return strings.HasPrefix(a.Local, sharedPrefix) }

// ReadReturnPath says what the return path a leads to, in whatever case it is
// written. Anything we did not mint, and anything older than ReturnPathLife, is a
// refusal with CodeNotFound.
func ReadReturnPath(key [32]byte, a myodai.Address, now time.Time) (Origin, error) {
	local := lowerASCII(a.Local)
	prefix := local[:min(len(local), len(ownPrefix))]
	text, mac, two := strings.Cut(local[len(prefix):], "-")
	if prefix != ownPrefix && prefix != sharedPrefix || !two {
		return Origin{}, unknown()
	}
	id, err := myodai.ParseID[myodai.DeliveryID](idPrefix + text)
	if err != nil {
		return Origin{}, unknown()
	}
	if !hmac.Equal([]byte(mac), []byte(sign(key, prefix, text))) {
		return Origin{}, unknown()
	}
	if now.Sub(madeAt(text)) > ReturnPathLife {
		return Origin{}, myodai.Refuse(myodai.CodeNotFound, "recipient",
			"this return address is no longer in use; mail to it is taken for 30 days")
	}
	return Origin{Delivery: id, Shared: prefix == sharedPrefix}, nil
}

func unknown() error {
	return myodai.Refuse(myodai.CodeNotFound, "recipient", "there is no such address here")
}

// sign is 26 characters over the 26 of an id. The leading words keep the key's
// other uses, if it ever has any, from making a return path, and those of a return
// path of one kind from making one of the other.
func sign(key [32]byte, prefix, text string) string {
	purpose := "myodai return path\x00"
	if prefix == sharedPrefix {
		purpose = "myodai shared return path\x00"
	}
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(purpose + text))
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
