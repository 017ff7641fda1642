package console

import (
	"bytes"
	"net/mail"
	"strings"

	"github.com/myodai/myodai"
)

// alignment is why DMARC passes for a message, or does not: which of the domains
// in it belong together (RFC 9989 §4.4). It is what we sent, not what a receiver
// saw.
type alignment struct {
	From       string
	Signatures []signatureLine
	ReturnPath string // domain of MAIL FROM; "" for the null one
	SPF        bool   // it belongs to From
	DKIM       bool   // one of the signatures does
	Selector   string // of that one
}

type signatureLine struct {
	Domain, Selector, Algorithm string
	Aligned                     bool
}

// Passes reports whether DMARC passes: one of both is enough.
func (a alignment) Passes() bool { return a.SPF || a.DKIM }

// newAlignment reads what a message is signed with. raw begins with its header.
func newAlignment(from myodai.Name, returnPath myodai.Name, raw []byte) alignment {
	a := alignment{From: string(from), ReturnPath: string(returnPath), SPF: belong(from, returnPath)}
	header, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	m, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(header), "\r\n\r\n"...)))
	if err != nil {
		return a
	}
	for _, value := range m.Header["Dkim-Signature"] {
		tags := map[string]string{}
		for part := range strings.SplitSeq(value, ";") {
			name, text, _ := strings.Cut(part, "=")
			tags[strings.TrimSpace(name)] = strings.Join(strings.Fields(text), "")
		}
		line := signatureLine{
			Domain: tags["d"], Selector: tags["s"], Algorithm: tags["a"], Aligned: belong(from, myodai.Name(strings.ToLower(tags["d"]))),
		}
		a.Signatures = append(a.Signatures, line)
		if line.Aligned && !a.DKIM {
			a.DKIM, a.Selector = true, line.Selector
		}
	}
	return a
}

// belong reports whether one name is the other or lies below it. Names that we
// sign with are verified by tenants, so neither is a public suffix.
func belong(a, b myodai.Name) bool {
	return a != "" && b != "" && (a.Under(b) || b.Under(a))
}

// ShortFrom and ShortReturnPath are names as they fit into the picture.
func (a alignment) ShortFrom() string       { return fitted(a.From) }
func (a alignment) ShortReturnPath() string { return fitted(a.ReturnPath) }

func fitted(name string) string {
	const most = 26 // characters
	if len(name) <= most {
		return name
	}
	return name[:most-1] + "…"
}
