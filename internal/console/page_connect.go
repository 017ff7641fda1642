package console

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/store"
)

// routeConnect are the pages by which a DNS host enters records itself. The way
// back is one address for all: it names no domain and no share link, which the DNS
// host need not know.
func (s *Server) routeConnect() {
	s.add("GET /domains/{domain}/connect", administrators, showConnect)
	s.add("GET /share/{token}/connect", everyone, showSharedConnect)
	s.add("GET "+connectBack, everyone, returnFromHost)
}

const connectBack = "/connect/back"

// connectView is the page before somebody goes to their DNS host.
type connectView struct {
	Domain  string
	Path    string // of the records
	Host    string // what it calls itself
	At      string
	URL     string // of the host
	Returns bool   // people are sent back
	Records []plannedLine
	Left    []plannedLine
	Problem string // why there is no such way
}

// plannedLine is a record in short.
type plannedLine struct{ Title, Type, Name string }

// errand is what a browser keeps while its owner is at the DNS host: whose domain
// it is about, and what proves that they set out from here.
type errand struct {
	State  string          `json:"s"`
	Tenant myodai.TenantID `json:"t"`
	Domain myodai.DomainID `json:"d"`
	Share  string          `json:"l,omitempty"` // token of the share link they came by
	Till   time.Time       `json:"u"`
}

const (
	errandCookie = "errand"
	errandLife   = time.Hour
	stateOctets  = 16
)

func showConnect(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	return v.showConnect(in, "", domainPath(in.Domain.ID)+"/records")
}

func showSharedConnect(v *visit) error {
	_, in, err := v.shared()
	if err != nil {
		return err
	}
	token := v.r.PathValue("token")
	return v.showConnect(in, token, "/share/"+token)
}

// showConnect says what the DNS host would do, and leads there.
func (v *visit) showConnect(in reading, share, path string) error {
	e := errand{Tenant: in.Domain.TenantID, Domain: in.Domain.ID, Share: share, Till: v.now.Add(errandLife), State: v.newState()}
	back := domains.Back{URI: v.base() + connectBack, State: e.State}
	if !v.o.Handover.Returns(back.URI) {
		back = domains.Back{}
	}
	link, err := v.o.Handover.Link(v.r.Context(), e.Tenant, e.Domain, back)
	refusal, refused := errors.AsType[*myodai.Error](err)
	if err != nil && !refused {
		return err
	}
	view := newConnectView(v.reader, in, link, path)
	status := http.StatusOK
	if refused {
		view.Problem, status = v.tell(refusal), statusOf[refusal.Code]
	} else {
		v.remember(e)
		view.Returns = back.URI != ""
	}
	return v.write(status, "connect", v.say("connect.title", view.Domain), view)
}

func newConnectView(r reader, in reading, link domains.Link, path string) connectView {
	out := connectView{Domain: in.Domain.Name.Unicode(), Path: path, Host: link.Host, At: string(link.At), URL: link.URL}
	lines := func(items []plan.Item) (list []plannedLine) {
		for _, item := range items {
			list = append(list, plannedLine{r.purposeTitle(item), string(item.Type), string(item.Name)})
		}
		return list
	}
	out.Records, out.Left = lines(link.Records), lines(link.Left)
	return out
}

// newState is what nobody guesses.
func (v *visit) newState() string {
	var b [stateOctets]byte
	if _, err := io.ReadFull(v.o.Random, b[:]); err != nil {
		panic("console: no randomness: " + err.Error())
	}
	return fmt.Sprintf("%x", b)
}

// remember has the browser keep an errand, sealed.
func (v *visit) remember(e errand) {
	text, err := json.Marshal(e)
	if err != nil {
		panic("console: an errand cannot be written: " + err.Error())
	}
	http.SetCookie(v.w, v.cookie(errandCookie, v.sealer.seal(errandCookie, text), errandLife))
}

// errNoErrand refuses who comes back from something that was not begun here.
var errNoErrand = myodai.Refuse(myodai.CodeConflict, "",
	"what you come back from was not begun in this browser, or more than an hour ago; the records are checked all the same, so look at the domain's page")

// errand is what the browser keeps, when it is the one that the state belongs to.
func (v *visit) errand(state string) (errand, error) {
	cookie, err := v.r.Cookie(v.cookieName(errandCookie))
	if err != nil {
		return errand{}, errNoErrand
	}
	var e errand
	text, ok := v.sealer.open(errandCookie, cookie.Value)
	if !ok || json.Unmarshal(text, &e) != nil || v.now.After(e.Till) || subtle.ConstantTimeCompare([]byte(e.State), []byte(state)) != 1 {
		return errand{}, errNoErrand
	}
	return e, nil
}

// returnFromHost takes in who comes back from the DNS host, with the word of the
// host about how it went; it looks at DNS at once, which is what counts.
func returnFromHost(v *visit) error {
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	query := v.r.URL.Query()
	e, err := v.errand(query.Get("state"))
	if err != nil {
		return err
	}
	path, entry, err := v.welcome(e)
	if err != nil || path == "" {
		return err
	}
	v.forget(errandCookie)
	failure := query.Get("error")
	entry.Data = map[string]string{"error": plainText(failure)}
	ctx, cancel := context.WithTimeout(store.Audited(v.r.Context(), entry), connectTime)
	defer cancel()
	check, err := v.o.Handover.Returned(ctx, e.Tenant, e.Domain, failure)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return v.done(path, "connect.back")
	case err != nil:
		return err
	case failure == "access_denied":
		return v.done(path, "connect.declined")
	case failure != "":
		return v.done(path, "connect.failed")
	case check.Verdict == myodai.VerdictProved:
		return v.done(path, "connect.proved")
	}
	return v.done(path, "connect.back")
}

// connectTime bounds the look at DNS while somebody waits for the page.
const connectTime = 20 * time.Second

// welcome is the page that an errand leads back to, and what is written into the
// trail; "" when the browser is on its way to sign in again.
func (v *visit) welcome(e errand) (path string, entry myodai.AuditEntry, err error) {
	if e.Share != "" {
		l, err := v.o.Access.ShareLink(v.r.Context(), e.Share)
		if err != nil || l.DomainID != e.Domain || l.TenantID != e.Tenant {
			return "", entry, errNoErrand
		}
		return "/share/" + e.Share, v.auditOf(l, "connect-domain", nil), nil
	}
	switch {
	case !v.actor.signedIn():
		v.askToSignIn()
		return "", entry, nil
	case !v.actor.may(administrators) || v.actor.Tenant != e.Tenant:
		return "", entry, errNoPage
	}
	by := v.by()
	return domainPath(e.Domain) + "/check", myodai.AuditEntry{
		ID: myodai.NewID[myodai.AuditID](v.now, v.o.Random), TenantID: e.Tenant, At: v.now, Actor: by.Actor, Operation: "connect-domain",
		Object: string(e.Domain), Address: by.Client.Address,
	}, nil
}

// offers reports whether the DNS host can be asked to enter records: it is known
// to, or believed to while it is being asked.
func (v *visit) offers(in reading, host hostView) bool {
	if done, all := in.done(); done == all && in.current() {
		return false
	}
	offers, known := v.o.Handover.Offers(in.Zone())
	return offers || !known && host.Connect
}
