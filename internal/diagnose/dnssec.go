package diagnose

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// unvouched says why none of a zone's keys is one that the DS records above
// vouch for; "" when one may be. Only tags and algorithms are compared: that is
// enough to see a DS record of the DNS host before.
func unvouched(ds, keys []myodai.Record) string {
	if len(keys) == 0 {
		return "the registry has a DS record, and the zone has no DNSKEY record"
	}
	for _, d := range ds {
		tag, rest, _ := strings.Cut(d.Data, " ")
		algorithm, _, _ := strings.Cut(rest, " ")
		for _, k := range keys {
			keyTag, keyAlgorithm, ok := readKey(k.Data)
			if !ok || keyTag == tag && keyAlgorithm == algorithm {
				return ""
			}
		}
	}
	return "no DNSKEY record of the zone fits a DS record at the registry"
}

// readKey finds the tag and algorithm of a DNSKEY record (RFC 4034 appendix B).
func readKey(data string) (tag, algorithm string, ok bool) {
	f := strings.Fields(data)
	if len(f) < 4 {
		return "", "", false
	}
	flags, err1 := strconv.ParseUint(f[0], 10, 16)
	protocol, err2 := strconv.ParseUint(f[1], 10, 8)
	number, err3 := strconv.ParseUint(f[2], 10, 8)
	public, err4 := base64.StdEncoding.DecodeString(strings.Join(f[3:], ""))
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil || number == 1 {
		return "", "", false // algorithm 1 counts otherwise, and is long gone
	}
	wire := append([]byte{byte(flags >> 8), byte(flags), byte(protocol), byte(number)}, public...) // #nosec G115 -- parsed with these widths
	sum := uint32(0)
	for i, c := range wire {
		if i%2 == 0 {
			sum += uint32(c) << 8
		} else {
			sum += uint32(c)
		}
	}
	sum += sum >> 16
	return strconv.Itoa(int(sum & 0xffff)), f[2], true
}
