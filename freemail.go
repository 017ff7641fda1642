package myodai

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed freemail.txt
var freeMailText string

// freeMail is the set of domains in freemail.txt.
var freeMail = sync.OnceValue(func() map[Name]bool {
	set := map[Name]bool{}
	for line := range strings.Lines(freeMailText) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			set[Name(line)] = true
		}
	}
	return set
})

// IsFreeMail reports whether n is, or lies below, a domain at which anyone can
// have a mailbox: free mail, mobile carriers, access providers (A23, E11).
func (n Name) IsFreeMail() bool {
	for _, name := range n.Ancestors() {
		if freeMail()[name] {
			return true
		}
	}
	return false
}
