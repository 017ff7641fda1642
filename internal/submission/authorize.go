package submission

import (
	"context"

	"github.com/myodai/myodai"
)

// Authorize returns the domain as which tenant may send mail from an address in
// from: the nearest of owners at or above it, on label boundaries, that may
// send (T07). It is pure.
//
// owners are claims to from and names above it, of any tenant and in any state;
// others do not matter. A nearer name that only somebody else has verified ends
// the search (T08), and so does a public suffix (T06). A name that both have
// verified is for both.
//
// Otherwise the refusal has CodeForbidden and says what to do, and tells nothing
// of other tenants (T01).
func Authorize(from myodai.Name, tenant myodai.TenantID, owners []myodai.Domain) (myodai.Domain, error) {
	for _, name := range from.Ancestors() {
		if name.IsPublicSuffix() {
			break
		}
		foreign := false
		for _, d := range owners {
			switch {
			case d.Name != name || !d.CanSend():
			case d.TenantID == tenant:
				return d, nil
			default:
				foreign = true
			}
		}
		if foreign {
			break
		}
	}
	return myodai.Domain{}, forbidden(from, tenant, owners)
}

// forbidden says what is to be done before tenant may send from the name.
func forbidden(from myodai.Name, tenant myodai.TenantID, owners []myodai.Domain) *myodai.Error {
	var nearest myodai.Domain
	for _, d := range owners {
		if d.TenantID == tenant && from.Under(d.Name) && d.Name.Labels() > nearest.Name.Labels() {
			nearest = d
		}
	}
	switch {
	case nearest.State == myodai.DomainPending:
		return myodai.Refuse(myodai.CodeForbidden, "from",
			"%s is not verified yet; publish its records and have it checked", nearest.Name)
	case nearest.State == myodai.DomainSuspended:
		return myodai.Refuse(myodai.CodeForbidden, "from",
			"%s is suspended because its records are gone; publish them again and have it checked", nearest.Name)
	}
	return myodai.Refuse(myodai.CodeForbidden, "from",
		"%s is not a verified domain of yours; register it, publish its records and have it checked", from)
}

// authorize is Authorize with the owners from the store.
func (e *Engine) authorize(ctx context.Context, tenant myodai.TenantID, from myodai.Name) (myodai.Domain, error) {
	return e.owned.ask(claim{tenant, from}, func() (myodai.Domain, error) { return e.lookUp(ctx, tenant, from) })
}

func (e *Engine) lookUp(ctx context.Context, tenant myodai.TenantID, from myodai.Name) (myodai.Domain, error) {
	names := from.Ancestors()
	owners, err := e.o.Store.SendingDomains(ctx, names)
	if err != nil {
		return myodai.Domain{}, err
	}
	d, refusal := Authorize(from, tenant, owners)
	if refusal == nil {
		return d, nil
	}
	// Only now the tenant's other claims matter: for what the refusal says.
	for _, name := range names {
		claim, err := e.o.Store.DomainNamed(ctx, tenant, name)
		switch {
		case err == nil && !claim.CanSend():
			owners = append(owners, claim)
		case err != nil && !isNotFound(err):
			return myodai.Domain{}, err
		}
	}
	return Authorize(from, tenant, owners)
}

// isNotFound reports whether err refuses because something is not there.
func isNotFound(err error) bool {
	refusal := refusalOf(err)
	return refusal != nil && refusal.Code == myodai.CodeNotFound
}
