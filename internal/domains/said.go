package domains

import (
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Said is what a tenant says when asking for a check.
type Said struct {
	Entered   bool            // the records are entered now
	Connected bool            // Domain Connect has just written them
	Sees      []myodai.Record // what their own resolver shows at the planned names
}

// Bounds of what a tenant may say to see.
const (
	maxSeen     = 50
	maxSeenData = 4096 // octets of one record
)

// note writes down in the domain what was said at the given time; nil says
// nothing.
func (said *Said) note(d myodai.Domain, now time.Time) myodai.Domain {
	if said == nil {
		return d
	}
	if said.Entered || said.Connected {
		d.EnteredAt = now
	}
	if said.Connected {
		d.ConnectedAt = now
	}
	return d
}

// seenTypes are those of planned records.
var seenTypes = []myodai.RecordType{myodai.TypeCNAME, myodai.TypeTXT, myodai.TypeMX}

// sees reads the records a tenant says to see, without their final dots. Small
// and capital letters stay as they are: that they do not matter is worth saying.
func (said *Said) sees(domain myodai.Name) ([]myodai.Record, error) {
	if len(said.Sees) > maxSeen {
		return nil, myodai.Refuse(myodai.CodeInvalid, "sees", "there are more than %d records; give those of the planned names", maxSeen)
	}
	var list []myodai.Record
	for _, rr := range said.Sees {
		name, err := myodai.ParseOwner(string(rr.Name))
		switch {
		case err != nil || !name.Under(domain):
			return nil, myodai.Refuse(myodai.CodeInvalid, "sees", "%q is no name in %s", rr.Name, domain)
		case !slices.Contains(seenTypes, rr.Type):
			return nil, myodai.Refuse(myodai.CodeInvalid, "sees", "%q is not a type of planned records; they are CNAME, TXT and MX", rr.Type)
		case rr.Data == "" || len(rr.Data) > maxSeenData:
			return nil, myodai.Refuse(myodai.CodeInvalid, "sees", "the data of %s has to be 1 to %d octets long", rr.Name, maxSeenData)
		}
		rr.Name = myodai.Name(strings.TrimSuffix(string(rr.Name), "."))
		if rr.Type != myodai.TypeTXT {
			rr.Data = strings.TrimSuffix(rr.Data, ".")
		}
		list = append(list, myodai.Record{Name: rr.Name, Type: rr.Type, TTL: rr.TTL, Data: rr.Data})
	}
	return list, nil
}
