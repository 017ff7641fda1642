package main

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) trailCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "trail", Short: "See who did what, and that nobody changed the record of it",
		Example: `  myodai trail list --limit 20
  myodai trail verify --config /etc/myodai.yaml`,
	}
	cmd.AddCommand(c.trailList(), c.trailVerify())
	return cmd
}

func (c *cli) trailList() *cobra.Command {
	limit, tenant, platform := 0, "", false
	cmd := &cobra.Command{
		Use: "list", Short: "List who did what, newest first",
		Example: `  myodai trail list --limit 20
  myodai trail list --platform`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, key := "/v1/audit", tenantsKey
			if platform || tenant != "" {
				key = operatorsKey
			}
			if tenant != "" {
				path = "/v1/tenants/" + segment(tenant) + "/audit"
			}
			cl, err := c.client(cmd, key)
			if err != nil {
				return err
			}
			entries, more, err := list[api.AuditEntry](cmd.Context(), cl, path, limit)
			if err != nil {
				return err
			}
			return writeList(c, entries, more, "Nothing was done yet.", []string{"AT", "WHO", "WHAT", "TO", "FROM", "MORE"},
				func(e api.AuditEntry) []string {
					who := e.Actor.Name
					if who == "" {
						who = strings.TrimSpace(string(e.Actor.Kind) + " " + e.Actor.ID)
					}
					var data []string
					for _, name := range slices.Sorted(maps.Keys(e.Data)) {
						data = append(data, name+"="+e.Data[name])
					}
					return []string{when(e.At), who, e.Operation, e.Object, e.Address, strings.Join(data, " ")}
				})
		},
	}
	addLimit(cmd, &limit)
	cmd.Flags().StringVar(&tenant, "tenant", "", "the trail of this tenant, by its `ID` (with the operator's key)")
	cmd.Flags().BoolVar(&platform, "platform", false, "the platform's own trail (with the operator's key)")
	cmd.MarkFlagsMutuallyExclusive("tenant", "platform")
	return cmd
}

// verifiedTrail is what trail verify says of one trail, for programs.
type verifiedTrail struct {
	Tenant  string `json:"tenant"` // "" for the platform's
	Entries int64  `json:"entries"`
	Head    string `json:"head"`
	Bad     int64  `json:"bad"` // number of the first entry that was altered or taken out; 0 for none
}

func (c *cli) trailVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that no entry of any trail was altered or taken out",
		Long: `Walk every audit trail from its beginning. Each entry carries a keyed hash of itself
and of the one before, so an entry that was altered, taken out or put in by somebody
without the master key is named. What was cut off at the end together with the record
of where the end is shows only beside a copy: keep what this prints apart from the
database, and compare.

This goes to the database itself, so it needs the configuration of the service.`,
		Example: `  myodai trail verify --config /etc/myodai.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, _, err := c.openAlone(cmd)
			if err != nil {
				return err
			}
			defer s.Close()
			trails, err := s.store.AuditTrails(cmd.Context())
			if err != nil {
				return err
			}
			var verified []verifiedTrail
			broken := 0
			for _, t := range trails {
				head, bad, err := s.store.VerifyAudit(cmd.Context(), t.TenantID)
				if err != nil {
					return err
				}
				if bad != 0 {
					broken++
				}
				verified = append(verified, verifiedTrail{string(t.TenantID), head.Number, hex.EncodeToString(head.Hash[:]), bad})
			}
			if err := c.showVerified(verified); err != nil {
				return err
			}
			if broken > 0 {
				return refused("%d of %d trails were changed", broken, len(trails))
			}
			return nil
		},
	}
	addSettings(cmd)
	return cmd
}

func (c *cli) showVerified(list []verifiedTrail) error {
	if c.json {
		return c.writeJSON(items[verifiedTrail]{list})
	}
	for _, t := range list {
		whose := t.Tenant
		if whose == "" {
			whose = "platform"
		}
		if t.Bad != 0 {
			c.say("%s: entry %d was altered or taken out", whose, t.Bad)
			continue
		}
		c.say("%s: %d entries, head %s", whose, t.Entries, t.Head)
	}
	return nil
}
