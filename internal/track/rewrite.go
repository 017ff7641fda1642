package track

import (
	"github.com/myodai/myodai"
)

// maxLinks bounds the links of one mail that are tracked. Newsletters have
// dozens.
const maxLinks = 500

// Rewrite puts tracking links into a message with CRLF line ends, at the host
// that fits its author best. What need not change is not touched, and message
// itself is not changed; when there is nothing to track, it is returned.
//
// Links that lead to one of our hosts already, that somebody opted out, or that
// are no plain http or https links stay as they are; so do signed and encrypted
// texts, and those in a charset or encoding that we do not know. Each
// destination has one number, in the order in which they come.
func (s *Server) Rewrite(message []byte, of myodai.Copy, author myodai.Name, what myodai.Track) []byte {
	if !what.Clicks && !what.Opens {
		return message
	}
	m := marks{host: s.hosts.pick(of.TenantID, author), copy: of, sealer: s.sealer, ours: s.hosts.has}
	m.base = s.base(m.host)
	return rewrite(message, &m, what)
}

// marks makes what is put into one message.
type marks struct {
	sealer *sealer
	host   myodai.Name
	base   string // of URLs at the host: scheme and authority
	copy   myodai.Copy
	ours   func(myodai.Name) bool // whether a host is a tracking host

	numbers map[string]int    // of destinations
	urls    map[string]string // by destination, once made
}

// text is a leaf with what is to be changed in it.
type text struct {
	leaf
	body  []byte // encoded
	plain decoded
	edits []edit
}

// rewrite is Rewrite once it is known what is to be put in.
func rewrite(message []byte, m *marks, what myodai.Track) []byte {
	m.numbers, m.urls = map[string]int{}, map[string]string{}
	var texts []text
	for _, l := range leaves(message) {
		if t, ok := m.find(message, l, what); ok {
			texts = append(texts, t)
		}
	}
	if len(texts) == 0 {
		return message
	}
	out := make([]byte, 0, len(message)+256*(len(m.numbers)+1))
	at := 0
	for _, t := range texts {
		body := t.plain.encodeBody(t.body, t.encoding, t.edits, m.put)
		if t.isPlain() && longestLine(body) > maxLine {
			// Only another encoding has room for it; decoded it is the same.
			out = append(append(out, message[at:t.header]...), quotedHeader(message[t.header:t.start])...)
			body = encodeQuoted(body)
		} else {
			out = append(out, message[at:t.start]...)
		}
		out = append(out, body...)
		at = t.end
	}
	return append(out, message[at:]...)
}

// find decodes a leaf and finds what to change in it; ok is false for nothing.
func (m *marks) find(message []byte, l leaf, what myodai.Track) (t text, ok bool) {
	t = text{leaf: l, body: message[l.start:l.end]}
	if t.plain, ok = decodeBody(t.body, l.encoding); !ok {
		return t, false
	}
	masked, ok := mask(t.plain.text, l.charset)
	if !ok {
		return t, false
	}
	var found []edit
	switch {
	case l.html:
		found = findHTML(t.plain.text, masked, what.Clicks, what.Opens)
	case what.Clicks:
		found = findText(t.plain.text, masked, l.charset)
	}
	for _, e := range found {
		if e.url != "" && !m.number(e.url) {
			continue
		}
		t.edits = append(t.edits, e)
	}
	return t, len(t.edits) > 0
}

// number gives a destination its number; false when it is not to be tracked.
func (m *marks) number(url string) bool {
	if m.numbers[url] > 0 {
		return true
	}
	if len(m.numbers) == maxLinks || m.ours(hostOf(url)) {
		return false
	}
	m.numbers[url] = len(m.numbers) + 1
	return true
}

// put is what takes the place of an edit.
func (m *marks) put(e edit) string {
	switch {
	case e.pixel:
		return m.pixel()
	case e.url == "":
		return ""
	}
	if m.urls[e.url] == "" {
		m.urls[e.url] = m.base + m.sealer.path(m.host, link{
			kind: kindClick, copy: m.copy, number: m.numbers[e.url], of: len(m.numbers), url: e.url,
		})
	}
	return m.urls[e.url]
}

// pixel is the picture that tells of an open. It has a size and an empty text,
// so that nobody sees or hears it, also where pictures are not loaded.
func (m *marks) pixel() string {
	return `<img src="` + m.base + m.sealer.path(m.host, link{kind: kindOpen, copy: m.copy}) +
		`" width="1" height="1" alt="" border="0">`
}
