package diagnose

import (
	"strings"

	"golang.org/x/net/idna"

	"github.com/myodai/myodai"
)

// fullWidth is P10: what a Japanese keyboard types for an underscore, a dot and
// everything else.
func (s *search) fullWidth() {
	if s.labels == "" {
		return
	}
	s.odd(NameFullwidthChars, strings.ReplaceAll(s.labels, "_", "\uff3f"), true)
	s.odd(NameFullwidthChars, strings.ReplaceAll(s.labels, ".", "\uff0e"), false)
	s.odd(NameFullwidthChars, strings.ReplaceAll(s.labels, ".", "\u3002"), false)
	wide := strings.Map(func(c rune) rune {
		if c > ' ' && c < 0x7f && c != '.' {
			return c - 0x20 + 0xff00
		}
		return c
	}, s.labels)
	s.odd(NameFullwidthChars, wide, true)
}

// invisible is P11.
func (s *search) invisible() {
	if s.labels == "" {
		return
	}
	for _, c := range []string{"\u200b", "\ufeff", "\u00a0", "\u2060", "\u200c"} {
		s.odd(NameInvisibleUnicode, s.labels+c, c == "\u200b")
		s.odd(NameInvisibleUnicode, c+s.labels, c == "\u200b")
	}
	s.odd(NameInvisibleUnicode, s.labels+"\t", false)
}

// dashes is P12: what stands for a hyphen elsewhere.
var dashes = []string{"\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\uff0d", "\u30fc"}

func (s *search) dashed() {
	if !strings.Contains(s.labels, "-") {
		return
	}
	for _, dash := range dashes {
		s.odd(HyphenLookalike, strings.ReplaceAll(s.labels, "-", dash), dash == "\u2013" || dash == "\u30fc")
	}
}

// literal is what panels make of "@" and of a space.
func (s *search) literal() {
	if s.labels != "" {
		s.odd(NameLiteralAtOrSpace, s.labels+" ", false, "got", s.labels+" ")
		s.odd(NameLiteralAtOrSpace, " "+s.labels, false, "got", " "+s.labels)
		s.odd(NameLiteralAtOrSpace, s.labels+".@", false, "got", "@")
		return
	}
	s.add(NameLiteralAtOrSpace, s.base.Child(`\@`), "got", "@")
	s.add(NameLiteralAtOrSpace, s.base.Child("*"), "got", "*")
}

// swapped is a record whose name and value were entered the wrong way round.
func (s *search) swapped() {
	if s.item.Type != myodai.TypeCNAME || s.zone == "" {
		return
	}
	s.add(NameValueSwapped, s.zone.Child(s.item.Value))
}

// siblings are other domains, of the tenant or of the same name.
func (s *search) siblings() {
	if s.labels == "" {
		return
	}
	for _, other := range s.v.in.Known.OtherDomains {
		if other != s.domain {
			s.add(RecordsInSiblingDomain, other.Child(s.labels), "other", string(other))
		}
	}
	org := s.domain.Registrable()
	first, suffix, _ := strings.Cut(string(org), ".")
	if org != s.domain || s.item.Purpose == myodai.PurposeDMARC {
		return // what others publish under their own name is no mistake
	}
	for _, tld := range []string{"jp", "co.jp", "com", "net"} {
		if known := map[string]bool{"jp": true, "co.jp": true, "com": true, "net": true}; known[suffix] && tld != suffix {
			other := first + "." + tld
			s.add(RecordsInSiblingDomain, myodai.Name(other).Child(s.labels), "other", other)
		}
	}
}

// unicode is a domain name that was typed as people read it.
func (s *search) unicode() {
	if !strings.Contains(string(s.base), "xn--") {
		return
	}
	readable, err := idna.Punycode.ToUnicode(string(s.base))
	if err != nil || readable == string(s.base) {
		return
	}
	name := raw(readable)
	if s.labels != "" {
		name = s.labels + "." + name
	}
	s.add(IDNNotPunycode, myodai.Name(name), "alabel", string(s.base))
}
