package main

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

// role is a part of the work that a node may take. Nodes of one database share
// all of it through leases, so any number may have the same role.
type role string

const (
	roleAPI      role = "api"      // API and console
	roleSMTPD    role = "smtpd"    // submission and return mail
	roleDelivery role = "delivery" // sends what is accepted, releases what is held, and removes what is old
	roleDomains  role = "domains"  // checks domains
	roleAuthDNS  role = "authdns"  // serves the zone
	roleTrack    role = "track"    // serves links to recipients
	roleWebhook  role = "webhook"  // tells webhooks
)

var roles = []role{roleAPI, roleSMTPD, roleDelivery, roleDomains, roleAuthDNS, roleTrack, roleWebhook}

// roleOfDoor is whose doors are opened; the metrics are everybody's.
var roleOfDoor = map[string]role{
	"listen_api": roleAPI, "listen_submission": roleSMTPD, "listen_submissions": roleSMTPD, "listen_mx": roleSMTPD,
	"listen_dns": roleAuthDNS, "listen_track": roleTrack, "listen_track_tls": roleTrack,
}

func parseRole(s string) (role, error) {
	if r := role(s); slices.Contains(roles, r) {
		return r, nil
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return "", myodai.Invalidf("%q is not a role; there are %s", s, strings.Join(names, ", "))
}

// plays reports whether this node has the role; "" is everybody's.
func (c *config) plays(r role) bool {
	return r == "" || len(c.Roles) == 0 || slices.Contains(c.Roles, r)
}
