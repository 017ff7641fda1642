package store_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// The platform's zone may send, and is in no list of tenants, in no zone and in
// no round of checks.
func TestPlatform(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		zone := func(token string) myodai.Domain {
			return myodai.Domain{
				ID: myodai.PlatformDomain, TenantID: myodai.PlatformTenant, Name: "plat.example", State: myodai.DomainVerified,
				Token: token, Shape: myodai.ShapeCNAME, ReturnPath: "plat.example", NextCheckAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
			}
		}
		first := zone("aaaaaaaaaaaaaaaaaaaaaaaaaa")
		for _, d := range []myodai.Domain{first, zone("bbbbbbbbbbbbbbbbbbbbbbbbbb")} { // two nodes start
			ok(t, s.CreatePlatform(t.Context(), myodai.Tenant{ID: myodai.PlatformTenant, Name: "P", State: myodai.TenantActive}, d))
		}
		sending := must(s.SendingDomains(t.Context(), []myodai.Name{"plat.example"}))(t)
		if len(sending) != 1 || sending[0].Token != first.Token {
			t.Errorf("sending: %+v; want the first one alone", sending)
		}
		if list, _, err := s.Tenants(t.Context(), myodai.Page{}); err != nil || len(list) > 0 {
			t.Errorf("tenants: %+v, %v", list, err)
		}
		if list := must(s.PublishedDomains(t.Context()))(t); len(list) > 0 {
			t.Errorf("published: %+v", list)
		}
		now := time.Now()
		if list := must(s.ClaimDomains(t.Context(), 10, now, now.Add(time.Minute)))(t); len(list) > 0 {
			t.Errorf("to be checked: %+v", list)
		}
	})
}
