package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/myodai/myodai/internal/delivery"
)

// parseRoutes reads smarthosts with their names: "normal=mail.example.com:25".
func parseRoutes(text string) (map[string]smarthost, error) {
	m := map[string]smarthost{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, host, found := strings.Cut(part, "=")
		if !found || !isRouteName(name) {
			return nil, fmt.Errorf("write a route as name=host:port; a name is made of a-z, 0-9 and hyphens")
		}
		if _, twice := m[name]; twice {
			return nil, fmt.Errorf("the route %s is named twice", name)
		}
		s, err := parseSmarthost(host)
		if err != nil {
			return nil, fmt.Errorf("the route %s: %w", name, err)
		}
		m[name] = s
	}
	return m, nil
}

func isRouteName(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func showRoutes(m map[string]smarthost) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, name+"="+strings.ReplaceAll(m[name].String(), ",", "%2C"))
	}
	return strings.Join(parts, ",")
}

// maskRoutes makes the passwords in routes unreadable.
func maskRoutes(text string) string {
	parts := strings.Split(text, ",")
	for i, part := range parts {
		name, host, _ := strings.Cut(part, "=")
		if user, at, found := strings.Cut(host, "@"); found {
			user, _, _ = strings.Cut(user, ":")
			parts[i] = name + "=" + user + ":***@" + at
		}
	}
	return strings.Join(parts, ",")
}

// newRoutes makes an agent for each way out.
func (s *server) newRoutes() delivery.Routes {
	r := delivery.Routes{Delivery: s.newAgent(s.cfg.Smarthost), Smarthosts: map[string]*delivery.Agent{}}
	for name, host := range s.cfg.Routes {
		r.Smarthosts[name] = s.newAgent(host)
	}
	return r
}
