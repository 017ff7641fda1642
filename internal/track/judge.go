package track

import (
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

const (
	// readingTime is how soon after delivery a visit is nobody's: the mail has to
	// be fetched, noticed and opened first. Folklore; gateways follow links before
	// they let a mail in, or within a second or two.
	readingTime = 4 * time.Second
	// together is the time in which visits belong to each other.
	together = 5 * time.Second
	// manyLinks are more than somebody presses in that time.
	manyLinks = 5
	// fewLinks are what a scanner can be told by if it follows all there are.
	fewLinks = 3
)

// seen is one visit as it was noted when it came.
type seen struct {
	visit    myodai.Visit
	of       int  // how many links the mail has
	head     bool // asked with HEAD
	prefetch bool // said that nobody pressed anything
}

// judge says who made a visit. delivered is when the mail was handed over, or
// accepted if it was not yet; others are visits to the same copy around the same
// time, earlier and later ones, v among them. It is pure.
//
// It errs towards people: what it cannot tell is a person. An open is worth less
// than a click in any case, because pictures are loaded by programs.
func judge(v seen, delivered time.Time, others []seen) (myodai.Visitor, myodai.VisitReason) {
	machine := func(why myodai.VisitReason) (myodai.Visitor, myodai.VisitReason) {
		return myodai.VisitorMachine, why
	}
	switch {
	case v.head || headBefore(v, others):
		return machine(myodai.ReasonHead)
	case v.prefetch:
		return machine(myodai.ReasonPrefetch)
	case isProgram(v.visit.Agent):
		return machine(myodai.ReasonAgent)
	case v.visit.At.Sub(delivered) < readingTime:
		return machine(myodai.ReasonAtOnce)
	case v.visit.Kind == myodai.VisitOpen:
		return judgeOpen(v.visit.Agent)
	case everyLink(v, others):
		return machine(myodai.ReasonEveryLink)
	}
	return myodai.VisitorPerson, ""
}

// judgeOpen says what an open is worth.
func judgeOpen(agent string) (myodai.Visitor, myodai.VisitReason) {
	lower := strings.ToLower(agent)
	switch {
	case agent == "Mozilla/5.0":
		// Apple's Mail Privacy Protection calls itself so, and fetches the pictures of
		// every mail, read or not.
		return myodai.VisitorUnknown, myodai.ReasonApplePrivacy
	case strings.Contains(lower, "googleimageproxy"), strings.Contains(lower, "yahoomailproxy"), strings.Contains(lower, "imageproxy"):
		// They fetch a picture when the mail is opened, and keep it for the next time.
		return myodai.VisitorProxy, myodai.ReasonImageProxy
	}
	return myodai.VisitorPerson, ""
}

// headBefore reports whether the same program asked for the same with HEAD just
// before: it looked where the link leads and then fetched it.
func headBefore(v seen, others []seen) bool {
	return slices.ContainsFunc(others, func(o seen) bool {
		after := v.visit.At.Sub(o.visit.At)
		return o.head && o.visit.Kind == v.visit.Kind && o.visit.Link == v.visit.Link && o.visit.Agent == v.visit.Agent &&
			after >= 0 && after <= together
	})
}

// everyLink reports whether v is one of many links of its mail that were
// followed within a few seconds. Where several recipients have the same links,
// nothing follows from that.
func everyLink(v seen, others []seen) bool {
	if v.visit.Copy.DeliveryID == "" {
		return false
	}
	links := map[int]bool{v.visit.Link: true}
	for _, o := range others {
		apart := v.visit.At.Sub(o.visit.At).Abs()
		if o.visit.Kind == myodai.VisitClick && apart <= together {
			links[o.visit.Link] = true
		}
	}
	return len(links) >= manyLinks || v.of >= fewLinks && len(links) >= v.of
}

// programs are parts of what scanners, previews and libraries call themselves,
// in lower case.
var programs = []string{
	"bot", "crawl", "spider", "preview", "scan", "proofpoint", "mimecast", "barracuda", "safelinks", "fireeye", "trellix",
	"symantec", "messagelabs", "trendmicro", "trend micro", "forcepoint", "sophos", "ironport", "cloudmark", "paloalto", "zscaler",
	"facebookexternalhit", "whatsapp", "telegram", "slack", "discord", "skypeuri", "linespider", "embedly", "virustotal", "urlscan",
	"headless", "phantomjs", "selenium", "puppeteer", "playwright", "lighthouse",
	"curl/", "wget/", "python", "go-http-client", "java/", "okhttp", "apache-httpclient", "libwww", "perl", "ruby", "php/",
	"node-fetch", "axios", "http-client", "httpclient", "winhttp", "powershell", "microsoft office existence discovery",
}

// isProgram reports whether an agent says it is no browser and no mail program;
// one that says nothing is none.
func isProgram(agent string) bool {
	lower := strings.ToLower(agent)
	return lower == "" || slices.ContainsFunc(programs, func(p string) bool { return strings.Contains(lower, p) })
}
