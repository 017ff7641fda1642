package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// Key is a DKIM key of a domain; its private half never leaves the store.
type Key struct {
	ID        myodai.KeyID        `json:"id"`
	Selector  string              `json:"selector"`
	Algorithm myodai.KeyAlgorithm `json:"algorithm" enum:"rsa,ed25519"`
	Public    string              `json:"public" doc:"Base64, as in p= of the key record."`
	State     myodai.KeyState     `json:"state" enum:"active,standby,retired,revoked"`
	CreatedAt time.Time           `json:"created_at"`
}

// Keys are all keys of a domain.
type Keys struct {
	Items []Key `json:"items"`
}

func showKeys(keys []myodai.Key) *output[Keys] {
	out := Keys{Items: []Key{}}
	for _, k := range keys {
		out.Items = append(out.Items, Key{
			ID: k.ID, Selector: k.Selector, Algorithm: k.Algorithm, Public: k.Public, State: k.State, CreatedAt: utc(k.CreatedAt),
		})
	}
	return outputOf(out)
}

func (s *Server) registerKeys() {
	register(s, operation{
		id: "list-keys", method: http.MethodGet, path: "/domains/{domain_id}/keys", tag: "keys", scope: scopeTenant,
		summary: "List the DKIM keys of a domain",
	}, func(ctx context.Context, who myodai.Credential, in *DomainPath) (*output[Keys], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		if _, err := s.o.Store.Domain(ctx, who.TenantID, id); err != nil {
			return nil, err
		}
		keys, err := s.o.Store.Keys(ctx, who.TenantID, id)
		return showKeys(keys), err
	})
	register(s, operation{
		id: "rotate-keys", method: http.MethodPost, path: "/domains/{domain_id}/keys/rotate", tag: "keys", scope: scopeTenant,
		summary: "Put the standby keys into service",
		details: "The keys that signed until now stay published for mail that is under way. Refused while receivers could not find the standby keys.",
	}, func(ctx context.Context, who myodai.Credential, in *DomainPath) (*output[Keys], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		keys, err := s.o.Domains.Rotate(ctx, who.TenantID, id)
		return showKeys(keys), err
	})
}
