package track

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// foreign stands in a masked text for every octet that is not a character of
// ASCII by itself.
const foreign = 0xff

// multibyte are the charsets in which the second octet of a character may look
// like ASCII.
var multibyte = []string{
	"shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j", "cp932", "ms932", "ms_kanji", "csshiftjis",
	"gbk", "gb18030", "gb2312", "big5", "big5-hkscs", "euc-kr", "ks_c_5601-1987", "cp949", "windows-949",
}

// single are beginnings of names of charsets in which every octet below 0x80 is
// ASCII, whatever comes before it. EUC-JP is one of them.
var single = []string{
	"us-ascii", "ascii", "utf-8", "utf8", "iso-8859-", "iso8859", "latin", "windows-125", "cp125", "koi8-", "euc-jp",
	"x-euc-jp", "macintosh", "tis-620", "windows-874",
}

// mask replaces in a copy of text what is not ASCII by foreign, octet for octet,
// so that < and " mean what they look like. It reports false for charsets that
// are not known to be made so; their texts are left alone.
func mask(text []byte, charset string) (masked []byte, ok bool) {
	charset = strings.ToLower(charset)
	switch {
	case bytes.IndexByte(text, 0x1b) >= 0 || strings.HasPrefix(charset, "iso-2022-jp"):
		// Mail without a charset, or with a wrong one, is often ISO-2022-JP; nothing
		// else has escape sequences.
		return maskEscapes(text), true
	case slices.Contains(multibyte, charset):
		return maskPairs(text, strings.Contains(charset, "jis") || strings.Contains(charset, "932") || charset == "windows-31j" || charset == "ms_kanji"), true
	case charset == "" || slices.ContainsFunc(single, func(p string) bool { return strings.HasPrefix(charset, p) }):
		masked = bytes.Clone(text)
		for i, c := range masked {
			if c >= 0x80 {
				masked[i] = foreign
			}
		}
		return masked, true
	}
	return nil, false
}

// maskPairs masks a charset of one and two octets. In Shift_JIS the octets 0xa1
// to 0xdf are half-width kana and stand alone.
func maskPairs(text []byte, kana bool) []byte {
	masked := bytes.Clone(text)
	for i := 0; i < len(masked); i++ {
		c := masked[i]
		if c < 0x80 {
			continue
		}
		masked[i] = foreign
		lead := c > 0x80 && c < 0xff && (!kana || c < 0xa0 || c > 0xdf)
		if lead && i+1 < len(masked) && masked[i+1] >= 0x30 {
			i++
			masked[i] = foreign
		}
	}
	return masked
}

// maskEscapes masks ISO-2022-JP (RFC 1468): all that does not stand in its ASCII
// or Roman set, and the escape sequences themselves. A line ends in ASCII.
func maskEscapes(text []byte) []byte {
	masked := bytes.Clone(text)
	ascii, roman := true, false
	for i := 0; i < len(masked); i++ {
		switch c := masked[i]; {
		case c == '\n' || c == '\r':
			ascii, roman = true, false
		case c == 0x1b:
			n := min(3, len(masked)-i)
			if n == 3 && masked[i+1] == '$' && masked[i+2] == '(' {
				n = min(4, len(masked)-i)
			}
			sequence := string(text[i : i+n])
			roman = sequence == "\x1b(J"
			ascii = roman || sequence == "\x1b(B"
			for j := range n {
				masked[i+j] = foreign
			}
			i += n - 1
		case !ascii || c >= 0x80 || roman && (c == '\\' || c == '~'):
			masked[i] = foreign
		}
	}
	return masked
}

// punctuation reports whether the character that is not ASCII at the beginning
// of text ends a URL for certain. In the Japanese charsets that is row 1 of
// JIS X 0208: punctuation, brackets and symbols.
func punctuation(text []byte, charset string) bool {
	charset = strings.ToLower(charset)
	if len(text) < 2 {
		return false
	}
	switch {
	case text[0] == 0x1b:
		return len(text) > 3 && string(text[:2]) == "\x1b$" && text[3] == 0x21
	case strings.HasPrefix(charset, "euc-jp"):
		return text[0] == 0xa1
	case strings.Contains(charset, "jis"):
		return text[0] == 0x81 && text[1] < 0x9f
	case strings.HasPrefix(charset, "utf"):
		c, _ := utf8.DecodeRune(text)
		return c != utf8.RuneError && (unicode.IsPunct(c) || unicode.IsSpace(c) || unicode.IsSymbol(c))
	}
	return false
}
