// Package console is the web pages: what a person uses to get a domain verified,
// to hand records to whoever keeps the DNS, and to see what became of the mail.
//
// It decides nothing. A page reads its request, asks the engine or the store
// whose job it is, makes a view of what came back by a pure function, and writes
// the view with its template. A page is one Go file, page_x.go, one template,
// ui/x.tmpl, and its words in both languages, ui/words/x.json.
//
// Every page works without script, by forms and links; script copies, refreshes
// and hints. Nothing is loaded from elsewhere, and no page holds script or style
// of its own (Content Security Policy, T70). A form sent from another site is
// refused (T68).
//
// Refusals are shown with what to do, in the reader's language, beside the field
// they are about. A fault is logged once under the id of the request, which the
// reader sees too, and nothing else of it leaves.
package console
