package store_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// household is one tenant with one of everything.
type household struct {
	tenant      myodai.Tenant
	credential  myodai.Credential
	domain      myodai.Domain
	message     myodai.Message
	delivery    myodai.Delivery
	suppression myodai.Suppression
	tracking    myodai.TrackingDomain
	sender      myodai.SenderAddress
	member      myodai.Member
}

func newHousehold(t *testing.T, s *store.Store) household {
	t.Helper()
	h := household{tenant: newTenant(t, s)}
	h.credential = myodai.Credential{
		ID: myodai.NewID[myodai.CredentialID](t0, rand.Reader), TenantID: h.tenant.ID, Kind: myodai.CredentialSMTP,
		SecretHash: sha256.Sum256([]byte(h.tenant.ID)), CreatedAt: t0,
	}
	ok(t, s.CreateCredential(t.Context(), h.credential))
	h.domain = newDomain(t, s, h.tenant.ID, "example.com")
	check := myodai.Check{ID: myodai.NewID[myodai.CheckID](t0, rand.Reader), TenantID: h.tenant.ID, DomainID: h.domain.ID, At: t0}
	must(s.RecordCheck(t.Context(), check, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) { return d, nil, nil }))(t)
	h.tracking = newTracking(t, s, h.tenant.ID, "click.example.com")
	recordTracking(t, s, h.tracking, t0, func(d myodai.TrackingDomain) myodai.TrackingDomain { return d })
	a := letter(h.domain, t0, rcpt("a", "example.net"), rcpt("b", "example.net"))
	accept(t, s, a)
	h.message, h.delivery = a.Message, a.Deliveries[0]
	claimed, _ := claim(t, s, "n1", 9, t0)
	var mine myodai.Delivery
	for _, d := range claimed {
		if d.ID == h.delivery.ID {
			mine = d
		} else {
			ok(t, s.ReleaseDeliveries(t.Context(), "n1", []myodai.DeliveryID{d.ID}))
		}
	}
	f := finished(mine, myodai.DeliveryDeferred, t0)
	h.suppression = myodai.Suppression{
		ID: myodai.NewID[myodai.SuppressionID](t0, rand.Reader), TenantID: h.tenant.ID, Address: rcpt("z", "example.net"), CreatedAt: t0,
	}
	f.Suppression = &h.suppression
	must(s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{f}))(t)
	h.sender = newSender(h.tenant.ID, "a", rcpt("a", "example.com"))
	ok(t, s.CreateSender(t.Context(), h.sender, false))
	ok(t, s.AddConfirmation(t.Context(), ask(h.sender, t0)))
	h.member = newMember(t, s, h.tenant.ID, string(h.tenant.ID)+"@example.com", myodai.RoleOwner)
	ok(t, s.CreateSession(t.Context(), newSession(h.member, t0), "", entry(h.tenant.ID, "sign-in", t0)))
	ok(t, s.CreateShareLink(t.Context(), myodai.ShareLink{
		ID: myodai.NewID[myodai.ShareLinkID](t0, rand.Reader), TenantID: h.tenant.ID, DomainID: h.domain.ID,
		TokenHash: sha256.Sum256([]byte("link " + h.tenant.ID)), CreatedAt: t0, ExpiresAt: t0.Add(time.Hour),
	}))
	return h
}

// T63: two tenants with the same of everything walk every listing and read
// everything by every id, their own and the other's, and never meet.
func TestTenantsNeverMeet(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		houses := []household{newHousehold(t, s), newHousehold(t, s)}
		for i, h := range houses {
			me, neighbor, ctx := h.tenant.ID, houses[1-i], t.Context()
			for _, of := range []household{h, neighbor} {
				mine := of.tenant.ID == me
				// An empty answer and a refusal are both no meeting; which it is stands in the
				// methods' comments.
				seen := map[string]any{}
				note := func(name string, found any, n int, err error) {
					if err != nil && code(err) != myodai.CodeNotFound {
						t.Errorf("%s: %v", name, err)
					}
					if err == nil && n > 0 {
						seen[name] = found
					}
				}
				domain, err := s.Domain(ctx, me, of.domain.ID)
				note("Domain", domain, 1, err)
				keys, err := s.Keys(ctx, me, of.domain.ID)
				note("Keys", keys, len(keys), err)
				signers, err := s.Signers(ctx, me, of.domain.ID)
				note("Signers", len(signers), len(signers), err)
				checks, _, err := s.Checks(ctx, me, of.domain.ID, time.Now(), myodai.Page{})
				note("Checks", checks, len(checks), err)
				theirs, _, err := s.Checks(ctx, of.tenant.ID, of.domain.ID, time.Now(), myodai.Page{})
				ok(t, err)
				one, err := s.Check(ctx, me, of.domain.ID, theirs[0].ID)
				note("Check", one, 1, err)
				background, err := s.Background(ctx, myodai.Domain{ID: of.domain.ID, TenantID: me, Name: of.domain.Name})
				note("Background", background, len(background.Earlier)+len(background.Claims), err)
				check, err := s.LastCheck(ctx, me, of.domain.ID)
				note("LastCheck", check, 1, err)
				message, err := s.Message(ctx, me, of.message.ID)
				note("Message", message, 1, err)
				body, _, err := s.Body(ctx, me, of.message.ID)
				note("Body", body, len(body), err)
				deliveries, err := s.Deliveries(ctx, me, of.message.ID)
				note("Deliveries", deliveries, len(deliveries), err)
				delivery, err := s.Delivery(ctx, me, of.delivery.ID)
				note("Delivery", delivery, 1, err)
				sender, err := s.SenderAddress(ctx, me, of.sender.ID)
				note("SenderAddress", sender, 1, err)
				asked, err := s.LastConfirmation(ctx, me, of.sender.ID)
				note("LastConfirmation", asked, 1, err)
				var attempts []myodai.Attempt
				for _, d := range must(s.Deliveries(ctx, of.tenant.ID, of.message.ID))(t) {
					some, err := s.Attempts(ctx, me, d.ID)
					attempts = append(attempts, some...)
					ok(t, err)
				}
				note("Attempts", attempts, len(attempts), nil)
				member, err := s.Member(ctx, me, of.member.ID)
				note("Member", member, 1, err)
				visits, err := s.Sessions(ctx, me, of.member.ID)
				note("Sessions", visits, len(visits), err)
				links, err := s.ShareLinks(ctx, me, of.domain.ID)
				note("ShareLinks", links, len(links), err)
				tracking, err := s.TrackingDomain(ctx, me, of.tracking.ID)
				note("TrackingDomain", tracking, 1, err)
				looks, err := s.TrackingChecks(ctx, me, of.tracking.ID, t0, 9)
				note("TrackingChecks", looks, len(looks), err)
				before, err := s.TrackingBackground(ctx, myodai.TrackingDomain{ID: of.tracking.ID, TenantID: me})
				note("TrackingBackground", before, len(before.Earlier), err)
				certificate, err := s.Certificate(ctx, me, of.tracking.ID)
				note("Certificate", certificate, 1, err)

				if want := 21; mine && len(seen) != want {
					t.Errorf("the tenant sees %d of %d things of its own: %v", len(seen), want, seen)
				}
				if !mine && len(seen) != 0 {
					t.Errorf("the tenant sees of its neighbor: %v", seen)
				}
			}

			// Every listing, to its end.
			for name, list := range map[string]any{
				"Credentials": every(t, func(p myodai.Page) ([]myodai.Credential, string, error) { return s.Credentials(ctx, me, p) }),
				"Domains":     every(t, func(p myodai.Page) ([]myodai.Domain, string, error) { return s.Domains(ctx, me, p) }),
				"TrackingDomains": every(t, func(p myodai.Page) ([]myodai.TrackingDomain, string, error) {
					return s.TrackingDomains(ctx, me, p)
				}),
				"Messages": every(t, func(p myodai.Page) ([]myodai.Message, string, error) { return s.Messages(ctx, me, p) }),
				"Queued": every(t, func(p myodai.Page) ([]myodai.Delivery, string, error) {
					return s.Queued(ctx, myodai.Selection{TenantID: me}, p)
				}),
				"SenderAddresses": every(t, func(p myodai.Page) ([]myodai.SenderAddress, string, error) {
					return s.SenderAddresses(ctx, me, p)
				}),
				"Suppressions": every(t, func(p myodai.Page) ([]myodai.Suppression, string, error) {
					return s.Suppressions(ctx, me, store.SuppressionFilter{}, p)
				}),
				"Members":     every(t, func(p myodai.Page) ([]myodai.Member, string, error) { return s.Members(ctx, me, p) }),
				"Audit trail": every(t, func(p myodai.Page) ([]myodai.AuditEntry, string, error) { return s.Audit(ctx, me, p) }),
				"Events":      every(t, func(p myodai.Page) ([]myodai.Event, string, error) { return s.Events(ctx, me, p) }),
				"Events after a neighbor's cursor": second(s.Events(ctx, me, myodai.Page{
					After: "evt_" + strings.Repeat("0", 26),
				})),
			} {
				text := string(must(json.Marshal(list))(t))
				if strings.Contains(text, string(neighbor.tenant.ID)) || !strings.Contains(text, string(me)) {
					t.Errorf("%s of %s: %s", name, me, text)
				}
			}
			lines := must(s.Queue(ctx, me, t0))(t)
			if len(lines) != 1 || lines[0].Accepted+lines[0].Deferred != 2 {
				t.Errorf("Queue: %+v", lines)
			}
		}
	})
}

// second is the list of a call that returns a cursor and an error too.
func second[T any](list []T, _ string, _ error) []T { return list }

// T63: what would change another tenant's things changes nothing.
func TestTenantsCannotChangeEachOther(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		mine, theirs := newHousehold(t, s), newHousehold(t, s)
		me, ctx := mine.tenant.ID, t.Context()
		look := func() string {
			d := must(s.Domain(ctx, theirs.tenant.ID, theirs.domain.ID))(t)
			keys := must(s.Keys(ctx, theirs.tenant.ID, theirs.domain.ID))(t)
			c := must(s.CredentialBySecret(ctx, theirs.credential.SecretHash))(t)
			m := every(t, func(p myodai.Page) ([]myodai.Message, string, error) { return s.Messages(ctx, theirs.tenant.ID, p) })
			sup := every(t, func(p myodai.Page) ([]myodai.Suppression, string, error) {
				return s.Suppressions(ctx, theirs.tenant.ID, store.SuppressionFilter{}, p)
			})
			q := every(t, func(p myodai.Page) ([]myodai.Delivery, string, error) {
				return s.Queued(ctx, myodai.Selection{TenantID: theirs.tenant.ID}, p)
			})
			e := kinds(t, s, theirs.tenant.ID)
			return fmt.Sprintf("%+v", []any{d, keys, c, m, sup, q, e})
		}
		before := look()
		same(t, "same domain", mine.domain.Name, theirs.domain.Name)
		for name, err := range map[string]error{
			"RevokeCredential": failure(s.RevokeCredential(ctx, me, theirs.credential.ID, t0)),
			"UpdateDomain": failure(s.UpdateDomain(ctx, me, theirs.domain.ID, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
				d.State = myodai.DomainSuspended
				return d, nil, nil
			})),
			"DeleteDomain": s.DeleteDomain(ctx, me, theirs.domain.ID, t0),
			"UpdateKeys": failure(s.UpdateKeys(ctx, me, theirs.domain.ID,
				func([]myodai.Key) ([]myodai.Key, []myodai.NewKey, []myodai.Event, error) { return nil, nil, nil, nil })),
			"UpdateSender": failure(s.UpdateSender(ctx, me, theirs.sender.ID, func(a myodai.SenderAddress) (myodai.SenderAddress, []myodai.Event, error) {
				return a, nil, nil
			})),
			"DeleteSender":      s.DeleteSender(ctx, me, theirs.sender.ID, event(me, myodai.EventSenderDeleted, t0)),
			"RemoveSuppression": removed(s.RemoveSuppression(ctx, me, theirs.suppression.ID, removal)),
		} {
			if code(err) != myodai.CodeNotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		must(s.RetryNow(ctx, myodai.Selection{TenantID: me}, t0))(t)
		if after := look(); after != before {
			t.Errorf("the neighbor's things were\n%s\nand are\n%s", before, after)
		}
	})
}
