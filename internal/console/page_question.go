package console

import (
	"net/http"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/senders"
)

// routeQuestion is the page behind the link in the mail that asks to confirm a
// sender address. Opening it changes nothing, because programs open links, too:
// there is a button, and beside it the requester's session or code (T10).
func (s *Server) routeQuestion() {
	s.add("GET /confirm/{token}", everyone, showQuestion)
	s.add("POST /confirm/{token}", everyone, answerQuestion)
}

// questionView is that page.
type questionView struct {
	Tenant, Address, Via string
	Until                moment
	Code                 *field // nil for who is signed in as the tenant that asks
	Problem              string
	Done                 string // what became of it; "" while it is open
	Tone                 tone
}

func showQuestion(v *visit) error { return v.question(http.StatusOK, problem{}) }

func (v *visit) question(status int, p problem) error {
	q, err := v.o.Senders.Look(v.r.Context(), v.r.PathValue("token"))
	if err != nil {
		return err
	}
	v.w.Header().Set("Referrer-Policy", "no-referrer") // the address of this page is a secret (T13)
	return v.write(status, "question", v.say("question.title"), newQuestionView(v.reader, v.actor.Tenant, q, p))
}

func newQuestionView(r reader, session myodai.TenantID, q senders.Question, p problem) questionView {
	view := questionView{
		Tenant: q.Tenant, Address: q.Address.String(), Via: string(q.Via), Until: r.moment(q.ExpiresAt),
	}
	if p.Field != "code" { // of the address there is no field here
		view.Problem = p.Message
	}
	if session != q.Confirmation.TenantID {
		view.Code = &field{
			Name: "code", Label: r.say("question.code"), Hint: r.say("question.code_hint", q.Tenant), Mode: "numeric", Code: true,
			Complete: "one-time-code", Problem: p.at("code"),
		}
	}
	switch ending := q.Confirmation.Ending; {
	case ending == myodai.ConfirmationConfirmed:
		view.Done, view.Tone = r.say("question.confirmed", view.Address), toneGood
	case ending == myodai.ConfirmationDenied:
		view.Done, view.Tone = r.say("question.denied"), toneNone
	case ending == myodai.ConfirmationReplaced:
		view.Done, view.Tone = r.say("question.replaced"), toneWarn
	case !q.Confirmation.Open(r.now):
		view.Done, view.Tone = r.say("question.expired"), toneWarn
	}
	return view
}

func answerQuestion(v *visit) error {
	token := v.r.PathValue("token")
	var err error
	if v.r.PostFormValue("answer") == "deny" {
		if v.r.PostFormValue("sure") == "" { // programs press buttons, too, and people tick the box (T10)
			return v.question(http.StatusUnprocessableEntity, problem{Message: v.say("question.unsure")})
		}
		_, err = v.o.Senders.Deny(v.r.Context(), token)
	} else {
		_, err = v.o.Senders.Confirm(v.r.Context(), token, v.actor.Tenant, v.r.PostFormValue("code"))
	}
	if p, status, ok := v.judge(err); ok {
		return v.question(status, p)
	}
	if err != nil {
		return err
	}
	return v.to("/confirm/" + token)
}
