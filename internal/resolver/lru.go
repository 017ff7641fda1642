package resolver

import (
	"container/list"
	"sync"
	"time"
)

// lru is a bounded memory: what was not used for longest goes first, and nothing
// is given out after its time.
type lru[K comparable, V any] struct {
	entries int // most
	octets  int // most, of all weights together; 0 means any

	mu     sync.Mutex
	weight int
	order  *list.List // of *kept[K, V], the one used last in front
	items  map[K]*list.Element
}

// kept is one entry.
type kept[K comparable, V any] struct {
	key     K
	value   V
	weight  int
	expires time.Time
}

func newLRU[K comparable, V any](entries, octets int) *lru[K, V] {
	return &lru[K, V]{entries: entries, octets: octets, order: list.New(), items: map[K]*list.Element{}}
}

func (l *lru[K, V]) get(key K, now time.Time) (value V, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	element, ok := l.items[key]
	if !ok {
		return value, false
	}
	entry := element.Value.(*kept[K, V])
	if !now.Before(entry.expires) {
		l.remove(element)
		return value, false
	}
	l.order.MoveToFront(element)
	return entry.value, true
}

// put keeps value for ttl; nothing is kept that is over at once, or that alone
// would fill more than an eighth of the memory.
func (l *lru[K, V]) put(key K, value V, weight int, now time.Time, ttl time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if element, ok := l.items[key]; ok {
		l.remove(element)
	}
	if ttl <= 0 || l.octets > 0 && weight > l.octets/8 {
		return
	}
	l.items[key] = l.order.PushFront(&kept[K, V]{key, value, weight, now.Add(ttl)})
	l.weight += weight
	for l.order.Len() > l.entries || l.octets > 0 && l.weight > l.octets {
		l.remove(l.order.Back())
	}
}

// drop forgets the entry.
func (l *lru[K, V]) drop(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if element, ok := l.items[key]; ok {
		l.remove(element)
	}
}

func (l *lru[K, V]) remove(element *list.Element) {
	entry := l.order.Remove(element).(*kept[K, V])
	delete(l.items, entry.key)
	l.weight -= entry.weight
}
