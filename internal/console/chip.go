package console

// tone is what a state means for the reader; it is never told by color alone.
type tone string

const (
	toneNone tone = ""
	toneGood tone = "good"
	toneWarn tone = "warn"
	toneBad  tone = "bad"
	toneOpen tone = "open" // not there yet, and nobody's fault
)

// chip is a state in one word.
type chip struct {
	Label string
	Tone  tone
}

// copyable is a value to be taken elsewhere.
type copyable struct {
	Label string // what it is, for the button's name
	Value string
	Empty string // said in place of an empty value
	ID    string // of its element, "" for none
}
