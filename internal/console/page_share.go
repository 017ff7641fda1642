package console

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/store"
)

func (s *Server) routeShare() {
	s.add("GET /share/{token}", everyone, showShare)
	s.add("GET /share/{token}/live", everyone, watchShare)
	s.add("GET /share/{token}/download/{format}", everyone, downloadShare)
	s.add("POST /share/{token}/check", everyone, checkShare)
	s.add("POST /share/{token}/cannot", everyone, cannotShare)
}

// shareView is the page of somebody without a login who keeps the DNS.
type shareView struct {
	Domain    string
	Tenant    string
	Path      string
	Live      string
	Board     board
	Status    statusView
	Form      form
	Swap      string
	Downloads []download
	Records   []sharedRecord
	Expires   moment
}

// sharedRecord is a record with what its reader may say of it.
type sharedRecord struct {
	recordView
	Path    string // of the page
	Reasons []option
}

// refresh makes a browser without script look again.
func (s shareView) refresh() int {
	if s.Status.Verified {
		return 0
	}
	return 20
}

// shared reads what a share link opens.
func (v *visit) shared() (myodai.ShareLink, reading, error) {
	// The address is a secret: no other site is to learn it.
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	if v.o.Access == nil {
		return myodai.ShareLink{}, reading{}, errNoPage
	}
	l, err := v.o.Access.ShareLink(v.r.Context(), v.r.PathValue("token"))
	if err != nil {
		return l, reading{}, err
	}
	if lang, ok := parseLang(l.Language); ok && v.r.URL.Query().Get("lang") == "" && v.actor.Lang == "" {
		v.lang = lang
	}
	in, err := v.read(v.r.Context(), l.TenantID, l.DomainID)
	return l, in, err
}

func showShare(v *visit) error {
	l, in, err := v.shared()
	if err != nil {
		return err
	}
	if err := v.o.Access.OpenShareLink(v.r.Context(), l, v.from()); err != nil {
		return fmt.Errorf("note the opening of a share link: %w", err)
	}
	t, err := v.o.Store.Tenant(v.r.Context(), l.TenantID)
	if err != nil {
		return err
	}
	view := newShareView(v.reader, in, t.Name, "/share/"+v.r.PathValue("token"), v.form())
	view.Expires = v.moment(l.ExpiresAt)
	if v.offers(in, view.Board.Host) {
		view.Board.Host.Offer = view.Path + "/connect"
	}
	return v.show("share", v.say("share.title", view.Domain), view)
}

func newShareView(r reader, in reading, tenant, path string, f form) shareView {
	b := newBoard(r, in, f)
	out := shareView{
		Domain: in.Domain.Name.Unicode(), Tenant: tenant, Path: path, Live: path + "/live" + f.query(), Board: b,
		Status: newStatusView(in, b), Form: f, Swap: path + form{Host: f.Host, Other: !f.Other}.query(), Downloads: newDownloads(r, path, in),
	}
	out.Status.Path = path
	for _, record := range b.Records {
		shared := sharedRecord{recordView: record, Path: path}
		if record.Shape != nil {
			for _, reason := range reasons {
				shared.Reasons = append(shared.Reasons, option{string(reason), r.say("share.cannot_" + string(reason)), false})
			}
		}
		out.Records = append(out.Records, shared)
	}
	return out
}

func watchShare(v *visit) error {
	_, in, err := v.shared()
	if err != nil {
		return err
	}
	path, f := "/share/"+v.r.PathValue("token"), v.form()
	return v.watch("share", in, func(in reading) []piece {
		view := newShareView(v.reader, in, "", path, f)
		list := []piece{{"status", "share-status", view.Status}}
		for _, r := range view.Records {
			list = append(list, piece{r.ID, "shared", r})
		}
		return list
	})
}

func downloadShare(v *visit) error {
	_, in, err := v.shared()
	if err != nil {
		return err
	}
	return v.download(in)
}

func checkShare(v *visit) error {
	_, in, err := v.shared()
	if err != nil {
		return err
	}
	if !in.current() || v.now.Sub(in.Last.At) >= v.o.Pause {
		if _, err := v.o.Domains.CheckSaid(v.r.Context(), in.Domain.TenantID, in.Domain.ID, domains.Said{Entered: true}, nil); err != nil {
			return err
		}
	}
	return v.to("/share/" + v.r.PathValue("token"))
}

// reason is why a DNS host cannot take a record (B16, B22, E23).
type reason string

const (
	noUnderscoreName  reason = "underscore_name"
	noUnderscoreValue reason = "underscore_value"
	noCNAME           reason = "cname"
	shortTXT          reason = "txt"
	somethingElse     reason = "other"
)

var reasons = []reason{noUnderscoreName, noUnderscoreValue, noCNAME, shortTXT, somethingElse}

// otherShape is the shape in which a record can be taken nevertheless; ok is
// false when there is none.
func otherShape(t myodai.RecordType, why reason) (shape myodai.Shape, ok bool) {
	switch why {
	case noUnderscoreName, noUnderscoreValue, noCNAME:
		return myodai.ShapeTXT, t == myodai.TypeCNAME
	case shortTXT:
		return myodai.ShapeCNAME, t == myodai.TypeTXT
	}
	return "", false
}

// maxSaid bounds what a reader says in own words, in characters.
const maxSaid = 500

// cannotShare takes what the reader says of a record, and switches its shape at
// once where that helps. The tenant finds it in the audit trail.
func cannotShare(v *visit) error {
	l, in, err := v.shared()
	if err != nil {
		return err
	}
	why, owner := reason(v.r.PostFormValue("reason")), v.r.PostFormValue("record")
	said := plainText(v.r.PostFormValue("said"))
	page := "/share/" + v.r.PathValue("token")
	for _, item := range in.Plan.Items {
		if string(item.Name) != owner {
			continue
		}
		entry := v.auditOf(l, "share-cannot", map[string]string{"record": owner, "type": string(item.Type), "reason": string(why), "said": said})
		shape, ok := otherShape(item.Type, why)
		if !ok {
			if err := v.o.Store.RecordAudit(v.r.Context(), entry); err != nil {
				return err
			}
			return v.done(page, "share.noted")
		}
		ctx := store.Audited(v.r.Context(), entry)
		if _, err := v.o.Domains.Reshape(ctx, l.TenantID, l.DomainID, owner, string(shape)); err != nil {
			return err
		}
		return v.done(page, "share.switched")
	}
	return myodai.Refuse(myodai.CodeConflict, "", "the records have changed meanwhile; load the page again")
}

// plainText is a stranger's text on one line, without what is not shown.
func plainText(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)), " ")
	if runes := []rune(s); len(runes) > maxSaid {
		return string(runes[:maxSaid])
	}
	return s
}
