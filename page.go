package myodai

// Page asks for a part of a list.
type Page struct {
	After string // the cursor the last page ended with; "" for the first page
	Limit int    // 1 to 200; 0 means 50
}

// The bounds of Page.Limit.
const (
	DefaultPage = 50
	MaxPage     = 200
)

// Size is the number of rows to fetch.
func (p Page) Size() int {
	switch {
	case p.Limit <= 0:
		return DefaultPage
	case p.Limit > MaxPage:
		return MaxPage
	}
	return p.Limit
}
