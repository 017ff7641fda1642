package api

import (
	"github.com/myodai/myodai"
)

// PageQuery are the parameters of every list.
type PageQuery struct {
	After string `query:"after" maxLength:"200" doc:"Where to go on: the next of the page before. Leave it out for the first page."`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many items to return at most."`
}

func (q PageQuery) page() myodai.Page { return myodai.Page{After: q.After, Limit: q.Limit} }

// List is one page of a list.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" doc:"Give it as after to get the next page; empty at the end of the list."`
}

type listOutput[T any] struct{ Body List[T] }

// listOf makes a page of what the store returned.
func listOf[N, T any](nouns []N, next string, show func(N) T) *listOutput[T] {
	out := &listOutput[T]{Body: List[T]{Items: []T{}, Next: next}} // never null
	for _, n := range nouns {
		out.Body.Items = append(out.Body.Items, show(n))
	}
	return out
}

// output is the answer with one thing.
type output[T any] struct{ Body T }

func outputOf[T any](body T) *output[T] { return &output[T]{Body: body} }

// empty is the answer with nothing.
type empty struct{}
