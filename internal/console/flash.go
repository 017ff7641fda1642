package console

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
)

// flashed is something to be said on the next page: a text by its key, and what
// is put into it. The browser carries it, sealed, so that nobody reads it there
// or puts words of their own into our mouth.
type flashed struct {
	Key  string    `json:"k"`
	Args []string  `json:"a,omitempty"`
	Till time.Time `json:"t"`
}

const (
	flashCookie = "flash"
	flashLife   = time.Minute
)

// flash has something said on the next page.
func (v *visit) flash(key string, args ...string) {
	text, err := json.Marshal(flashed{key, args, v.now.Add(flashLife)})
	if err != nil {
		panic("console: a flash cannot be written: " + err.Error())
	}
	http.SetCookie(v.w, v.cookie(flashCookie, v.sealer.seal(flashCookie, text), flashLife))
}

// takeFlash is what is to be said, once; "" for nothing.
func (v *visit) takeFlash() string {
	cookie, err := v.r.Cookie(v.cookieName(flashCookie))
	if err != nil {
		return ""
	}
	gone := v.cookie(flashCookie, "", 0) // #nosec G124 -- made by cookie, which sets them
	gone.MaxAge = -1
	http.SetCookie(v.w, gone)
	var f flashed
	text, ok := v.sealer.open(flashCookie, cookie.Value)
	if !ok || json.Unmarshal(text, &f) != nil || v.now.After(f.Till) {
		return ""
	}
	args := make([]any, len(f.Args))
	for i, a := range f.Args {
		args[i] = a
	}
	return v.say(f.Key, args...)
}

// sealer keeps what browsers carry for us from being read or changed.
type sealer struct{ aead cipher.AEAD }

func newSealer(key [32]byte) sealer {
	derived, err := hkdf.Key(sha256.New, key[:], nil, "myodai console: cookies", 32)
	if err != nil {
		panic("console: derive the key of cookies: " + err.Error())
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		panic("console: " + err.Error())
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("console: " + err.Error())
	}
	return sealer{aead}
}

// seal writes a value for the cookie of the given name, and no other.
func (s sealer) seal(name string, plain []byte) string {
	sealed := s.aead.Seal(nil, nil, plain, []byte(name)) // #nosec G407 -- the mode makes a random nonce itself
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// open undoes seal; ok is false for what we did not seal.
func (s sealer) open(name, value string) (plain []byte, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return nil, false
	}
	plain, err = s.aead.Open(nil, nil, sealed, []byte(name))
	return plain, err == nil
}
