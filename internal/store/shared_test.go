package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

// Whoever asks while a query is under way goes with the next one, together.
func TestShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[int, string]
		var asked [][]int
		gate := make(chan struct{})
		query := func(_ context.Context, keys []int) (map[int]string, error) {
			asked = append(asked, keys)
			<-gate
			answers := map[int]string{}
			for _, k := range keys {
				if k == 9 {
					return nil, errors.New("broken")
				}
				if k != 4 {
					answers[k] = string(rune('a' + k))
				}
			}
			return answers, nil
		}
		type got struct {
			value string
			ok    bool
			err   error
		}
		var mu sync.Mutex
		results := map[int]got{}
		ask := func(key int) {
			go func() {
				value, ok, err := s.ask(t.Context(), key, query)
				mu.Lock()
				defer mu.Unlock()
				results[key] = got{value, ok, err}
			}()
			synctest.Wait()
		}
		ask(1)
		ask(2)
		ask(3)
		ask(4)
		gate <- struct{}{}
		synctest.Wait()
		ask(9)
		gate <- struct{}{}
		synctest.Wait()
		gate <- struct{}{}
		synctest.Wait()
		if len(asked) != 3 || len(asked[0]) != 1 || len(asked[1]) != 4 || asked[1][3] != 4 || len(asked[2]) != 1 {
			t.Errorf("queries for %v; want 1, then 2 3 4 filled up, then 9", asked)
		}
		for key, want := range map[int]got{1: {"b", true, nil}, 3: {"d", true, nil}, 4: {"", false, nil}} {
			if results[key] != want {
				t.Errorf("%d: %+v, want %+v", key, results[key], want)
			}
		}
		if results[9].err == nil {
			t.Error("a query that failed is told to nobody")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := s.ask(ctx, 1, query); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want canceled", err)
		}
		gate <- struct{}{}
		synctest.Wait()
	})
}
