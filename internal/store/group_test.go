package store_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// shared counts the transactions that messages shared, from what the log says.
type shared struct {
	slog.Handler
	mu                     sync.Mutex
	transactions, messages int
}

func (c *shared) Enabled(context.Context, slog.Level) bool { return true }

func (c *shared) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "writes shared a transaction" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "count" {
			c.transactions++
			c.messages += int(a.Value.Int64())
		}
		return true
	})
	return nil
}

// eachGroup runs a test on every database, with a function that makes every
// write wait until the function it returns is called.
func eachGroup(t *testing.T, test func(t *testing.T, s *store.Store, count *shared, url string)) {
	t.Helper()
	eachURL(t, func(t *testing.T, url string) {
		count := &shared{Handler: slog.DiscardHandler}
		s, err := store.Open(t.Context(), store.Options{URL: url, Key: masterKey, Log: slog.New(count)})
		ok(t, err)
		t.Cleanup(func() { ok(t, s.Close()) })
		_, err = s.Migrate(t.Context())
		ok(t, err)
		test(t, s, count, url)
	})
}

// hold makes every message wait until release is called.
func hold(t *testing.T, url string) (release func()) {
	t.Helper()
	conn := must(raw(t, url).Conn(t.Context()))(t)
	lock := []string{"begin immediate"}
	if strings.HasPrefix(url, "postgres://") {
		lock = []string{"begin", "lock table messages in exclusive mode"}
	}
	for _, statement := range lock {
		_, err := conn.ExecContext(t.Context(), statement)
		ok(t, err)
	}
	return func() {
		_, err := conn.ExecContext(t.Context(), "rollback")
		ok(t, err)
		ok(t, conn.Close())
	}
}

// acceptAtOnce accepts the messages concurrently, while nothing can be written,
// and lets go when all are on their way.
func acceptAtOnce(t *testing.T, s *store.Store, url string, list []myodai.Accepted) (messages []myodai.Message, errs []error) {
	t.Helper()
	release := hold(t, url)
	messages, errs = make([]myodai.Message, len(list)), make([]error, len(list))
	var begun, done sync.WaitGroup
	begun.Add(len(list))
	for i, a := range list {
		done.Go(func() {
			begun.Done()
			messages[i], _, errs[i] = s.Accept(t.Context(), a)
		})
	}
	begun.Wait()
	release()
	done.Wait()
	return messages, errs
}

func letters(d myodai.Domain, n int) []myodai.Accepted {
	var list []myodai.Accepted
	for range n {
		list = append(list, letter(d, t0, rcpt("a", "example.net")))
	}
	return list
}

// Messages that come at the same time share commits, and each is there (P01).
func TestGroupCommitSharesTransactions(t *testing.T) {
	eachGroup(t, func(t *testing.T, s *store.Store, count *shared, url string) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		list := letters(d, 200)
		messages, errs := acceptAtOnce(t, s, url, list)
		for i, a := range list {
			ok(t, errs[i])
			same(t, "returned", messages[i], a.Message)
			same(t, "message", must(s.Message(t.Context(), d.TenantID, a.Message.ID))(t), a.Message)
			same(t, "deliveries", must(s.Deliveries(t.Context(), d.TenantID, a.Message.ID))(t), a.Deliveries)
		}
		if n := len(list) - count.messages + count.transactions; n > 60 {
			t.Errorf("%d messages took %d transactions", len(list), n)
		}
		other := open(t, url) // nothing in memory
		same(t, "body", bodyOf(t, other, d.TenantID, list[7].Message.ID), list[7].Body)
	})
}

// What is wrong with one message is nobody else's business.
func TestGroupCommitOneBadMember(t *testing.T) {
	eachGroup(t, func(t *testing.T, s *store.Store, _ *shared, url string) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		before := letters(d, 1)[0]
		accept(t, s, before)
		list := letters(d, 30)
		list[11].Message.TenantID = other.ID        // T63
		list[17].Message.ID = before.Message.ID     // there already
		list[23].Events[0].ID = before.Events[0].ID // written last
		list[23].IdempotencyKey = "not used up by a failure"
		_, errs := acceptAtOnce(t, s, url, list)
		for i, err := range errs {
			switch i {
			case 11:
				wantCode(t, err, myodai.CodeNotFound)
			case 17, 23:
				if err == nil || code(err) != "" {
					t.Errorf("message %d: %v, want a fault", i, err)
				}
			default:
				ok(t, err)
				must(s.Message(t.Context(), tenant.ID, list[i].Message.ID))(t)
			}
		}
		wantCode(t, failure(s.Message(t.Context(), tenant.ID, list[23].Message.ID)), myodai.CodeNotFound)
		list[23].Events = nil
		accept(t, s, list[23])
	})
}

// A commit that fails is a no to everybody who shared it, and never tried again
// until it is a yes (P03).
func TestGroupCommitFailedCommitRefusesAll(t *testing.T) {
	eachGroup(t, func(t *testing.T, s *store.Store, count *shared, url string) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		// A key of a message that is not there, which is noticed at the commit. It
		// comes with every other message; the rest would do, tried again alone.
		const orphan = `insert into idempotency_keys (tenant_id, name, request_hash, message_id, used_at)
			values (new.tenant_id, new.id, '', 'msg_none', 0);`
		db := raw(t, url)
		if strings.HasPrefix(url, "postgres://") {
			exec(t, db, `create function orphan() returns trigger language plpgsql as
				$$ begin if new.subject = 'poison' then `+orphan+` end if; return new; end $$`)
			exec(t, db, `create trigger orphan after insert on messages for each row execute function orphan()`)
		} else {
			exec(t, db, `create trigger orphan after insert on messages when new.subject = 'poison' begin `+orphan+` end`)
		}
		list := letters(d, 40)
		for i := range list {
			if i%2 == 1 {
				list[i].Message.Subject = "poison"
			}
		}
		_, errs := acceptAtOnce(t, s, url, list)
		stored := 0
		for i, err := range errs {
			if err == nil {
				stored++
				continue
			}
			if code(err) != "" {
				t.Errorf("message %d: %v, want a fault", i, err)
			}
			wantCode(t, failure(s.Message(t.Context(), d.TenantID, list[i].Message.ID)), myodai.CodeNotFound)
			wantCode(t, noBody(t, s, d.TenantID, list[i].Message.ID), myodai.CodeNotFound)
		}
		if alone := len(list) - count.messages; stored > alone || alone > 5 {
			t.Errorf("%d messages are stored, %d of %d shared a commit that failed", stored, count.messages, len(list))
		}
		if strings.HasPrefix(url, "postgres://") {
			exec(t, db, `drop trigger orphan on messages`)
		} else {
			exec(t, db, `drop trigger orphan`)
		}
		accept(t, s, letters(d, 1)[0])
	})
}

// One key means one message, also when all who use it share a commit (P05).
func TestGroupCommitOneKey(t *testing.T) {
	eachGroup(t, func(t *testing.T, s *store.Store, _ *shared, url string) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		list := letters(d, 30)
		for i := range list {
			list[i].IdempotencyKey = "k"
			if i%10 == 9 {
				list[i].RequestHash = [32]byte{1}
			}
		}
		messages, errs := acceptAtOnce(t, s, url, list)
		stored, _, err := s.Messages(t.Context(), d.TenantID, myodai.Page{})
		ok(t, err)
		if len(stored) != 1 {
			t.Fatalf("%d messages for one key", len(stored))
		}
		var winner myodai.Accepted
		for _, a := range list {
			if a.Message.ID == stored[0].ID {
				winner = a
			}
		}
		for i, a := range list {
			if a.RequestHash != winner.RequestHash {
				wantCode(t, errs[i], myodai.CodeConflict)
				continue
			}
			ok(t, errs[i])
			same(t, "message", messages[i], winner.Message)
		}
	})
}

// Who does not wait any more gets an answer at once, and nobody else is harmed.
func TestGroupCommitCanceled(t *testing.T) {
	eachGroup(t, func(t *testing.T, s *store.Store, _ *shared, url string) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		list := letters(d, 3)
		release := hold(t, url)
		var patient sync.WaitGroup
		patient.Go(func() { accept(t, s, list[0]) })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, _, err := s.Accept(ctx, list[1]); !errors.Is(err, context.DeadlineExceeded) || code(err) != "" {
			t.Errorf("Accept until a deadline: %v", err)
		}
		if _, _, err := s.Accept(ctx, list[2]); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Accept after a deadline: %v", err)
		}
		release()
		patient.Wait()
		wantCode(t, failure(s.Message(t.Context(), d.TenantID, list[2].Message.ID)), myodai.CodeNotFound)
		must(s.Message(t.Context(), d.TenantID, list[0].Message.ID))(t)
	})
}

func TestAcceptAfterClose(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s, err := store.Open(t.Context(), store.Options{URL: url, Key: masterKey})
		ok(t, err)
		ok(t, s.Close())
		if _, _, err := s.Accept(t.Context(), myodai.Accepted{}); err == nil {
			t.Error("a closed store accepts")
		}
	})
}
