package track

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"sync"

	"github.com/myodai/myodai"
)

// sealer makes tokens that only it can read and only it can have made.
//
// It is deterministic authenticated encryption: the SIV construction of
// RFC 5297, with HMAC-SHA256 cut to 128 bits in the place of S2V and AES-256 in
// counter mode. A random nonce of GCM would be used up after 2^32 links, which a
// platform makes in weeks, and would make links longer; here the same link in
// the same mail is the same token, which tells nothing.
type sealer struct {
	block cipher.Block
	macs  sync.Pool // of hash.Hash, keyed
	rooms sync.Pool // of *[maxSealed]byte, to open tokens in
}

const tagSize = 16

// newSealer derives its keys from key, which must be used for nothing else.
func newSealer(key [32]byte) (*sealer, error) {
	keys, err := hkdf.Key(sha256.New, key[:], nil, "myodai track: tokens", 64)
	if err != nil {
		return nil, fmt.Errorf("derive the keys of tokens: %w", err)
	}
	block, err := aes.NewCipher(keys[:32])
	if err != nil {
		return nil, fmt.Errorf("derive the keys of tokens: %w", err)
	}
	return &sealer{
		block: block,
		macs:  sync.Pool{New: func() any { return hmac.New(sha256.New, keys[32:]) }},
		rooms: sync.Pool{New: func() any { return new([maxSealed]byte) }},
	}, nil
}

// seal writes text as a token of the given kind for the given host.
func (s *sealer) seal(kind byte, host myodai.Name, text []byte) string {
	sealed := make([]byte, tagSize+len(text))
	tag := s.tag(kind, host, text)
	copy(sealed, tag[:])
	cipher.NewCTR(s.block, tag[:]).XORKeyStream(sealed[tagSize:], text)
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// strict refuses a token whose last character has bits that mean nothing, so
// that each has one spelling.
var strict = base64.RawURLEncoding.Strict()

// open reads a token that seal made with the same kind and host, into room.
func (s *sealer) open(room []byte, kind byte, host myodai.Name, token []byte) (text []byte, ok bool) {
	if strict.DecodedLen(len(token)) > len(room) {
		return nil, false
	}
	n, err := strict.Decode(room, token)
	if err != nil || n < tagSize {
		return nil, false
	}
	sent, text := room[:tagSize], room[tagSize:n]
	cipher.NewCTR(s.block, sent).XORKeyStream(text, text)
	tag := s.tag(kind, host, text)
	return text, hmac.Equal(tag[:], sent)
}

// tag authenticates kind, host and text; the length keeps the last two apart.
func (s *sealer) tag(kind byte, host myodai.Name, text []byte) (tag [tagSize]byte) {
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	var head [3]byte
	head[0] = kind
	binary.BigEndian.PutUint16(head[1:], uint16(len(host))) // #nosec G115 -- names have at most 253 octets
	mac.Write(head[:])
	mac.Write([]byte(host))
	mac.Write(text)
	var sum [sha256.Size]byte
	copy(tag[:], mac.Sum(sum[:0]))
	return tag
}
