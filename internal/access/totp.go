package access

import (
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- RFC 6238 §1.2: what authenticator apps agree on; HMAC needs no collision resistance
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// What every authenticator app understands (RFC 6238 §4): SHA-1, thirty seconds,
// six digits. A code works one step early and late, for clocks that are off and
// for fingers.
const (
	totpStep   = 30 * time.Second
	totpDigits = 1_000_000
	totpSkew   = 1
	totpOctets = 20 // RFC 4226 §4
)

var totpBase32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// totpCode is the code of one step (RFC 4226 §5.3).
func totpCode(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash takes everything
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%totpDigits)
}

// totpMatch returns the step whose code it is. A code whose step is not after
// last does not work: each does once (RFC 6238 §5.2).
func totpMatch(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code)
	current := now.Unix() / int64(totpStep/time.Second)
	for at := current - totpSkew; at <= current+totpSkew; at++ {
		if hmac.Equal([]byte(totpCode(secret, at)), []byte(code)) && at > last {
			step, ok = at, true
		}
	}
	return step, ok && len(secret) > 0
}

// TOTPAddress is what an authenticator app reads from the picture: a URI with the
// secret in it.
func TOTPAddress(secret, issuer, account string) string {
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + url.Values{
		"secret": {secret}, "issuer": {issuer},
	}.Encode()
}

// recoveryCodes is how many there are at first. Each works once in place of a
// second factor that is lost.
const recoveryCodes = 10

// newRecovery makes recovery codes of 80 bits, as groups of four, and the hashes
// under which they are kept.
func newRecovery(random io.Reader) (codes []string, hashes [][32]byte) {
	for range recoveryCodes {
		var b [10]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			panic("access: no randomness: " + err.Error())
		}
		text := strings.ToLower(totpBase32.EncodeToString(b[:]))
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		hashes = append(hashes, hashRecovery(text))
	}
	return codes, hashes
}

// hashRecovery is the hash of a recovery code, however it was typed.
func hashRecovery(code string) [32]byte {
	code = strings.NewReplacer(" ", "", "-", "").Replace(strings.ToLower(code))
	return sha256.Sum256([]byte("recovery code\x00" + code))
}
