package console

import "strings"

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
type entry struct {
	path, key, icon string
	who             audience
}

// sections is the whole navigation, in order. The key of a section is its word.
var sections = []struct {
	key     string
	entries []entry
}{
	{"nav.sending", []entry{
		{"/overview", "nav.overview", "clock", members},
		{"/domains", "nav.domains", "globe", members},
		{"/messages", "nav.messages", "mail", members},
		{"/clicks", "nav.clicks", "link", members},
		{"/senders", "nav.senders", "mail", members},
		{"/routes", "nav.routes", "arrow", members},
		{"/tracking", "nav.tracking", "link", members},
		{"/suppressions", "nav.suppressions", "alert", members},
		{"/list-audits", "nav.listaudits", "check", members},
		{"/credentials", "nav.credentials", "key", administrators},
		{"/webhooks", "nav.webhooks", "bolt", administrators},
	}},
	{"nav.platform", []entry{
		{operatorPath, "nav.operator", "globe", operators},
		{"/operator/tenants", "nav.tenants", "members", operators},
		{"/operator/policy", "nav.policy", "check", operators},
	}},
	{"nav.team", []entry{
		{"/members", "nav.members", "members", managers},
		{"/audit", "nav.audit", "clock", managers},
		{"/account", "nav.account", "person", people},
	}},
}

// navigation is what the actor may go to.
func (v *visit) navigation() []navGroup {
	var groups []navGroup
	for _, section := range sections {
		group := navGroup{Label: v.say(section.key)}
		for _, e := range section.entries {
			if v.actor.may(e.who) {
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
