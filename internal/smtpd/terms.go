package smtpd

import (
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// The longest values of RFC 3461 §4.2 and §4.4, in octets as written.
const maxOriginal, maxEnvelopeID = 500, 100

// termsParameter reads a parameter of MAIL by which the client says what it asks
// for beside delivery.
func (c *command) termsParameter(name, value string) *reply {
	c.extended = true
	switch name {
	case "RET": // RFC 3461 §4.3
		switch strings.ToUpper(value) {
		case "FULL":
			c.terms.Return = myodai.ContentFull
		case "HDRS":
			c.terms.Return = myodai.ContentHeader
		default:
			return &replyParameter
		}
	case "ENVID": // RFC 3461 §4.4
		id, ok := decodeXtext(value)
		if !ok || len(value) > maxEnvelopeID {
			return &replyParameter
		}
		c.terms.EnvelopeID = id
	case "REQUIRETLS": // RFC 8689 §2
		if value != "" {
			return &replyParameter
		}
		c.terms.TLS = myodai.TLSChain
	default:
		return &replyParameter
	}
	return nil
}

// rcptParameter reads a parameter of RCPT.
func (c *command) rcptParameter(name, value string) *reply {
	c.extended = true
	switch name {
	case "NOTIFY": // RFC 3461 §4.1
		notify, err := myodai.ParseNotify(value)
		if err != nil {
			return &replyParameter
		}
		c.terms.Notify = notify
	case "ORCPT": // RFC 3461 §4.2
		kind, address, _ := strings.Cut(value, ";")
		address, ok := decodeXtext(address)
		if !ok || !isAtom(kind) || len(value) > maxOriginal {
			return &replyParameter
		}
		c.terms.Original = kind + ";" + address
	default:
		return &replyParameter
	}
	return nil
}

// decodeXtext undoes the encoding of RFC 3461 §4: +41 is A. It takes nothing that
// cannot be shown: what is decoded here comes to stand in fields of a DSN (T30).
func decodeXtext(s string) (text string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+':
			if i+2 >= len(s) || strings.ToUpper(s[i+1:i+3]) != s[i+1:i+3] {
				return "", false
			}
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			c, i = byte(n), i+2
		case c == '=':
			return "", false
		}
		if c < ' ' || c >= 0x7f {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), s != ""
}

// isAtom reports whether s is a type of address, such as rfc822.
func isAtom(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
