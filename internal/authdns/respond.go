package authdns

import (
	"encoding/binary"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

const (
	headerSize = 12  // RFC 1035 §4.1.1
	plainUDP   = 512 // without EDNS (RFC 1035 §4.2.1)

	// maxAmplification bounds what comes out of UDP for what went in, in octets,
	// so that forging a sender with us as the mirror is not worth it (T49). All of
	// our own answers fit; what does not is to be asked again over TCP.
	maxAmplification = 8
)

// Respond is the answer to one packet, nil for none. It is a pure function of
// its arguments. Over UDP the answer is never larger than the asker allows, nor
// than maxAmplification times the packet; what does not fit is left out whole,
// with the TC bit (RFC 2181 §9).
func Respond(z *Zone, packet []byte, via myodai.Transport) []byte {
	response, _ := respond(z, packet, via, false)
	return response
}

// respond is Respond with the response code for the metrics. When cut is set
// only the question comes back, with the TC bit.
func respond(z *Zone, packet []byte, via myodai.Transport, cut bool) (response []byte, rcode int) {
	if len(packet) < headerSize || packet[2]&0x80 != 0 {
		return nil, 0
	}
	if opcode := int(packet[2]>>3) & 0xf; opcode != dns.OpcodeQuery {
		return bare(packet, dns.RcodeNotImplemented), dns.RcodeNotImplemented
	}
	q := new(dns.Msg)
	if !isPlain(packet[headerSize:]) || q.Unpack(packet) != nil || !isWhole(q, packet) {
		return bare(packet, dns.RcodeFormatError), dns.RcodeFormatError
	}
	reply := Answer(z, q)
	limit := limitOf(q, len(packet), via)
	if cut {
		truncate(reply)
	}
	response, err := reply.Pack()
	if err == nil && len(response) > limit {
		truncate(reply)
		response, err = reply.Pack()
	}
	if err != nil { // the library reads more than it writes
		return bare(packet, dns.RcodeServerFailure), dns.RcodeServerFailure
	}
	return response, reply.Rcode
}

// isWhole reports whether packet has as many records as its header says. Of a
// lie the library makes what there is.
func isWhole(q *dns.Msg, packet []byte) bool {
	for i, n := range []int{len(q.Question), len(q.Answer), len(q.Ns), len(q.Extra)} {
		if int(binary.BigEndian.Uint16(packet[4+2*i:])) != n {
			return false
		}
	}
	return true
}

// isPlain reports whether the name at the beginning of question is written out.
// A pointer in the first name of a message can only point into the header: it
// is no question of an honest client, and the answer would be larger.
func isPlain(question []byte) bool {
	for len(question) > 0 {
		n := int(question[0])
		if n == 0 {
			return true
		}
		if n > 63 || n >= len(question) {
			return false
		}
		question = question[n+1:]
	}
	return false
}

// limitOf is how large the response to a packet of the given size may be.
func limitOf(q *dns.Msg, size int, via myodai.Transport) int {
	if via == myodai.TransportTCP {
		return dns.MaxMsgSize - 1
	}
	allowed := plainUDP
	if opt := q.IsEdns0(); opt != nil {
		allowed = min(max(int(opt.UDPSize()), plainUDP), maxUDP) // RFC 6891 §6.2.3
	}
	return min(allowed, size*maxAmplification)
}

func truncate(reply *dns.Msg) {
	opt := reply.IsEdns0()
	reply.Answer, reply.Ns, reply.Extra = nil, nil, nil
	if opt != nil {
		reply.Extra = []dns.RR{opt}
	}
	reply.Truncated = true
}

// bare is a header without anything after it: the id, opcode and RD bit of the
// packet, and a response code.
func bare(packet []byte, rcode int) []byte {
	var h [headerSize]byte
	h[0], h[1] = packet[0], packet[1]
	h[2] = 0x80 | packet[2]&0x79
	h[3] = byte(rcode) // #nosec G115 -- four bits
	return h[:]
}
