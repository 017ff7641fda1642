package access

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"io"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/myodai/myodai"
)

// Cost is what one password costs to hash, and to guess.
type Cost struct {
	Time, Memory uint32 // passes; KiB
	Threads      uint8
}

// DefaultCost is the second recommended option of RFC 9106 §4: 64 MiB, which a
// small machine has for the few who sign in at a time. It is written down with
// each password, so that it can be raised; who signs in with an older one has it
// hashed anew.
var DefaultCost = Cost{Time: 3, Memory: 64 << 10, Threads: 4}

const saltOctets, hashOctets = 16, 32 // RFC 9106 §4

// Bounds of a password, in characters and octets. Nothing else is asked of it
// but that it is not easily guessed (NIST SP 800-63B §3.1.1).
const (
	minPassword   = 12
	maxPassword   = 200
	fewCharacters = 5 // different ones
)

// CheckPassword refuses a password that is too short, or easily guessed by who
// knows the address.
func CheckPassword(password string, email myodai.Address) error {
	n := utf8.RuneCountInString(password)
	lower, seen := strings.ToLower(password), map[rune]bool{}
	for _, r := range lower {
		seen[r] = true
	}
	local, company := strings.ToLower(email.Local), string(email.Domain)
	switch {
	case !utf8.ValidString(password) || n > maxPassword || len(password) > 4*maxPassword:
		return myodai.Refuse(myodai.CodeInvalid, "password", "a password has at most %d characters", maxPassword)
	case n < minPassword:
		return myodai.Refuse(myodai.CodeInvalid, "password", "a password has at least %d characters; a few words in a row are easy to remember", minPassword)
	case len(seen) < fewCharacters:
		return myodai.Refuse(myodai.CodeInvalid, "password", "this password repeats itself and is guessed at once; use at least %d different characters", fewCharacters)
	case len(local) >= 4 && strings.Contains(lower, local) || company != "" && strings.Contains(lower, company):
		return myodai.Refuse(myodai.CodeInvalid, "password", "this password has your address in it and is guessed first; choose another one")
	}
	return nil
}

// passwords hashes and verifies, few at a time: each takes its memory.
type passwords struct {
	random io.Reader
	cost   Cost
	slots  chan struct{}
}

func newPasswords(random io.Reader, c Cost) *passwords {
	return &passwords{random: random, cost: c, slots: make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))}
}

// enter waits for a slot.
func (p *passwords) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return myodai.Refuse(myodai.CodeUnavailable, "", "too many sign in at the moment; try again")
	}
}

func (p *passwords) leave() { <-p.slots }

// hash writes a password in PHC form: $argon2id$v=19$m=65536,t=3,p=4$salt$hash.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	var salt [saltOctets]byte
	if _, err := io.ReadFull(p.random, salt[:]); err != nil {
		panic("access: no randomness: " + err.Error())
	}
	key := argon2.IDKey([]byte(password), salt[:], p.cost.Time, p.cost.Memory, p.cost.Threads, hashOctets)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.cost.Memory, p.cost.Time, p.cost.Threads,
		base64.RawStdEncoding.EncodeToString(salt[:]), base64.RawStdEncoding.EncodeToString(key)), nil
}

// verify reports whether the password is the one that was hashed, and whether
// the hash costs less than it should by now. Nobody's password, "", costs as
// much as anybody's and is never right (T67).
func (p *passwords) verify(ctx context.Context, phc, password string) (right, stale bool, err error) {
	if err := p.enter(ctx); err != nil {
		return false, false, err
	}
	defer p.leave()
	if len(password) > 4*maxPassword {
		password = "" // which was never hashed
	}
	c, salt, want, ok := readPHC(phc)
	if !ok {
		c, salt, want = p.cost, make([]byte, saltOctets), make([]byte, hashOctets)
	}
	got := argon2.IDKey([]byte(password), salt, c.Time, c.Memory, c.Threads, hashOctets)
	return hmac.Equal(got, want) && ok, c != p.cost, nil
}

// readPHC takes a hash apart.
func readPHC(phc string) (c Cost, salt, hash []byte, ok bool) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil || c.Time == 0 || c.Threads == 0 {
		return c, nil, nil, false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return c, nil, nil, false
	}
	hash, err = base64.RawStdEncoding.DecodeString(parts[5])
	return c, salt, hash, err == nil && len(hash) == hashOctets
}
