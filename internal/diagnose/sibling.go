package diagnose

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/myodai/myodai"
)

// sibling is a name below the given one that nobody made: what answers for it is
// a wildcard (RFC 4592). It is the same for the same plan, so that a recorded
// observation can be judged again, and unknown to others who have not seen the
// plan.
func (v *view) sibling(above myodai.Name) myodai.Name {
	if v.made != "" {
		return above.Child(v.made)
	}
	h := sha256.New()
	h.Write([]byte(v.plan.Domain))
	for _, item := range v.plan.Items {
		h.Write([]byte("\x00" + string(item.Name) + " " + item.Value))
	}
	label := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))
	v.made = strings.ToLower(label[:16])
	return above.Child(v.made)
}
