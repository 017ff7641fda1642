package rdap

import (
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// How long answers are kept: a registration hardly changes, and a registry that
// did not answer is left alone for a while.
const (
	keepKnown   = time.Hour
	keepFailure = 5 * time.Minute
)

// maxKept bounds what is remembered.
const maxKept = 4096

// memory is what registries said.
type memory struct {
	mu   sync.Mutex
	kept map[myodai.Name]remembered
}

type remembered struct {
	registration myodai.Registration
	until        time.Time
}

func (m *memory) recall(domain myodai.Name, now time.Time) (myodai.Registration, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.kept[domain]
	return r.registration, ok && now.Before(r.until)
}

// keep remembers an answer. When there is no room, any other goes: what is
// forgotten is only asked again.
func (m *memory) keep(r myodai.Registration, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[myodai.Name]remembered{}
	}
	for domain := range m.kept {
		if len(m.kept) < maxKept {
			break
		}
		delete(m.kept, domain)
	}
	m.kept[r.Domain] = remembered{r, until}
}
