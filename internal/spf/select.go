package spf

import "strings"

// NearMissKind says why a text that was meant as an SPF record is none.
type NearMissKind string

const (
	NearMissVersion NearMissKind = "version" // the version is misspelled, or no space follows it
	NearMissSpace   NearMissKind = "space"   // something invisible stands before the version
	NearMissQuote   NearMissKind = "quote"   // the record has quotation marks around it
	NearMissInside  NearMissKind = "inside"  // the record follows other text in the same TXT record
)

// NearMiss is a TXT record that no receiver takes for SPF although somebody
// meant it to be.
type NearMiss struct {
	Kind NearMissKind `json:"kind"`
	Text string       `json:"text"`
}

// Selection is what a domain's TXT records hold of SPF.
type Selection struct {
	Records    []string // by RFC 7208 §4.5: none is "none", two are permerror
	NearMisses []NearMiss
}

// Select sorts the texts of a domain's TXT records, the strings of each joined
// without separator, as Record.Text of the root package gives them.
func Select(texts []string) Selection {
	var s Selection
	for _, text := range texts {
		if isRecord(text) {
			s.Records = append(s.Records, text)
		} else if kind := nearMiss(text); kind != "" {
			s.NearMisses = append(s.NearMisses, NearMiss{Kind: kind, Text: text})
		}
	}
	return s
}

// nearMiss says why a text that is no record looks like one; "" when it does
// not.
func nearMiss(text string) NearMissKind {
	plain := strings.ToLower(toASCII(text))
	bare := strings.TrimLeft(plain, ` "'`)
	switch {
	case strings.HasPrefix(bare, version):
		switch {
		case strings.ContainsAny(plain[:len(plain)-len(bare)], `"'`):
			return NearMissQuote
		case len(bare) < len(plain) || !strings.HasPrefix(strings.ToLower(text), version):
			return NearMissSpace
		}
		return NearMissVersion
	case strings.HasPrefix(strings.ReplaceAll(bare, " ", ""), "v=spf") ||
		strings.HasPrefix(bare, "spf1 ") || strings.HasPrefix(bare, "v:spf1") ||
		strings.HasPrefix(bare, "v-spf1"):
		return NearMissVersion
	case strings.Contains(plain, version):
		return NearMissInside
	}
	return ""
}
