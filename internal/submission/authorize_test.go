package submission_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

// TestMatchingTable is the table of requirements D, rows 1 to 4, 8 and 9, and
// the domain part of row 7 (T07).
func TestMatchingTable(t *testing.T) {
	for _, tt := range []struct {
		row      string
		verified []myodai.Name
		from     myodai.Name
		want     myodai.Name // "" for no match
	}{
		{"D row 1", []myodai.Name{"interfactory1.co.jp"}, "interfactory1.co.jp", "interfactory1.co.jp"},
		{"D row 2", []myodai.Name{"interfactory1.co.jp"}, "example.com", ""},
		{"D row 3", []myodai.Name{"interfactory1.co.jp"}, "test.interfactory1.co.jp", "interfactory1.co.jp"},
		{"D row 4", []myodai.Name{"interfactory1.co.jp"}, "testinterfactory1.co.jp", ""},
		{"D rows 5 and 6", []myodai.Name{"example.co.jp", "interfactory1.co.jp"}, "interfactory1.co.jp", "interfactory1.co.jp"},
		{"D row 7", []myodai.Name{"testinterfactory1.co.jp"}, "testinterfactory1.co.jp", "testinterfactory1.co.jp"},
		{"D row 8", []myodai.Name{"testinterfactory1.co.jp"}, "example.com", ""},
		{"D row 9", nil, "testinterfactory1.co.jp", ""},
		{"a child does not entitle to its parent", []myodai.Name{"test.interfactory1.co.jp"}, "interfactory1.co.jp", ""},
		{"the nearest wins", []myodai.Name{"example.com", "team.example.com"}, "x.team.example.com", "team.example.com"},
		{"deep below", []myodai.Name{"example.com"}, "a.b.c.d.example.com", "example.com"},
		{"the name within another", []myodai.Name{"example.com"}, "example.com.attack.example", ""},
		{"a public suffix owns nobody", []myodai.Name{"co.jp"}, "interfactory1.co.jp", ""},
		{"a private suffix owns nobody", []myodai.Name{"github.io"}, "somebody.github.io", ""},
		{"a suffix itself", []myodai.Name{"github.io"}, "github.io", ""},
		{"across a suffix further down", []myodai.Name{"amazonaws.com"}, "bucket.s3.amazonaws.com", ""},
	} {
		t.Run(tt.row, func(t *testing.T) {
			var owners []myodai.Domain
			for _, name := range tt.verified {
				owners = append(owners, domain(shop, name, myodai.DomainVerified))
			}
			got, err := submission.Authorize(tt.from, shop, owners)
			if got.Name != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("Authorize(%s) = %q, %v; want %q", tt.from, got.Name, err, tt.want)
			}
			if err != nil && refusal(t, err).Code != myodai.CodeForbidden {
				t.Errorf("refused with %v", err)
			}
		})
	}
}

// TestTwoTenants walks the matrix of T08: who may send as each of four names,
// with both claims to example.com and team.example.com in each state.
func TestTwoTenants(t *testing.T) {
	states := []myodai.DomainState{"", myodai.DomainPending, myodai.DomainVerified, myodai.DomainAtRisk, myodai.DomainSuspended}
	sends := func(s myodai.DomainState) bool { return s == myodai.DomainVerified || s == myodai.DomainAtRisk }
	names := []myodai.Name{"example.com", "x.example.com", "team.example.com", "x.team.example.com"}
	for _, parent := range states { // the shop's claim to example.com
		for _, child := range states { // the rival's claim to team.example.com
			for _, both := range states { // the shop's claim to team.example.com
				owners := []myodai.Domain{
					domain(shop, "example.com", parent), domain(rival, "team.example.com", child), domain(shop, "team.example.com", both),
				}
				owners = slices.DeleteFunc(owners, func(d myodai.Domain) bool { return d.State == "" })
				for _, from := range names {
					below := from.Under("team.example.com")
					want := map[myodai.TenantID]bool{
						shop:  below && sends(both) || sends(parent) && !(below && sends(child)),
						rival: below && sends(child),
					}
					for tenant, may := range want {
						got, err := submission.Authorize(from, tenant, owners)
						if (err == nil) != may || err == nil && got.TenantID != tenant {
							t.Errorf("%s as %s with %q, %q, %q: %v, %v; want %v", tenant, from, parent, child, both, got.Name, err, may)
						}
					}
				}
			}
		}
	}
}

// TestRefusalTellsNothingOfOthers shows that a name somebody else has is refused
// like one nobody has (T01).
func TestRefusalTellsNothingOfOthers(t *testing.T) {
	says := func(owners ...myodai.Domain) string {
		_, err := submission.Authorize("team.example.com", shop, owners)
		return fmt.Sprint(err)
	}
	nobody := says()
	for _, state := range []myodai.DomainState{
		myodai.DomainPending, myodai.DomainVerified, myodai.DomainAtRisk, myodai.DomainSuspended,
	} {
		if got := says(domain(rival, "team.example.com", state)); got != nobody {
			t.Errorf("with a rival's %s claim: %q, want %q", state, got, nobody)
		}
	}
}
