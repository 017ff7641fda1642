package main

import "github.com/myodai/myodai/internal/console"

// shown are the settings that the console shows to operators, with what is secret
// made unreadable.
func (c *config) shown() []console.Setting {
	var list []console.Setting
	for _, s := range c.settings() {
		from := c.from[s.key]
		if from == "" {
			from = fromDefault
		}
		list = append(list, console.Setting{Key: s.key, Value: s.masked(), Source: string(from)})
	}
	return list
}
