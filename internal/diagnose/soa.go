package diagnose

import (
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// soa is what a zone says of itself (RFC 1035 §3.3.13).
type soa struct {
	serial  uint32
	refresh time.Duration
	retry   time.Duration
	minimum time.Duration
	ttl     time.Duration
}

// negative is how long caches remember that something is not there
// (RFC 2308 §5).
func (s soa) negative() time.Duration { return min(s.ttl, s.minimum) }

func parseSOA(rr myodai.Record) (soa, bool) {
	f := strings.Fields(rr.Data)
	if len(f) != 7 {
		return soa{}, false
	}
	var n [5]uint32
	for i := range n {
		value, err := strconv.ParseUint(f[i+2], 10, 32)
		if err != nil {
			return soa{}, false
		}
		n[i] = uint32(value)
	}
	return soa{
		serial: n[0], refresh: seconds(n[1]), retry: seconds(n[2]), minimum: seconds(n[4]), ttl: seconds(rr.TTL),
	}, true
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

// soaOf is the SOA record of a zone, the one with the highest serial when its
// servers differ.
func soaOf(o myodai.Observation, zone myodai.Name) (best soa, ok bool) {
	for _, a := range o.Answers {
		if s, found := soaIn(a, zone); found && (!ok || s.serial > best.serial) {
			best, ok = s, true
		}
	}
	return best, ok
}

// soaIn finds the zone's SOA record in an answer, be it what was asked for or
// the proof that something is not there.
func soaIn(a myodai.Answer, zone myodai.Name) (soa, bool) {
	if a.Recursive || a.Host != "" || a.Kind() == myodai.AnswerUnknown {
		return soa{}, false
	}
	for _, list := range [][]myodai.Record{a.Records, a.Authority} {
		for _, rr := range list {
			if rr.Type == myodai.TypeSOA && rr.Name == zone {
				return parseSOA(rr)
			}
		}
	}
	return soa{}, false
}

// serials lists the serial that each address of the zone showed.
func (v *view) serials() map[string]uint32 {
	list := map[string]uint32{}
	for _, a := range v.in.Observation.Answers {
		if s, ok := soaIn(a, v.zone); ok && s.serial >= list[a.Address] {
			list[a.Address] = s.serial
		}
	}
	return list
}
