package track

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// maxForm bounds the body of a request to unsubscribe. RFC 8058 needs 26 octets.
const maxForm = 4 << 10

// wishTime is how long somebody who unsubscribes waits for the disk. Unlike a
// click it is not answered before it is durable.
const wishTime = 5 * time.Second

// unsubscribe answers at the URL of List-Unsubscribe. Whoever fetches it gets a
// page with a form, and nothing changes: scanners fetch everything (T44). A POST
// acts if it says what RFC 8058 §3.2 wants it to say, or what our forms say,
// however often it comes. Some scanners press every button, too, so beside ours
// there is a box that people tick.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request, l link) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		s.metrics.answered.WithLabelValues("unsubscribe_page").Inc()
		s.page(w, r, http.StatusOK, pageAsk, r.URL.Path)
		return
	case http.MethodPost:
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		s.page(w, r, http.StatusMethodNotAllowed, pageNothing, "")
		return
	}
	u := myodai.Unsubscription{Copy: l.copy, Class: l.class, At: time.Now()}
	form := readForm(http.MaxBytesReader(w, r.Body, maxForm), r.Header.Get("Content-Type"))
	switch {
	case form.Get("List-Unsubscribe") == "One-Click":
		u.Way = myodai.UnsubscribeOneClick
	case form.Get("wish") == "unsubscribe" && form.Get("sure") != "":
		u.Way = myodai.UnsubscribePage
	case form.Get("wish") == "undo":
		u.Way, u.Undo = myodai.UnsubscribePage, true
	default:
		s.page(w, r, http.StatusBadRequest, pageAsk, r.URL.Path)
		return
	}
	if err := s.wish(u); err != nil {
		s.log.WarnContext(r.Context(), "an unsubscription was not kept", "err", err)
		w.Header().Set("Retry-After", "60")
		s.page(w, r, http.StatusServiceUnavailable, pageLater, r.URL.Path)
		return
	}
	done := pageDone
	if u.Undo {
		done = pageUndone
	}
	s.page(w, r, http.StatusOK, done, r.URL.Path)
}

// wish makes durable what somebody wishes.
func (s *Server) wish(u myodai.Unsubscription) error {
	r := record{
		ID: myodai.NewID[myodai.VisitID](u.At, s.o.Random), Tenant: u.Copy.TenantID, Message: u.Copy.MessageID,
		Delivery: u.Copy.DeliveryID, At: u.At.UnixMicro(), Class: u.Class, Way: u.Way, Undo: u.Undo,
	}
	if err := s.wishes.keep(r.append(nil)); err != nil {
		return err
	}
	s.metrics.unsubscription.Inc()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// readForm reads a form in either of the ways that RFC 8058 §3.2 allows; what
// cannot be read is an empty one.
func readForm(body io.Reader, contentType string) url.Values {
	kind, params, err := mime.ParseMediaType(contentType)
	text, readErr := io.ReadAll(body)
	if err != nil || readErr != nil {
		return nil
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(text))
		if err != nil {
			return nil
		}
		return form
	case "multipart/form-data":
		form, err := multipart.NewReader(bytes.NewReader(text), params["boundary"]).ReadForm(maxForm)
		if err != nil {
			return nil
		}
		defer func() { _ = form.RemoveAll() }() // all of it fits in memory
		return form.Value
	}
	return nil
}

// UnsubscribeFields makes the two header fields by which a recipient
// unsubscribes from mail of a class (RFC 8058 §3.1): where to with one click, and
// the address to write to for mail programs without it, at the return path's
// host bounces. The copy must be of one recipient.
func (s *Server) UnsubscribeFields(of myodai.Copy, author, bounces myodai.Name, class myodai.ClassName) (list, post string) {
	host := s.hosts.pick(of.TenantID, author)
	path := s.sealer.path(host, link{kind: kindUnsubscribe, copy: of, class: class})
	address := s.mailAddress(of.DeliveryID, bounces)
	return "<https://" + string(host) + path + ">,\r\n <mailto:" + address.String() + "?subject=unsubscribe>", "List-Unsubscribe=One-Click"
}

// The address to unsubscribe at is like a return path: an id and a signature
// that survive any change of case.
const (
	mailPrefix = "u-"
	idLength   = 26
)

// mailAddress makes the address of one delivery at a host whose mail comes back
// to us.
func (s *Server) mailAddress(id myodai.DeliveryID, host myodai.Name) myodai.Address {
	text := strings.TrimPrefix(string(id), "dlv_")
	return myodai.Address{Local: mailPrefix + text + "-" + s.mailTag(text), Domain: host}
}

// mailTag signs an id in the letters of ids.
func (s *Server) mailTag(text string) string {
	return strings.TrimPrefix(string(myodai.FromOctets[myodai.DeliveryID](s.sealer.tag(kindMail, "", []byte(text)))), "dlv_")
}

// mailLife is how long the address is read, counted from when its delivery was
// made, as with return paths.
const mailLife = 180 * 24 * time.Hour

// ReadMail says of which delivery an address is the one to unsubscribe at; ok is
// false for an address that we did not make, or made long ago.
func (s *Server) ReadMail(a myodai.Address, now time.Time) (id myodai.DeliveryID, ok bool) {
	local := strings.ToLower(a.Local)
	text, ok := strings.CutPrefix(local, mailPrefix)
	if !ok || len(text) != 2*idLength+1 || text[idLength] != '-' {
		return "", false
	}
	text, tag := text[:idLength], text[idLength+1:]
	id = myodai.DeliveryID("dlv_" + text)
	b, ok := myodai.Octets(id)
	if !ok || !equal(tag, s.mailTag(text)) {
		return "", false
	}
	return id, now.Sub(madeAt(b)) <= mailLife
}

// UnsubscribeMail does what a mail to the address of a delivery asks for. It
// returns once that is durable.
func (s *Server) UnsubscribeMail(_ context.Context, id myodai.DeliveryID, now time.Time) error {
	return s.wish(myodai.Unsubscription{Copy: myodai.Copy{DeliveryID: id}, Way: myodai.UnsubscribeMail, At: now})
}
