package myodai

import "time"

// Copy is what a tracking link stands in: a message as one recipient gets it, or
// as several do.
type Copy struct {
	TenantID   TenantID
	MessageID  MessageID
	DeliveryID DeliveryID // "" when several recipients get the same text
}

// VisitKind is what was asked of a tracking host.
type VisitKind string

const (
	VisitClick VisitKind = "click"
	VisitOpen  VisitKind = "open"
)

// Visitor is who seems to have come, and so what a visit is worth.
type Visitor string

const (
	VisitorPerson  Visitor = "person"  // nothing says otherwise
	VisitorProxy   Visitor = "proxy"   // a mailbox provider on behalf of somebody who opened the mail
	VisitorUnknown Visitor = "unknown" // a mailbox provider that also comes when nobody opens the mail
	VisitorMachine Visitor = "machine" // a scanner, a preview, a prefetch
)

// VisitReason is why a visit is not counted as a person's; "" for a person's.
type VisitReason string

const (
	ReasonHead         VisitReason = "head"          // asked with HEAD, or with GET right after HEAD
	ReasonPrefetch     VisitReason = "prefetch"      // says itself that nobody has pressed anything
	ReasonAgent        VisitReason = "agent"         // a program that is known to scan or to preview, or says no name
	ReasonAtOnce       VisitReason = "at_once"       // sooner after delivery than anybody reads
	ReasonEveryLink    VisitReason = "every_link"    // one of many links of a mail that were followed together
	ReasonApplePrivacy VisitReason = "apple_privacy" // Apple fetches the pictures of every mail
	ReasonImageProxy   VisitReason = "image_proxy"   // Gmail's, Yahoo's and the like
)

// Visit is one request at a tracking host that a link of ours led to: a click
// or an open. Where it came from is not kept.
type Visit struct {
	ID     VisitID
	Copy   Copy
	Kind   VisitKind
	At     time.Time
	Link   int    // the number of the link in the message, from 1; 0 for an open
	URL    string // where the link leads; "" for an open
	Agent  string // what the visitor calls itself, shortened
	By     Visitor
	Reason VisitReason
	First  bool // the first one of its kind, copy, and link that is worth as much
}

// Visits is a number of visits: by people and their proxies, by visitors nobody
// can tell, and by machines.
type Visits struct {
	People   int64
	Unique   int64 // of People the first of each copy
	Unknown  int64
	Machines int64
}

// LinkVisits are the clicks on one destination.
type LinkVisits struct {
	URL    string
	Visits Visits
}

// HourVisits are the clicks and opens of one hour.
type HourVisits struct {
	Hour   time.Time // when it begins
	Clicks Visits
	Opens  Visits
}

// VisitStats sums up the clicks and opens of a message or of a tenant.
type VisitStats struct {
	Clicks Visits
	Opens  Visits
	Links  []LinkVisits // most visited first; the first hundred
	Hours  []HourVisits // oldest first, without those in which nothing happened
}

// UnsubscribeWay is how somebody unsubscribed.
type UnsubscribeWay string

const (
	UnsubscribeOneClick UnsubscribeWay = "one_click" // the mail program's own button (RFC 8058)
	UnsubscribePage     UnsubscribeWay = "page"      // the button on our page
	UnsubscribeMail     UnsubscribeWay = "mail"      // a mail to the address in List-Unsubscribe (RFC 2369)
)

// Unsubscription is a recipient's wish to get no more mail of a class, or the
// wish taken back.
type Unsubscription struct {
	ID    VisitID
	Copy  Copy // with a DeliveryID: whose wish it is
	Class ClassName
	Way   UnsubscribeWay
	Undo  bool // mail is wanted again
	At    time.Time
}
