package multibuffer

import (
	"sync"
	"time"
)

// company is how long a batch waits to become full, where one has just been made:
// then more is to come, and four cost no more than one. After a pause nobody waits.
const company = 2 * time.Millisecond

// batches puts those who sign at the same time into the lanes beside each other.
// Half as many workers as processors make batches full sooner, and sign more than
// all of them do with crypto/rsa.
type batches struct {
	workers int
	full    chan struct{} // tells a worker that waits for company that it is there

	mu      sync.Mutex
	waiting []*request
	working int
	made    time.Time // the last batch
}

// request is one signature that somebody waits for.
type request struct {
	key    *key
	digest []byte
	answer chan []byte // has room for it; nil when the signature was wrong
}

func (b *batches) sign(k *key, digest []byte) []byte {
	r := &request{k, digest, make(chan []byte, 1)}
	b.mu.Lock()
	b.waiting = append(b.waiting, r)
	if len(b.waiting) >= pairs {
		select {
		case b.full <- struct{}{}:
		default:
		}
	}
	begin := b.working < b.workers
	if begin {
		b.working++
	}
	b.mu.Unlock()
	if begin {
		go b.work()
	}
	return <-r.answer
}

// rooms are kept from worker to worker.
var rooms = sync.Pool{New: func() any { return &room{} }}

// work signs what waits until nothing does.
func (b *batches) work() {
	r := rooms.Get().(*room)
	defer rooms.Put(r)
	for {
		batch := b.next()
		if batch == nil {
			return
		}
		keys, digests := make([]*key, len(batch)), make([][]byte, len(batch))
		for i, request := range batch {
			keys[i], digests[i] = request.key, request.digest
		}
		for i, signature := range r.sign(keys, digests) {
			batch[i].answer <- signature
		}
		b.mu.Lock()
		b.made = time.Now()
		b.mu.Unlock()
	}
}

// next takes out a batch, which leaves no lane empty if more than a few wait; nil
// when nothing waits, and then the worker is gone.
func (b *batches) next() []*request {
	b.mu.Lock()
	defer b.mu.Unlock()
	if pause := company - time.Since(b.made); len(b.waiting) < pairs && pause > 0 {
		select {
		case <-b.full: // said of a batch that is gone
		default:
		}
		b.mu.Unlock()
		timer := time.NewTimer(pause)
		select {
		case <-b.full:
		case <-timer.C:
		}
		timer.Stop()
		b.mu.Lock()
	}
	n := min(together, len(b.waiting))
	if n == 0 {
		b.working--
		return nil
	}
	if n > pairs {
		n -= n % pairs
	}
	batch := b.waiting[:n:n]
	if b.waiting = b.waiting[n:]; len(b.waiting) == 0 {
		b.waiting = nil
	}
	return batch
}
