package track

import (
	"net/http"
)

// reply answers a request that the front has read, as ServeHTTP would; ok is
// false for all that is no link to somewhere and no picture, which ServeHTTP
// answers.
func (s *Server) reply(to []byte, q asked) (answer []byte, ok bool) {
	host := hostName(string(q.host))
	if !s.hosts.has(host) {
		return to, false
	}
	l, ok := s.sealer.readToken(q.kind, host, q.token)
	if !ok || !s.hosts.serves(host, l.copy.TenantID) || s.hosts.suspended(l.copy.TenantID) {
		return to, false
	}
	s.note(l, visitor{at: q.at, agent: string(q.agent), head: q.head, prefetch: q.prefetch})
	if l.kind == kindOpen {
		s.metrics.opens.Inc()
		to = append(to, pictureHead...)
	} else {
		s.metrics.clicks.Inc()
		to = append(append(to, redirectHead...), l.url...)
	}
	to = q.at.UTC().AppendFormat(append(to, "\r\nDate: "...), http.TimeFormat)
	if q.last {
		to = append(to, "\r\nConnection: close"...)
	}
	to = append(to, "\r\n\r\n"...)
	if l.kind == kindOpen && !q.head {
		to = append(to, picture...)
	}
	return to, true
}

// How answers begin. Each has the fields that ServeHTTP sets.
const (
	always       = "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Robots-Tag: noindex, nofollow\r\n"
	redirectHead = "HTTP/1.1 302 Found" + always + "Content-Length: 0\r\nLocation: "
	pictureHead  = "HTTP/1.1 200 OK" + always + "Content-Length: 43\r\nContent-Type: image/gif"
)
