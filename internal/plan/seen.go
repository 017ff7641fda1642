package plan

import "github.com/myodai/myodai"

// Seen is what the last check found of each item of the plan, in its order. What
// the check has not seen as it is planned now, it says nothing about: after a
// change of the plan nothing, and of a newer key nothing. Such an item has no
// status.
func Seen(p Plan, d myodai.Domain, keys []myodai.Key, last myodai.Check) []myodai.RecordCheck {
	newer := map[string]bool{}
	for _, k := range keys {
		newer[k.Selector] = newer[k.Selector] || k.CreatedAt.After(last.At)
	}
	list := make([]myodai.RecordCheck, 0, len(p.Items))
	for _, item := range p.Items {
		seen := myodai.RecordCheck{
			Name: item.Name, Type: item.Type, Purpose: item.Purpose, Required: item.Required, Found: []string{},
			Reason: "No check has looked at this record yet.",
		}
		if !last.At.Before(d.ChangedAt) && !newer[item.Selector] {
			for _, r := range last.Records {
				if r.Name == item.Name && r.Type == item.Type && r.Purpose == item.Purpose {
					seen.Status, seen.Found, seen.Reason = r.Status, append([]string{}, r.Found...), r.Reason
				}
			}
		}
		list = append(list, seen)
	}
	return list
}

// ZoneOf is the zone a name stands in, by a check. Before there was one it is the
// registrable domain, as it is for almost everybody.
func ZoneOf(last myodai.Check, name myodai.Name) myodai.Name {
	if z, ok := last.Observation.ZoneOf(name); ok && !z.Name.IsPublicSuffix() && z.Name != "" {
		return z.Name
	}
	return name.Registrable()
}
