package console

// field is one field of a form, with everything that stands around it. It is
// named as refusals name it, so that a refusal finds its field.
type field struct {
	Name     string // of the form, and the id of its input
	Label    string
	Hint     string // "" for none
	Type     string // of the input; "" means text, "textarea" and "select" are elements of their own
	Value    string
	Complete string // autocomplete, "" for off
	Mode     string // inputmode, "" for none
	Optional bool
	Code     bool // what is typed is for machines
	Rows     int  // of a textarea
	Options  []option
	Problem  string // what is wrong with it, "" for nothing
	Watch    string // address that script asks for hints while somebody types, "" for none
	Hints    hintView
}

// option is one choice of a select.
type option struct {
	Value, Label string
	Selected     bool
}
