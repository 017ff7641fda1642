package console

import (
	"net/http"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/senders"
)

func (s *Server) routeSenders() {
	s.add("GET /senders", members, listSenders)
	s.add("POST /senders", administrators, registerSender)
	s.add("GET /senders/hint", administrators, hintSender)
	s.add("GET /senders/{sender}", members, showSender)
	s.add("POST /senders/{sender}", administrators, changeSender)
	s.add("POST /senders/{sender}/ask", administrators, askSender)
	s.add("POST /senders/{sender}/delete", administrators, deleteSender)
}

// sendersView is the list of sender addresses, and the form for a new one.
type sendersView struct {
	Lines   []senderLine
	Next    string
	Fields  []field // none for who may not register
	Domains []string
	Problem string
}

type senderLine struct {
	ID, Label, Address string
	State              chip
}

// senderView is one sender address.
type senderView struct {
	senderLine
	Lacking []string
	Via     string
	Silent  bool      // its domain takes no mail
	Code    *copyable // while a mail waits to be answered
	Until   moment
	Asked   moment // when it was sent
	CanAsk  bool
	Fields  []field // none for who may not change it
	Problem string
}

func listSenders(v *visit) error {
	return v.showSenders(http.StatusOK, senders.Registration{}, problem{}, hintView{})
}

// said is what was typed into an optional field.
func said(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (v *visit) showSenders(status int, n senders.Registration, p problem, hints hintView) error {
	list, next, err := v.o.Senders.Senders(v.r.Context(), v.actor.Tenant, myodai.Page{After: v.r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	view := sendersView{Problem: p.at("")}
	for _, r := range list {
		view.Lines = append(view.Lines, newSenderLine(v.reader, r))
	}
	if next != "" {
		view.Next = "/senders?after=" + next
	}
	if v.actor.Administer {
		verified, err := v.o.Senders.VerifiedDomains(v.r.Context(), v.actor.Tenant)
		if err != nil {
			return err
		}
		for _, d := range verified {
			view.Domains = append(view.Domains, d.Name.Unicode())
		}
		view.Fields = newSenderFields(v.reader, n, view.Domains, p, hints)
	}
	return v.write(status, "senders", v.say("senders.title"), view)
}

// newSenderFields is the form for a sender address; the verified domains stand
// beside the address (B28), and below it what is to be expected of it.
func newSenderFields(r reader, n senders.Registration, domains []string, p problem, hints hintView) []field {
	hint := r.say("senders.address_hint")
	if len(domains) > 0 {
		hint = r.say("senders.address_domains", strings.Join(domains, ", "))
	}
	return []field{
		{Name: "address", Label: r.say("senders.address"), Hint: hint, Type: "email", Value: said(n.Address), Code: true, Problem: p.at("address"), Watch: "/senders/hint", Hints: hints},
		{Name: "label", Label: r.say("senders.label"), Hint: r.say("senders.label_hint"), Value: said(n.Label), Code: true, Problem: p.at("label")},
		{Name: "name", Label: r.say("senders.name"), Hint: r.say("senders.name_hint"), Optional: true, Value: said(n.Name), Problem: p.at("name")},
		{Name: "reply_to", Label: r.say("senders.reply_to"), Hint: r.say("senders.reply_to_hint"), Optional: true, Type: "email", Value: said(n.ReplyTo), Code: true, Problem: p.at("reply_to")},
	}
}

func newSenderLine(r reader, s senders.Registered) senderLine {
	line := senderLine{ID: string(s.Sender.ID), Label: s.Sender.Label, Address: s.Sender.Address.String(), State: chip{r.say("senders.verified"), toneGood}}
	switch {
	case s.AtRisk():
		line.State = chip{r.say("senders.at_risk"), toneWarn}
	case s.Outlook.Refused != nil || s.Outlook.Via != "" && s.Sender.Confirmed() && !s.Sender.CarriesAlone():
		line.State = chip{r.say("senders.refused"), toneBad}
	case !s.Verified():
		line.State = chip{r.say("senders.pending"), toneOpen}
	}
	return line
}

func newSenderView(r reader, s senders.Registered, administers bool, p problem) senderView {
	view := senderView{
		senderLine: newSenderLine(r, s), Via: string(s.Outlook.Via), Silent: s.Outlook.Receives == senders.KnownNo, Problem: p.at(""),
	}
	if s.Outlook.Refused != nil {
		view.Lacking = append(view.Lacking, r.tell(s.Outlook.Refused))
	}
	switch {
	case s.AtRisk():
		view.Lacking = append(view.Lacking, r.say("senders.at_risk_text"))
	case s.Outlook.Refused == nil && s.Outlook.Via != "" && s.Sender.Confirmed() && !s.Sender.CarriesAlone():
		view.Lacking = append(view.Lacking, r.say("senders.refused_text", string(s.Sender.Address.Domain), s.Sender.Look.Policy))
	}
	if s.Outlook.Verify {
		view.Lacking = append(view.Lacking, r.say("senders.needs_domain", string(s.Sender.Address.Domain)))
	}
	if s.Outlook.Confirm && !s.Sender.Confirmed() {
		view.Lacking = append(view.Lacking, r.say("senders.needs_confirmation"))
		view.CanAsk = administers
	}
	if s.Asked.ID != "" && s.Asked.Open(r.now) {
		view.Code = &copyable{Label: r.say("senders.code"), Value: s.Asked.Code, ID: "code"}
		view.Asked, view.Until = r.moment(s.Asked.AskedAt), r.moment(s.Asked.ExpiresAt)
	}
	if administers {
		a := s.Sender
		address, reply := a.Address.String(), a.ReplyTo.String()
		view.Fields = newSenderFields(r, senders.Registration{Label: &a.Label, Address: &address, Name: &a.Name, ReplyTo: &reply}, nil, p, hintView{})
	}
	return view
}

// asking says who asks, for the mail that tells of it.
func (v *visit) asking() senders.Asking {
	return senders.Asking{Tenant: v.actor.Tenant, From: v.from().Address}
}

// typedSender is what the form for a sender address says.
func (v *visit) typedSender() senders.Registration {
	value := func(name string) *string {
		s := strings.TrimSpace(v.r.PostFormValue(name))
		return &s
	}
	return senders.Registration{Label: value("label"), Address: value("address"), Name: value("name"), ReplyTo: value("reply_to")}
}

func registerSender(v *visit) error {
	n := v.typedSender()
	if v.r.PostFormValue("only") == "hint" {
		return v.showSenders(http.StatusOK, n, problem{}, v.senderHint(*n.Address))
	}
	r, err := v.o.Senders.Register(v.r.Context(), v.asking(), n)
	if p, status, ok := v.judge(err); ok {
		return v.showSenders(status, n, p, hintView{})
	}
	if err != nil {
		return err
	}
	return v.doneSender(r, "senders.registered")
}

// doneSender goes to the page of a sender address and says what was done.
func (v *visit) doneSender(r senders.Registered, key string) error {
	switch {
	case r.NotAsked != nil:
		key = "senders.not_asked"
	case r.Asked.ID != "" && r.Asked.Open(v.now):
		key = "senders.asked"
	}
	return v.done("/senders/"+string(r.Sender.ID), key, r.Sender.Address.String())
}

// sender is the id in the address of the page.
func (v *visit) sender() (myodai.SenderID, error) {
	id, err := myodai.ParseID[myodai.SenderID](v.r.PathValue("sender"))
	if err != nil {
		return "", errNoPage
	}
	return id, nil
}

func showSender(v *visit) error { return v.showOneSender(http.StatusOK, problem{}) }

func (v *visit) showOneSender(status int, p problem) error {
	id, err := v.sender()
	if err != nil {
		return err
	}
	r, err := v.o.Senders.Sender(v.r.Context(), v.actor.Tenant, id)
	if err != nil {
		return err
	}
	return v.write(status, "sender", r.Sender.Label, newSenderView(v.reader, r, v.actor.Administer, p))
}

func changeSender(v *visit) error {
	id, err := v.sender()
	if err != nil {
		return err
	}
	r, err := v.o.Senders.Change(v.r.Context(), v.asking(), id, v.typedSender())
	if p, status, ok := v.judge(err); ok {
		return v.showOneSender(status, p)
	}
	if err != nil {
		return err
	}
	return v.doneSender(r, "senders.changed")
}

func askSender(v *visit) error {
	id, err := v.sender()
	if err != nil {
		return err
	}
	r, err := v.o.Senders.Ask(v.r.Context(), v.asking(), id)
	if p, status, ok := v.judge(err); ok {
		return v.showOneSender(status, problem{Message: p.Message})
	}
	if err != nil {
		return err
	}
	return v.doneSender(r, "senders.asked")
}

func deleteSender(v *visit) error {
	id, err := v.sender()
	if err != nil {
		return err
	}
	if err := v.o.Senders.Delete(v.r.Context(), v.actor.Tenant, id); err != nil {
		return err
	}
	return v.done("/senders", "senders.deleted")
}
