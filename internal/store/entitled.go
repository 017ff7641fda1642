package store

import (
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// entitledFor is how long what entitles a tenant to send is not read again for
// mail that was accepted a moment ago: far within the five seconds of P31.
const entitledFor = time.Second

// maxEntitled bounds how many parties are remembered.
const maxEntitled = 4096

// parties are who entitles a message to be sent, beside itself.
type parties struct {
	tenant myodai.TenantID
	domain myodai.DomainID
	sender myodai.SenderID
}

func partiesOf(m myodai.Message) parties { return parties{m.TenantID, m.DomainID, m.SenderID} }

// entitled remembers what was read of parties lately. The zero value is ready.
type entitled struct {
	mu   sync.Mutex
	read map[parties]entitlement
}

type entitlement struct {
	sending myodai.Sending // of some message
	at      time.Time
}

// get is what was read of the parties at most entitledFor before now.
func (e *entitled) get(of parties, now time.Time) (myodai.Sending, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	known, ok := e.read[of]
	return known.sending, ok && now.Sub(known.at) < entitledFor
}

// put notes what was asked for at the given time.
func (e *entitled) put(of parties, s myodai.Sending, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.read == nil || len(e.read) >= maxEntitled {
		e.read = map[parties]entitlement{}
	}
	e.read[of] = entitlement{s, at}
}
