package console

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

// navItem is one entry of the navigation.
type navItem struct {
	Path    string
	Label   string
	Icon    string // id in icons.svg
	Current bool
}

// navGroup is entries that belong together.
type navGroup struct {
	Label string
	Items []navItem
}

// entry is an entry before anybody looks at it. Its label is the word nav.<key>.
// It is shown when its page is there, which is so when the platform has what the
// page is about, and when the tenant's policy has a use for it (B12).
type entry struct {
	path, key, icon string
	who             audience
	wanted          func(myodai.Policy) bool // nil: always
}

// counts reports whether clicks or opens are counted of any mail.
func counts(p myodai.Policy) bool {
	return slices.ContainsFunc(p.Classes, func(c myodai.Class) bool { return c.Track.Clicks || c.Track.Opens })
}

// links reports whether any mail has links of ours in it.
func links(p myodai.Policy) bool {
	return counts(p) || slices.ContainsFunc(p.Classes, func(c myodai.Class) bool { return c.Unsubscribe })
}

// sections is the whole navigation, in order. The key of a section is its word.
var sections = []struct {
	key     string
	entries []entry
}{
	{"nav.sending", []entry{
		{"/overview", "nav.overview", "clock", members, nil},
		{"/domains", "nav.domains", "globe", members, nil},
		{"/messages", "nav.messages", "mail", members, nil},
		{"/clicks", "nav.clicks", "link", members, counts},
		{"/senders", "nav.senders", "mail", members, nil},
		{"/routes", "nav.routes", "arrow", members, nil},
		{"/tracking", "nav.tracking", "link", members, links},
		{"/suppressions", "nav.suppressions", "alert", members, nil},
		{"/list-audits", "nav.listaudits", "check", members, nil},
		{"/credentials", "nav.credentials", "key", administrators, nil},
		{"/webhooks", "nav.webhooks", "bolt", administrators, nil},
	}},
	{"nav.platform", []entry{
		{operatorPath, "nav.operator", "globe", operators, nil},
		{"/operator/faults", "nav.faults", "alert", operators, nil},
		{"/operator/tenants", "nav.tenants", "members", operators, nil},
		{"/operator/policy", "nav.policy", "check", operators, nil},
		{"/operator/settings", "nav.settings", "info", operators, nil},
	}},
	{"nav.team", []entry{
		{"/members", "nav.members", "members", managers, nil},
		{"/audit", "nav.audit", "clock", managers, nil},
		{"/account", "nav.account", "person", people, nil},
	}},
}

// navigation is what the actor may go to.
func (v *visit) navigation() []navGroup {
	wanted := func(e entry) bool { return e.wanted == nil }
	if v.actor.Tenant != "" {
		policy, err := v.o.Store.Policy(v.r.Context(), v.actor.Tenant)
		if err != nil {
			policy = myodai.DefaultPolicy() // the page itself may do without
		}
		wanted = func(e entry) bool { return e.wanted == nil || e.wanted(policy) }
	}
	var groups []navGroup
	for _, section := range sections {
		group := navGroup{Label: v.say(section.key)}
		for _, e := range section.entries {
			if v.actor.may(e.who) && v.has["GET "+e.path] && wanted(e) {
				group.Items = append(group.Items, navItem{e.path, v.say(e.key), e.icon, under(v.r.URL.Path, e.path) && (e.path != operatorPath || v.r.URL.Path == e.path)})
			}
		}
		if len(group.Items) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// under reports whether a page is at or below a path.
func under(page, path string) bool {
	return page == path || strings.HasPrefix(page, path+"/")
}
