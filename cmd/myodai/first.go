package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
)

// operatorKeyFile is where the operator's key is written on the first start, in
// the data directory.
const operatorKeyFile = "operator.key"

// path is a file in the data directory.
func (s *server) path(name string) string { return filepath.Join(s.cfg.Data, name) }

// firstStart makes what a new database lacks: the operator's credential and the
// platform's own keys.
func (s *server) firstStart(ctx context.Context) error {
	has, err := s.access.HasOperator(ctx)
	if err != nil {
		return err
	}
	if !has {
		if err := s.newOperatorKey(ctx); err != nil {
			return err
		}
		s.log.Info("wrote the operator's key", "file", s.path(operatorKeyFile))
	}
	if err := s.makePlatformKeys(ctx); err != nil {
		return err
	}
	signers, err := s.store.Signers(ctx, "", "")
	if err != nil {
		return err
	}
	for _, signer := range signers {
		if signer.Domain != s.cfg.Zone {
			return usage("zone: this database serves the zone %s; the names in its tenants' DNS lead there, so it cannot become %s",
				signer.Domain, s.cfg.Zone)
		}
	}
	return s.makePlatform(ctx)
}

// newOperatorKey makes a credential of the operator and keeps its secret in the
// data directory. An older file goes out of the way, not away.
func (s *server) newOperatorKey(ctx context.Context) error {
	name := s.path(operatorKeyFile)
	if err := os.Rename(name, name+".old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set the old operator's key aside: %w", err)
	}
	_, secret, err := s.access.CreateOperator(ctx, "made on "+time.Now().UTC().Format(time.DateOnly))
	if err != nil {
		return err
	}
	if err := writeSecret(name, secret); err != nil {
		return fmt.Errorf("write the operator's key: %w", err)
	}
	return nil
}

// never is when something is due that is not to be done.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// makePlatform makes the platform a tenant with its zone for a domain. Nobody has
// to check a zone that we serve ourselves.
func (s *server) makePlatform(ctx context.Context) error {
	now := time.Now()
	return s.store.CreatePlatform(ctx, myodai.Tenant{
		ID: myodai.PlatformTenant, Name: s.cfg.ServiceName, State: myodai.TenantActive, CreatedAt: now,
	}, myodai.Domain{
		ID: myodai.PlatformDomain, TenantID: myodai.PlatformTenant, Name: s.cfg.Zone, State: myodai.DomainVerified,
		Token: myodai.NewToken(rand.Reader), Shape: s.cfg.DefaultShape, ReturnPath: s.cfg.Zone,
		RegisteredAt: now, VerifiedAt: now, NextCheckAt: never,
	})
}

// makePlatformKeys makes those of the platform's keys that are missing: RSA for
// its own mail, which every receiver must be able to verify, and Ed25519 to sign
// beside tenants. The store keeps the first ones when several nodes start at once.
func (s *server) makePlatformKeys(ctx context.Context) error {
	existing, err := s.store.PlatformKeys(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	var made []myodai.NewKey
	for _, k := range []myodai.Key{
		{Selector: "p1", Algorithm: myodai.KeyRSA}, {Selector: "p1e", Algorithm: myodai.KeyEd25519},
	} {
		if slices.ContainsFunc(existing, func(e myodai.Key) bool { return e.Selector == k.Selector }) {
			continue
		}
		k.ID, k.State, k.CreatedAt = myodai.NewID[myodai.KeyID](now, rand.Reader), myodai.KeyActive, now
		key, err := domains.NewKey(k, rand.Reader)
		if err != nil {
			return err
		}
		made = append(made, key)
	}
	if len(made) == 0 {
		return nil
	}
	return s.store.CreatePlatformKeys(ctx, s.cfg.Zone, made)
}
