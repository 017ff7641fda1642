package track

// edit is one place in a text where something changes.
type edit struct {
	start, end int    // octets of the text that are replaced; equal for something put in
	url        string // where a link leads; "" for what is no link
	pixel      bool   // the picture that tells of an open goes here
}

// apply replaces in text what the edits are about by what put says for each. The
// edits do not overlap and are in order.
func apply(text []byte, edits []edit, put func(edit) string) []byte {
	out := make([]byte, 0, len(text)+256*len(edits))
	at := 0
	for _, e := range edits {
		out = append(append(out, text[at:e.start]...), put(e)...)
		at = e.end
	}
	return append(out, text[at:]...)
}
