package store_test

import (
	"testing"

	"github.com/myodai/myodai/internal/store"
)

// Parameters lose their numbers only where their places say the same.
func TestNameless(t *testing.T) {
	for _, c := range []struct{ name, query, want string }{
		{"none", `select 1`, `select 1`},
		{"in order", `select a from b where c = $1 and d in ($2, $3)`, `select a from b where c = ? and d in (?, ?)`},
		{"more than nine", `values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, `values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{"out of order", `select $2, $1`, `select $2, $1`},
		{"one of them twice", `select $1, $1`, `select $1, $1`},
		{"the first again, later", `select $1, $2, $1`, `select $1, $2, $1`},
		{"not from the first", `select $2`, `select $2`},
		{"a number that begins alike", `select $10`, `select $10`},
		{"in a literal", `select '$1 - ?', "$2", $1`, `select '$1 - ?', "$2", ?`},
		{"a quote in a literal", `select 'it''s $2', $1`, `select 'it''s $2', ?`},
		{"an open literal", `select $1, '`, `select $1, '`},
		{"one without a number already", `select $1, ?`, `select $1, ?`},
		{"arithmetic", `select $1 - 2 / $2`, `select ? - 2 / ?`},
		{"a comment", "select $1 -- $2\n, $2", "select $1 -- $2\n, $2"},
		{"a comment within a line", `select $1 /* ' */, $2`, `select $1 /* ' */, $2`},
	} {
		if got := store.Nameless(c.query); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
