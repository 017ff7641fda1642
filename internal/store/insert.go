package store

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxParameters is how many parameters one statement has. Both databases allow
// several times as many.
const maxParameters = 5000

// rows is how many of so many rows, with the given number of columns, go into
// one statement. Where statements are compiled, one row each is fastest, and the
// same text serves for all. Elsewhere each statement is a round trip, and powers
// of two keep the driver's store of prepared statements small.
func (d dialect) rows(have, columns int) int {
	if d.compile {
		return 1
	}
	n := min(have, maxParameters/columns)
	return 1 << (bits.Len(uint(n)) - 1) // #nosec G115 -- n is at least 1
}

// insert adds rows to a table.
func (q session) insert(table string, columns []string, rows [][]any) error {
	for len(rows) > 0 {
		n := q.dialect.rows(len(rows), len(columns))
		args := rows[0]
		if n > 1 {
			args = slices.Concat(rows[:n]...)
		}
		if err := q.run(insertion(table, columns, n), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// insertions are the texts that add rows, since few are needed and often.
var insertions sync.Map // of insertionOf to insertionText

type insertionOf struct {
	table string
	rows  int
}

type insertionText struct {
	columns []string
	text    string
}

// insertion is the statement that adds so many rows to a table.
func insertion(table string, columns []string, rows int) string {
	of := insertionOf{table, rows}
	if known, ok := insertions.Load(of); ok && slices.Equal(known.(insertionText).columns, columns) {
		return known.(insertionText).text
	}
	places := make([]string, rows)
	for i := range places {
		places[i] = "(" + placeholders(i*len(columns)+1, len(columns)) + ")"
	}
	text := "insert into " + table + " (" + strings.Join(columns, ", ") + ") values " + strings.Join(places, ", ")
	insertions.Store(of, insertionText{columns, text})
	return text
}

// tuples is so many rows of parameters, the first of which is $first:
// "($2, cast($3 as bigint)), ($4, cast($5 as bigint))". There is a type for each
// column: where none is inserted into, PostgreSQL takes a bare parameter, "", for
// text.
func tuples(first, rows int, types ...string) string {
	var b strings.Builder
	for row := range rows {
		for i, kind := range types {
			switch {
			case i > 0:
				b.WriteString(", ")
			case row > 0:
				b.WriteString("), (")
			default:
				b.WriteString("(")
			}
			parameter := "$" + strconv.Itoa(first+row*len(types)+i)
			if kind != "" {
				parameter = "cast(" + parameter + " as " + kind + ")"
			}
			b.WriteString(parameter)
		}
	}
	return b.String() + ")"
}

// placeholders is n parameters, the first of which is $first: "$3, $4".
func placeholders(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i))
	}
	return b.String()
}
