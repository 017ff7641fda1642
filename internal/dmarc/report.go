package dmarc

import (
	"fmt"

	"github.com/myodai/myodai"
)

// ReportName is where host says that it takes reports about domain
// (RFC 9990 §4): "domain._report._dmarc.host".
func ReportName(domain, host myodai.Name) myodai.Name {
	return host.Child(string(domain) + "._report._dmarc")
}

// ReportAuthorized reports whether receivers may send reports about domain,
// whose record asks for it, to uri. Within one organization they may; elsewhere
// the host must publish a record that begins with v=DMARC1 at ReportName. Only
// mailto can be answered with yes. An error means it is unknown.
func ReportAuthorized(domain myodai.Name, uri URI, lookup Lookup) (bool, error) {
	return NewTree(lookup).ReportAuthorized(domain, uri)
}

// ReportAuthorized is the function of the same name.
func (t *Tree) ReportAuthorized(domain myodai.Name, uri URI) (bool, error) {
	address, ok := uri.Address()
	if !ok {
		return false, nil
	}
	same, err := t.Aligned(domain, address.Domain, ModeRelaxed)
	if same {
		return true, nil
	}
	// When the walk failed, the record settles it if it is there.
	name := ReportName(domain, address.Domain)
	if _, long := myodai.ParseOwner(string(name)); long != nil {
		return false, err
	}
	texts, _, failed := t.lookup(name)
	if failed != nil {
		return false, fmt.Errorf("look up %s: %w", name, failed)
	}
	for _, txt := range texts {
		if _, _, bad := Parse(txt); bad != ErrNotRecord {
			return true, nil
		}
	}
	return false, err
}
