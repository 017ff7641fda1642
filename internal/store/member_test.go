package store_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func draftMember(tenant myodai.TenantID, email string, role myodai.Role) myodai.Member {
	address, err := myodai.ParseAddress(email)
	if err != nil {
		panic(err)
	}
	return myodai.Member{
		ID: myodai.NewID[myodai.MemberID](t0, rand.Reader), TenantID: tenant, Email: address, Name: "山田", Language: "ja", Role: role,
		Password: "$argon2id$…", TOTP: []byte("twenty octets secret"), TOTPStep: 7, Recovery: [][32]byte{{1}, {2}},
		Passkeys: []myodai.Passkey{{ID: "abc", Name: "laptop", Data: []byte("{}"), CreatedAt: t0}}, CreatedAt: t0,
	}
}

func newMember(t *testing.T, s *store.Store, tenant myodai.TenantID, email string, role myodai.Role) myodai.Member {
	t.Helper()
	m := draftMember(tenant, email, role)
	ok(t, s.CreateMember(t.Context(), myodai.MemberChange{Member: m}, t0))
	return m
}

func newSession(m myodai.Member, at time.Time) myodai.Session {
	id := myodai.NewID[myodai.SessionID](at, rand.Reader)
	return myodai.Session{
		ID: id, TenantID: m.TenantID, MemberID: m.ID, SecretHash: sha256.Sum256([]byte(id)), Address: "192.0.2.7", Agent: "Browser",
		CreatedAt: at, SeenAt: at, ConfirmedAt: at, ExpiresAt: at.Add(time.Hour),
	}
}

func entry(tenant myodai.TenantID, operation string, at time.Time) myodai.AuditEntry {
	return myodai.AuditEntry{
		ID: myodai.NewID[myodai.AuditID](at, rand.Reader), TenantID: tenant, At: at, Operation: operation, Object: "x",
		Actor: myodai.AuditActor{Kind: myodai.AuditMember, ID: "mem_1", Name: "山田"}, Address: "192.0.2.7",
	}
}

func TestMembers(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx, tenant := t.Context(), newTenant(t, s).ID
		m := newMember(t, s, tenant, "Yamada@example.com", myodai.RoleOwner)
		same(t, "member", must(s.Member(ctx, tenant, m.ID))(t), m)
		same(t, "by address in another case", must(s.MemberByEmail(ctx, rcpt("YAMADA", "example.com")))(t), m)
		wantCode(t, s.CreateMember(ctx, myodai.MemberChange{Member: draftMember("", "yamada@example.com", myodai.RoleOperator)}, t0), myodai.CodeConflict)

		o := newMember(t, s, "", "op@example.net", myodai.RoleOperator)
		same(t, "operator", must(s.Member(ctx, "", o.ID))(t), o)
		same(t, "operators", every(t, func(p myodai.Page) ([]myodai.Member, string, error) { return s.Members(ctx, "", p) }), []myodai.Member{o})
		wantCode(t, failure(s.Member(ctx, "", m.ID)), myodai.CodeNotFound)
		wantCode(t, failure(s.Member(ctx, tenant, o.ID)), myodai.CodeNotFound)

		after := must(s.UpdateMember(ctx, tenant, m.ID, t0, func(m myodai.Member, heads int) (myodai.MemberChange, error) {
			same(t, "owners", heads, 1)
			m.TOTP, m.Recovery, m.Subject, m.Name = nil, nil, "https://id.example sub", "田中"
			return myodai.MemberChange{Member: m}, nil
		}))(t)
		same(t, "changed", after.TOTP, []byte(nil))
		same(t, "by subject", must(s.MemberBySubject(ctx, tenant, "https://id.example sub"))(t).ID, m.ID)
		wantCode(t, failure(s.MemberBySubject(ctx, "", "https://id.example sub")), myodai.CodeNotFound)
		wantCode(t, failure(s.MemberBySubject(ctx, "", "")), myodai.CodeNotFound)
		wantCode(t, failure(s.UpdateMember(ctx, tenant, m.ID, t0, func(m myodai.Member, _ int) (myodai.MemberChange, error) {
			m.Email = rcpt("OP", "example.net")
			return myodai.MemberChange{Member: m}, nil
		})), myodai.CodeConflict)
	})
}

// A change of a member, the sessions it ends, the one it begins, the ticket that
// allowed it and its audit entry are written together or not at all.
func TestMemberChangeIsWhole(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx, tenant := t.Context(), newTenant(t, s).ID
		m := newMember(t, s, tenant, "a@example.com", myodai.RoleOwner)
		old := newSession(m, t0)
		ok(t, s.CreateSession(ctx, old, "", entry(tenant, "sign-in", t0)))
		ticket := myodai.Ticket{
			ID: myodai.NewID[myodai.TicketID](t0, rand.Reader), Purpose: myodai.TicketReset, TenantID: tenant, MemberID: m.ID,
			TokenHash: [32]byte{9}, Email: m.Email, Data: []byte("x"), CreatedAt: t0, ExpiresAt: t0.Add(time.Hour),
		}
		ok(t, s.CreateTicket(ctx, ticket))
		same(t, "ticket", must(s.Ticket(ctx, myodai.TicketReset, [32]byte{9}, t0))(t), ticket)
		wantCode(t, failure(s.Ticket(ctx, myodai.TicketEmail, [32]byte{9}, t0)), myodai.CodeNotFound)
		wantCode(t, failure(s.Ticket(ctx, myodai.TicketReset, [32]byte{9}, t0.Add(time.Hour))), myodai.CodeNotFound)

		begun := newSession(m, t0.Add(time.Second))
		change := func(broken error) error {
			_, err := s.UpdateMember(ctx, tenant, m.ID, t0, func(m myodai.Member, _ int) (myodai.MemberChange, error) {
				m.Password = "new"
				return myodai.MemberChange{
					Member: m, EndSessions: true, NewSession: &begun, Spends: ticket.ID, Audit: []myodai.AuditEntry{entry(tenant, "reset-password", t0)},
				}, broken
			})
			return err
		}
		refusal := errors.New("no")
		if err := change(refusal); !errors.Is(err, refusal) {
			t.Errorf("change refused: %v", err)
		}
		same(t, "sessions before", must(s.Sessions(ctx, tenant, m.ID))(t), []myodai.Session{old})
		ok(t, change(nil))
		same(t, "sessions after", must(s.Sessions(ctx, tenant, m.ID))(t), []myodai.Session{begun})
		wantCode(t, change(nil), myodai.CodeNotFound) // the ticket is spent
		trail := every(t, func(p myodai.Page) ([]myodai.AuditEntry, string, error) { return s.Audit(ctx, tenant, p) })
		if len(trail) != 2 || trail[0].Operation != "reset-password" || trail[0].Number != 2 {
			t.Errorf("trail: %+v", trail)
		}
		ok(t, s.DeleteMember(ctx, tenant, m.ID, func(myodai.Member, int) ([]myodai.AuditEntry, error) { return nil, nil }))
		wantCode(t, failure(s.SessionBySecret(ctx, begun.SecretHash)), myodai.CodeNotFound)
	})
}

// Two owners who take the role from each other at the same time: one stays.
func TestLastOwnerStays(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx, tenant := t.Context(), newTenant(t, s).ID
		owners := []myodai.Member{
			newMember(t, s, tenant, "a@example.com", myodai.RoleOwner), newMember(t, s, tenant, "b@example.com", myodai.RoleOwner),
		}
		var both sync.WaitGroup
		for _, o := range owners {
			both.Go(func() {
				_, _ = s.UpdateMember(ctx, tenant, o.ID, t0, func(m myodai.Member, heads int) (myodai.MemberChange, error) {
					if heads < 2 {
						return myodai.MemberChange{}, myodai.Refuse(myodai.CodeConflict, "", "the last one")
					}
					m.Role = myodai.RoleMember
					return myodai.MemberChange{Member: m}, nil
				})
			})
		}
		both.Wait()
		left := 0
		for _, m := range every(t, func(p myodai.Page) ([]myodai.Member, string, error) { return s.Members(ctx, tenant, p) }) {
			if m.Role == myodai.RoleOwner {
				left++
			}
		}
		same(t, "owners left", left, 1)
	})
}

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		m := newMember(t, s, "", "op@example.com", myodai.RoleOperator)
		for i := range 52 {
			ok(t, s.CreateSession(ctx, newSession(m, t0.Add(time.Duration(i)*time.Second)), ""))
		}
		list := must(s.Sessions(ctx, "", m.ID))(t)
		same(t, "bounded", len(list), 50)
		next := newSession(m, t0.Add(time.Minute))
		ok(t, s.CreateSession(ctx, next, list[0].ID))
		wantCode(t, failure(s.SessionBySecret(ctx, list[0].SecretHash)), myodai.CodeNotFound)
		ok(t, s.SeeSession(ctx, next.ID, t0.Add(time.Hour)))
		next.SeenAt = t0.Add(time.Hour)
		same(t, "seen", must(s.SessionBySecret(ctx, next.SecretHash))(t), next)
		ok(t, s.EndSessions(ctx, "", m.ID, next.ID))
		same(t, "all others ended", must(s.Sessions(ctx, "", m.ID))(t), []myodai.Session{next})
		ok(t, s.EndSession(ctx, "", m.ID, next.ID))
		wantCode(t, s.EndSession(ctx, "", m.ID, next.ID), myodai.CodeNotFound)
		// Those that are over go with the next one.
		ok(t, s.CreateSession(ctx, newSession(m, t0), ""))
		ok(t, s.CreateSession(ctx, newSession(m, t0.Add(2*time.Hour)), ""))
		same(t, "left", len(must(s.Sessions(ctx, "", m.ID))(t)), 1)
	})
}

func TestSignInRules(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx, tenant := t.Context(), newTenant(t, s).ID
		same(t, "none", must(s.SignInRules(ctx, tenant))(t), myodai.SignInRules{TenantID: tenant})
		r := myodai.SignInRules{
			TenantID: tenant, SecondFactor: true, Issuer: "https://id.example", ClientID: "c", ClientSecret: "s", ProviderOnly: true, ChangedAt: t0,
		}
		ok(t, s.SetSignInRules(ctx, r))
		r.ClientSecret = "other"
		ok(t, s.SetSignInRules(ctx, r))
		same(t, "rules", must(s.SignInRules(ctx, tenant))(t), r)
		same(t, "the platform's", must(s.SignInRules(ctx, ""))(t), myodai.SignInRules{})
	})
}

func TestShareLinks(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx, tenant, other := t.Context(), newTenant(t, s).ID, newTenant(t, s).ID
		d := newDomain(t, s, tenant, "example.com")
		l := myodai.ShareLink{
			ID: myodai.NewID[myodai.ShareLinkID](t0, rand.Reader), TenantID: tenant, DomainID: d.ID, TokenHash: [32]byte{3},
			Recipient: "IT", Language: "ja", CreatedBy: "山田", CreatedAt: t0, ExpiresAt: t0.Add(time.Hour),
		}
		ok(t, s.CreateShareLink(ctx, l, entry(tenant, "create-share-link", t0)))
		same(t, "link", must(s.ShareLinkByToken(ctx, [32]byte{3}))(t), l)
		ok(t, s.OpenShareLink(ctx, tenant, l.ID, t0))
		l.OpenedAt = t0
		same(t, "links", must(s.ShareLinks(ctx, tenant, d.ID))(t), []myodai.ShareLink{l})
		same(t, "a neighbor's", must(s.ShareLinks(ctx, other, d.ID))(t), []myodai.ShareLink{})
		wantCode(t, failure(s.RevokeShareLink(ctx, other, l.ID, t0)), myodai.CodeNotFound)
		foreign := l
		foreign.ID, foreign.TenantID, foreign.TokenHash = "shl_x", other, [32]byte{4}
		wantCode(t, s.CreateShareLink(ctx, foreign), myodai.CodeNotFound)
		ok(t, failure(s.RevokeShareLink(ctx, tenant, l.ID, t0)))
		same(t, "an earlier revocation stays", must(s.RevokeShareLink(ctx, tenant, l.ID, t0.Add(time.Hour)))(t).RevokedAt, t0)
	})
}

func TestInvitations(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx, tenant, other := t.Context(), newTenant(t, s).ID, newTenant(t, s).ID
		invite := func(tenant myodai.TenantID, email myodai.Address, hash byte) myodai.Ticket {
			i := myodai.Ticket{
				ID: myodai.NewID[myodai.TicketID](t0, rand.Reader), Purpose: myodai.TicketInvitation, TenantID: tenant, TokenHash: [32]byte{hash},
				Email: email, Role: myodai.RoleMember, By: "山田", Data: []byte("{}"), CreatedAt: t0, ExpiresAt: t0.Add(time.Hour),
			}
			ok(t, s.CreateTicket(ctx, i))
			return i
		}
		invite(tenant, rcpt("a", "example.com"), 1)
		again := invite(tenant, rcpt("A", "example.com"), 2)
		invite(other, rcpt("a", "example.com"), 3)
		same(t, "one per address", must(s.Invitations(ctx, tenant, t0))(t), []myodai.Ticket{again})
		wantCode(t, s.WithdrawInvitation(ctx, other, again.ID), myodai.CodeNotFound)
		ok(t, s.WithdrawInvitation(ctx, tenant, again.ID))
		wantCode(t, s.SpendTicket(ctx, again.ID, t0), myodai.CodeNotFound)
	})
}

// P29: whatever is done to a trail by who has the database and not the master
// key, the first entry that it hit is named.
func TestAuditTrailShowsTampering(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		must(s.Migrate(ctx))(t)
		const length = 12
		write := func() {
			for i := range length {
				ok(t, s.RecordAudit(ctx, entry("", fmt.Sprintf("act-%d \x00\xff", i), t0), entry("ten_1", "other", t0)))
			}
		}
		write()
		verify := func() int64 {
			_, bad, err := s.VerifyAudit(ctx, "")
			ok(t, err)
			return bad
		}
		same(t, "untouched", verify(), int64(0))
		same(t, "trails", len(must(s.AuditTrails(ctx))(t)), 2)
		db := raw(t, url)
		for _, tt := range []struct {
			name, do, undo string
			bad            int64
		}{
			{"altered", `update audit set operation = 'none' where tenant_id = '' and number = 5`, "", 5},
			{"taken out", `delete from audit where tenant_id = '' and number = 4`, "", 4},
			{"another's put in", `update audit set tenant_id = '', number = 3 where tenant_id = 'ten_1' and number = 3`, "", 3},
			{"cut off at the end", `delete from audit where tenant_id = '' and number > 2`, "", 3},
			{"moved in time", `update audit set happened_at = happened_at + 1 where tenant_id = '' and number = 1`, "", 1},
		} {
			if tt.name == "another's put in" {
				_, err := db.ExecContext(ctx, `delete from audit where tenant_id = '' and number = 3`)
				ok(t, err)
			}
			_, err := db.ExecContext(ctx, tt.do)
			ok(t, err)
			same(t, tt.name, verify(), tt.bad)
		}
	})
}

// What is changed on behalf of a request is audited with the first change, once,
// and not when nothing was changed.
func TestAudited(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s).ID
		trail := func() []myodai.AuditEntry {
			return every(t, func(p myodai.Page) ([]myodai.AuditEntry, string, error) { return s.Audit(t.Context(), tenant, p) })
		}
		ctx := store.Audited(t.Context(), entry(tenant, "remove-suppression", t0))
		wantCode(t, removed(s.RemoveSuppression(ctx, tenant, "sup_x", removal)), myodai.CodeNotFound)
		same(t, "refused", len(trail()), 0)

		e := entry(tenant, "register-domain", t0)
		e.Object = ""
		ctx = store.Audited(t.Context(), e)
		d := draftDomain(tenant, "example.com")
		told := event(tenant, myodai.EventDomainRegistered, t0)
		told.DomainID, told.Data = d.ID, map[string]any{"name": "example.com"}
		ok(t, s.CreateDomain(ctx, d, []myodai.NewKey{newKey(t, "s1", myodai.KeyActive)}, told))
		ok(t, failure(s.UpdateTenant(ctx, tenant, func(t myodai.Tenant) (myodai.Tenant, []myodai.Event, error) { return t, nil, nil })))
		list := trail()
		if len(list) != 1 || list[0].Object != string(d.ID) || list[0].Data["name"] != "example.com" || list[0].Data["event"] != "domain.registered" {
			t.Errorf("trail: %+v", list)
		}
		// An entry of the method's own takes its place.
		ctx = store.Audited(t.Context(), entry(tenant, "from-the-edge", t0))
		m := draftMember(tenant, "a@example.com", myodai.RoleOwner)
		ok(t, s.CreateMember(ctx, myodai.MemberChange{Member: m, Audit: []myodai.AuditEntry{entry(tenant, "of-its-own", t0)}}, t0))
		if list := trail(); len(list) != 2 || list[0].Operation != "of-its-own" {
			t.Errorf("trail: %+v", list)
		}
		_, bad, err := s.VerifyAudit(t.Context(), tenant)
		ok(t, err)
		same(t, "verifies", bad, int64(0))
	})
}

// Trails of many writers at a time have no gap and verify.
func TestAuditManyWriters(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 5 {
					if err := s.RecordAudit(context.Background(), entry("", "act", t0)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		head, bad, err := s.VerifyAudit(t.Context(), "")
		ok(t, err)
		same(t, "end", []int64{head.Number, bad}, []int64{40, 0})
	})
}
