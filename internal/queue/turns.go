package queue

import (
	"slices"

	"github.com/myodai/myodai"
)

// turns holds what several tenants wait for, so that each of them has one turn
// after the other, however much the others have (P20). The zero value is ready.
type turns[T any] struct {
	order []myodai.TenantID // next turn first; everybody in it has something
	of    map[myodai.TenantID][]T
}

// push adds a thing behind the tenant's others.
func (t *turns[T]) push(tenant myodai.TenantID, thing T) {
	if t.of == nil {
		t.of = map[myodai.TenantID][]T{}
	}
	if len(t.of[tenant]) == 0 {
		t.order = append(t.order, tenant)
	}
	t.of[tenant] = append(t.of[tenant], thing)
}

// pop takes the first thing of the next tenant who may have a turn.
func (t *turns[T]) pop(may func(myodai.TenantID) bool) (thing T, ok bool) {
	for i, tenant := range t.order {
		if !may(tenant) {
			continue
		}
		list := t.of[tenant]
		thing, list = list[0], list[1:]
		t.order = slices.Delete(t.order, i, i+1)
		if len(list) > 0 {
			t.of[tenant] = list
			t.order = append(t.order, tenant)
		} else {
			delete(t.of, tenant)
		}
		return thing, true
	}
	return thing, false
}

// empty reports whether nobody waits.
func (t *turns[T]) empty() bool { return len(t.order) == 0 }

// drain takes out everything.
func (t *turns[T]) drain() (all []T) {
	for _, tenant := range t.order {
		all = append(all, t.of[tenant]...)
	}
	*t = turns[T]{}
	return all
}
