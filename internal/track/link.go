package track

import (
	"crypto/hmac"
	"encoding/binary"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// The kinds of links, which are also the first part of their paths.
const (
	kindClick       = 'c'
	kindOpen        = 'o'
	kindUnsubscribe = 'u'
	kindMail        = 'm' // of an address to unsubscribe at
)

const (
	// maxDestination keeps a tracking URL below 2,048 octets, which every mail
	// program takes. A longer link stays as it is and is not tracked.
	maxDestination = 1400
	// maxSealed is more octets than any token has, and 2,048 characters.
	maxSealed = 1536
)

// link is what a token says.
type link struct {
	kind   byte
	copy   myodai.Copy
	number int              // of the link in its mail, from 1; 0 when it is not a click
	of     int              // how many links the mail has
	url    string           // destination of a click
	class  myodai.ClassName // what is unsubscribed from
}

// The octets of a link: tenant, message, whether a delivery follows, and then
// what its kind needs.
const fixedOctets = 16 + 16 + 1

// encode writes a link without its kind; ok is false when its ids are not ids.
func (l link) encode() (b []byte, ok bool) {
	tenant, ok1 := myodai.Octets(l.copy.TenantID)
	message, ok2 := myodai.Octets(l.copy.MessageID)
	b = append(append(make([]byte, 0, fixedOctets+20+len(l.url)+len(l.class)), tenant[:]...), message[:]...)
	if l.copy.DeliveryID == "" {
		b = append(b, 0)
	} else {
		delivery, ok := myodai.Octets(l.copy.DeliveryID)
		ok1 = ok1 && ok
		b = append(append(b, 1), delivery[:]...)
	}
	switch l.kind {
	case kindClick:
		b = binary.AppendUvarint(b, uint64(l.number)) // #nosec G115 -- counted from 1
		b = binary.AppendUvarint(b, uint64(l.of))     // #nosec G115 -- counted from 1
		b = append(b, l.url...)
	case kindUnsubscribe:
		b = append(b, l.class...)
	}
	return b, ok1 && ok2
}

// decode reads what encode wrote. That it is authentic has been seen; this only
// has to hold for what an earlier version may have written.
func decode(kind byte, b []byte) (l link, ok bool) {
	if len(b) < fixedOctets {
		return link{}, false
	}
	l.kind = kind
	l.copy.TenantID = myodai.FromOctets[myodai.TenantID]([16]byte(b[:16]))
	l.copy.MessageID = myodai.FromOctets[myodai.MessageID]([16]byte(b[16:32]))
	delivered, b := b[32], b[fixedOctets:]
	if delivered > 1 || delivered == 1 && len(b) < 16 {
		return link{}, false
	}
	if delivered == 1 {
		l.copy.DeliveryID = myodai.FromOctets[myodai.DeliveryID]([16]byte(b[:16]))
		b = b[16:]
	}
	switch kind {
	case kindClick:
		number, n := binary.Uvarint(b)
		of, m := binary.Uvarint(b[max(n, 0):])
		if n <= 0 || m <= 0 || number == 0 || number > of || of > maxLinks {
			return link{}, false
		}
		l.number, l.of, l.url = int(number), int(of), string(b[n+m:]) // #nosec G115 -- at most maxLinks
		return l, trackable(l.url)
	case kindUnsubscribe:
		l.class = myodai.ClassName(b)
		return l, l.class != "" && l.copy.DeliveryID != ""
	}
	return l, len(b) == 0
}

// path is the link as the path of a URL at the host; "" when it cannot be made.
func (s *sealer) path(host myodai.Name, l link) string {
	text, ok := l.encode()
	if !ok {
		return ""
	}
	return "/" + string(rune(l.kind)) + "/" + s.seal(l.kind, host, text)
}

// read reads the path of a URL at the host; ok is false when it is no link that
// we made for this host.
func (s *sealer) read(host myodai.Name, path string) (l link, ok bool) {
	if len(path) < 4 || path[0] != '/' || path[2] != '/' || strings.IndexByte("cou", path[1]) < 0 {
		return link{}, false
	}
	return s.readToken(path[1], host, []byte(path[3:]))
}

// readToken reads a token of the given kind at the host.
func (s *sealer) readToken(kind byte, host myodai.Name, token []byte) (l link, ok bool) {
	room := s.rooms.Get().(*[maxSealed]byte)
	defer s.rooms.Put(room)
	text, ok := s.open(room[:], kind, host, token)
	if !ok {
		return link{}, false
	}
	return decode(kind, text)
}

// madeAt reads the time out of an id: its first 48 bits are milliseconds.
func madeAt(id [16]byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16)) // #nosec G115 -- 48 bits
}

// equal compares two texts in a time that tells nothing of them.
func equal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
