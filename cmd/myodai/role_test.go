package main

import (
	"io"
	"log/slog"
	"slices"
	"testing"
)

// A node opens the doors of its roles only, and that of the metrics.
func TestRoles(t *testing.T) {
	for _, tt := range []struct {
		roles []role
		open  []string
	}{
		{[]role{roleDelivery}, []string{"listen_metrics"}},
		{[]role{roleAPI, roleWebhook}, []string{"listen_api", "listen_metrics"}},
		{[]role{roleSMTPD}, []string{"listen_submission", "listen_submissions", "listen_mx", "listen_metrics"}},
	} {
		cfg := testConfig(t)
		cfg.Roles = tt.roles
		s, err := newServer(cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range listenKeys {
			if open := len(s.addresses(key)) > 0; open != slices.Contains(tt.open, key) {
				t.Errorf("roles %v: %s open %t", tt.roles, key, open)
			}
		}
		s.Close()
	}
	if _, err := parseRole("dancer"); err == nil {
		t.Error("dancer is a role")
	}
}
