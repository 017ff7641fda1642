package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// printable replaces what could command a terminal: names, replies of remote
// servers and the like come from strangers.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '\ufffd'
		}
		return r
	}, s)
}

// printableLines is printable for a text of several lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

// table writes rows under a heading; nothing but a sentence when there are none.
func (c *cli) table(none string, heading []string, rows [][]string) error {
	if len(rows) == 0 {
		c.say("%s", none)
		return nil
	}
	w := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', 0)
	for _, row := range append([][]string{heading}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
			if cell == "" {
				cells[i] = "-"
			}
		}
		_, _ = fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// writeJSON writes a value for programs.
func (c *cli) writeJSON(v any) error {
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// items is a list as JSON.
type items[T any] struct {
	Items []T `json:"items"`
}

// writeList writes a list as JSON or as a table of rows.
func writeList[T any](c *cli, list []T, more bool, none string, heading []string, row func(T) []string) error {
	if c.json {
		return c.writeJSON(items[T]{list})
	}
	var rows [][]string
	for _, item := range list {
		rows = append(rows, row(item))
	}
	if err := c.table(none, heading, rows); err != nil {
		return err
	}
	if more {
		_, _ = fmt.Fprintln(c.err, "There are more; see --limit.")
	}
	return nil
}

// when is an instant for people, in their own time zone.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateTime)
}
