package console_test

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// all finds elements by a selector: parts with blanks between for "inside of",
// each a name, .classes, #id and [attribute] or [attribute=value].
func (p page) all(selector string) []*html.Node {
	found := []*html.Node{p.root}
	for part := range strings.FieldsSeq(selector) {
		var next []*html.Node
		for _, at := range found {
			for n := range at.Descendants() {
				if matches(n, part) && !slices.Contains(next, n) {
					next = append(next, n)
				}
			}
		}
		found = next
	}
	return found
}

// one is the first such element; the test ends when there is none.
func (p page) one(selector string) *html.Node {
	p.t.Helper()
	list := p.all(selector)
	if len(list) == 0 {
		p.t.Fatalf("%s has no %q:\n%s", p.path, selector, p.body)
	}
	return list[0]
}

// text is what stands in the first such element, with single blanks.
func (p page) text(selector string) string {
	p.t.Helper()
	return textOf(p.one(selector))
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// attr is an attribute, "" for none.
func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// matches reports whether an element is as one part of a selector says.
func matches(n *html.Node, part string) bool {
	if n.Type != html.ElementNode {
		return false
	}
	for part != "" {
		end := strings.IndexAny(part[1:], ".#[") + 1
		if part[0] == '[' {
			end = strings.IndexByte(part, ']') + 1
		}
		if end == 0 {
			end = len(part)
		}
		simple := part[:end]
		part = part[end:]
		switch simple[0] {
		case '.':
			if !slices.Contains(strings.Fields(attr(n, "class")), simple[1:]) {
				return false
			}
		case '#':
			if attr(n, "id") != simple[1:] {
				return false
			}
		case '[':
			name, value, given := strings.Cut(simple[1:len(simple)-1], "=")
			if !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name && (!given || a.Val == value) }) {
				return false
			}
		default:
			if n.Data != simple {
				return false
			}
		}
	}
	return true
}
