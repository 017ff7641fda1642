package track

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// optOut is the attribute that keeps a link from being tracked when it says
// "off". It does not leave the house.
const optOut = "data-myodai-track"

// rawText are the elements whose content is no markup.
var rawText = map[string]bool{
	"script": true, "style": true, "title": true, "textarea": true, "xmp": true, "iframe": true, "noembed": true, "noframes": true,
}

// findHTML lists the edits of an HTML text: links and, if pixel is set, the
// place for the picture. masked is the text with what is not ASCII masked.
//
// It takes tags apart as the HTML standard's tokenizer does, without ever
// writing one anew, so what is not a link stays octet for octet. Of comments it
// looks into the conditional ones, which Outlook reads as markup: the links of
// VML buttons are there.
func findHTML(text, masked []byte, clicks, pixel bool) []edit {
	s := scanner{text: text, masked: masked, clicks: clicks, body: -1}
	for s.next() {
	}
	if pixel {
		if s.body < 0 {
			s.body = len(text)
		}
		s.place(edit{start: s.body, end: s.body, pixel: true})
	}
	return s.edits
}

// scanner walks over the tags of an HTML text.
type scanner struct {
	text, masked []byte
	clicks       bool
	at           int
	hidden       int // where the conditional comment ends that at is in
	body         int // where </body> stands, -1 before it was seen
	edits        []edit
}

// place adds an edit where it belongs.
func (s *scanner) place(e edit) {
	i := len(s.edits)
	for i > 0 && s.edits[i-1].start >= e.end && s.edits[i-1] != e {
		i--
	}
	s.edits = append(s.edits[:i], append([]edit{e}, s.edits[i:]...)...)
}

// next walks over the next tag; false when there is none.
func (s *scanner) next() bool {
	i := bytes.IndexByte(s.masked[s.at:], '<')
	if i < 0 || s.at+i+1 >= len(s.masked) {
		return false
	}
	s.at += i
	rest := s.masked[s.at:]
	switch c := rest[1]; {
	case bytes.HasPrefix(rest, []byte("<!--")):
		return s.comment(rest)
	case c == '!' || c == '?':
		return s.skip(bytes.IndexByte(rest, '>') + 1)
	case isLetter(c):
		return s.tag(false)
	case c == '/' && len(rest) > 2 && isLetter(rest[2]):
		return s.tag(true)
	case c == '/':
		return s.skip(bytes.IndexByte(rest, '>') + 1)
	}
	return s.skip(1)
}

// skip goes n octets on; false when n is 0, because what was looked for is
// nowhere.
func (s *scanner) skip(n int) bool {
	s.at += n
	return n > 0
}

// comment walks over a comment, or into one that is conditional.
func (s *scanner) comment(rest []byte) bool {
	if i := bytes.Index(rest, []byte("]>")); i > 0 && isConditional(rest[:i]) {
		end := bytes.Index(rest, []byte("-->"))
		if end < 0 {
			return false
		}
		if i < end {
			s.hidden = s.at + end
			return s.skip(i + 2)
		}
	}
	for _, short := range []string{"<!-->", "<!--->"} {
		if bytes.HasPrefix(rest, []byte(short)) {
			return s.skip(len(short))
		}
	}
	end, other := bytes.Index(rest[4:], []byte("-->")), bytes.Index(rest[4:], []byte("--!>"))
	if other >= 0 && (end < 0 || other < end) {
		return s.skip(4 + other + len("--!>"))
	}
	if end < 0 {
		return false
	}
	return s.skip(4 + end + len("-->"))
}

// isConditional reports whether a comment up to its first ] begins a conditional
// one: <!--[if mso]. Nothing else may stand between.
func isConditional(head []byte) bool {
	words := strings.ToLower(string(head))
	return strings.HasPrefix(words, "<!--[if ") && !strings.ContainsAny(words[len("<!--["):], "<>[")
}

// attribute is one attribute of a tag, as octets of the text.
type attribute struct {
	name       string // lower case
	start, end int    // all of it
	from, to   int    // the value without its quotes
}

// tag walks over a start or end tag, and over the content of an element that has
// no markup in it.
func (s *scanner) tag(end bool) bool {
	at := s.at + 1
	if end {
		at++
	}
	from := at
	for at < len(s.masked) && !isSpace(s.masked[at]) && s.masked[at] != '/' && s.masked[at] != '>' {
		at++
	}
	name := strings.ToLower(string(s.masked[from:at]))
	attributes, at, ok := s.attributes(at)
	if !ok {
		return false // the text ends within the tag, so there is none
	}
	switch {
	case end:
		if name == "body" && s.at >= s.hidden {
			s.body = s.at
		}
	case name == "plaintext":
		return false
	case rawText[name]:
		return s.skipRaw(name, at)
	case s.clicks && (name == "a" || name == "area" || strings.HasPrefix(name, "v:")):
		s.link(attributes)
	}
	s.at = at
	return true
}

// skipRaw goes on behind the end tag of an element without markup.
func (s *scanner) skipRaw(name string, at int) bool {
	for {
		i := bytes.Index(s.masked[at:], []byte("</"))
		if i < 0 {
			return false
		}
		at += i + 2
		after := at + len(name)
		if after < len(s.masked) && strings.EqualFold(string(s.masked[at:after]), name) &&
			(isSpace(s.masked[after]) || s.masked[after] == '/' || s.masked[after] == '>') {
			s.at = at - 2
			return true
		}
	}
}

// attributes reads attributes up to the end of the tag (HTML standard,
// §13.2.5.32 to §13.2.5.40) and says where the tag ends.
func (s *scanner) attributes(at int) (list []attribute, end int, ok bool) {
	text := s.masked
	for {
		for at < len(text) && (isSpace(text[at]) || text[at] == '/') {
			at++
		}
		if at >= len(text) {
			return nil, 0, false
		}
		if text[at] == '>' {
			return list, at + 1, true
		}
		a := attribute{start: at}
		at++ // a first character of = belongs to the name
		for at < len(text) && !isSpace(text[at]) && text[at] != '/' && text[at] != '>' && text[at] != '=' {
			at++
		}
		a.name, a.end, a.from, a.to = strings.ToLower(string(text[a.start:at])), at, at, at
		next := at
		for next < len(text) && isSpace(text[next]) {
			next++
		}
		if next < len(text) && text[next] == '=' {
			if at = s.value(&a, next+1); at < 0 {
				return nil, 0, false
			}
		}
		list = append(list, a)
	}
}

// value reads the value of an attribute, after its =, and returns where it ends;
// -1 when it does not.
func (s *scanner) value(a *attribute, at int) int {
	text := s.masked
	for at < len(text) && isSpace(text[at]) {
		at++
	}
	if at >= len(text) {
		return -1
	}
	if quote := text[at]; quote == '"' || quote == '\'' {
		n := bytes.IndexByte(text[at+1:], quote)
		if n < 0 {
			return -1
		}
		a.from, a.to = at+1, at+1+n
		a.end = a.to + 1
		return a.end
	}
	a.from = at
	for at < len(text) && !isSpace(text[at]) && text[at] != '>' {
		at++
	}
	a.to, a.end = at, at
	return at
}

// link adds the edits of an element that may lead somewhere.
func (s *scanner) link(attributes []attribute) {
	href := -1
	off := false
	for i, a := range attributes {
		switch a.name {
		case "href":
			if href < 0 { // of several the first counts
				href = i
			}
		case optOut:
			off = off || strings.EqualFold(string(bytes.TrimSpace(s.text[a.from:a.to])), "off")
		}
	}
	for i, a := range attributes {
		switch {
		case a.name == optOut && off:
			start := a.start
			for isSpace(s.masked[start-1]) {
				start--
			}
			s.edits = append(s.edits, edit{start: start, end: a.end})
		case i == href && !off:
			from, to := a.from, a.to
			for from < to && isSpace(s.masked[from]) {
				from++
			}
			for from < to && isSpace(s.masked[to-1]) {
				to--
			}
			if url := attributeText(s.text[from:to]); trackable(url) {
				s.edits = append(s.edits, edit{start: from, end: to, url: url})
			}
		}
	}
}

// attributeText resolves the character references of an attribute's value, for
// which other rules hold than elsewhere: &copy=1 is no copyright sign.
func attributeText(raw []byte) string {
	if bytes.IndexByte(raw, '&') < 0 {
		return string(raw)
	}
	quote := `"`
	if bytes.IndexByte(raw, '"') >= 0 {
		quote = `'`
	}
	z := html.NewTokenizer(strings.NewReader("<a href=" + quote + string(raw) + quote + ">"))
	if z.Next() != html.StartTagToken {
		return ""
	}
	z.TagName()
	_, value, _ := z.TagAttr()
	return string(value)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }
