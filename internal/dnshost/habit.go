package dnshost

import (
	"time"

	"github.com/myodai/myodai"
)

// Habit is what a panel was caught doing with a tenant's input. It is worth
// more than what is believed of the host.
type Habit string

const (
	HabitAppendsToName   Habit = "appends-to-name"   // it adds the zone to a full host name
	HabitAppendsToTarget Habit = "appends-to-target" // it adds the zone to a target without a final dot
)

// LearnName tells a panel's habit from a planned record that was found under
// another name: "s1.example.com.example.com" shows that the zone is added.
func LearnName(zone, wanted, found myodai.Name) (h Habit, ok bool) {
	if doubled(zone, wanted, found) {
		return HabitAppendsToName, true
	}
	return "", false
}

// LearnTarget is LearnName for the target of a CNAME or MX record.
func LearnTarget(zone, wanted, found myodai.Name) (h Habit, ok bool) {
	if doubled(zone, wanted, found) {
		return HabitAppendsToTarget, true
	}
	return "", false
}

func doubled(zone, wanted, found myodai.Name) bool {
	return zone != "" && wanted != "" && found == wanted+"."+zone
}

// With is the host with habits learned: they count as seen.
func (h Host) With(habits ...Habit) Host {
	for _, habit := range habits {
		switch habit {
		case HabitAppendsToName:
			h.Panel.Host = Fact[HostForm]{HostRelative, Seen}
			h.Panel.Appends = Fact[bool]{true, Seen}
		case HabitAppendsToTarget:
			h.Panel.FinalDot = Fact[Need]{Must, Seen}
		}
	}
	return h
}

// NextPublish is the latest time at which a change saved at savedAt is on the
// host's name servers; with certainty Unknown there is none to give.
func (h Host) NextPublish(savedAt time.Time) (at time.Time, c Certainty) {
	minutes := h.Panel.PublishMinutes
	if !minutes.Known() {
		return time.Time{}, Unknown
	}
	tick := time.Duration(minutes.Value) * time.Minute
	if h.Panel.PublishOnTheClock {
		// Ticks divide the hour, so the time zone does not matter.
		return savedAt.Truncate(tick).Add(tick), minutes.Certainty
	}
	return savedAt.Add(tick), minutes.Certainty
}
