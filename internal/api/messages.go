package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/submission"
)

// Message is a mail we took responsibility for.
type Message struct {
	ID         myodai.MessageID `json:"id"`
	DomainID   myodai.DomainID  `json:"domain_id,omitempty" doc:"The verified domain it is sent as; missing when it rests on something else."`
	Basis      myodai.Basis     `json:"basis,omitempty" enum:"domain,address,platform,normal" doc:"What entitles it to its From: a verified domain; an address confirmed by itself, which mailboxes show as 'via' the platform; the platform's own address; nothing, by the normal path. Missing while it is held."`
	Class      myodai.ClassName `json:"class" doc:"What kind of mail it is."`
	From       string           `json:"from"`
	Subject    string           `json:"subject"`
	HeaderID   string           `json:"header_id" doc:"The Message-ID header field."`
	Size       int64            `json:"size" doc:"Octets, signatures included as soon as it has them: mail that is held, or that waits for its site, is signed later."`
	AcceptedAt time.Time        `json:"accepted_at"`
	ExpiresAt  time.Time        `json:"expires_at" doc:"When we stop trying."`
}

// Delivery is one recipient's copy of a message.
type Delivery struct {
	ID           myodai.DeliveryID    `json:"id"`
	TenantID     myodai.TenantID      `json:"tenant_id"`
	MessageID    myodai.MessageID     `json:"message_id"`
	Recipient    string               `json:"recipient"`
	ReturnPath   string               `json:"return_path"`
	Route        myodai.Route         `json:"route,omitempty" doc:"Which way it goes; missing while it waits to be verified."`
	State        myodai.DeliveryState `json:"state" enum:"accepted,deferred,delivered,bounced,expired,suppressed,held"`
	ShownAs      myodai.DeliveryState `json:"shown_as,omitempty" enum:"delivered" doc:"What an application is to take a suppressed delivery for whose sender gets a bounce: the mail counts as sent. Missing when that is what state says."`
	Hold         myodai.Hold          `json:"hold,omitempty" enum:"suppressed,standing,crashed" doc:"What a held delivery waits for: its recipient to be mailed again, a hold to be released, or the operator, because the program died at it. Missing: its author to be verified."`
	ProbeOf      myodai.SuppressionID `json:"probe_of,omitempty" doc:"The suppression that this delivery puts to the test."`
	AttemptCount int                  `json:"attempt_count"`
	DueAt        time.Time            `json:"due_at,omitzero" doc:"When it may be attempted next; missing when it never will be, and while it is held."`
	QueuedAt     time.Time            `json:"queued_at"`
	ExpiresAt    time.Time            `json:"expires_at"`
	Notify       myodai.Notify        `json:"notify,omitempty" doc:"When the author gets a notification, as it was asked for: some of success, failure and delay with commas, or never." example:"success,failure"`
	TLS          myodai.TLSRule       `json:"tls,omitempty" enum:"optional,required,verified,requiretls" doc:"What is asked of the connections it leaves by."`
	EnvelopeID   string               `json:"envelope_id,omitempty" doc:"By which the submitter knows it again."`
	Last         string               `json:"last" doc:"How the newest attempt ended, in short, or why there is none: accepted, not sent: suppressed since …, because …; empty before."`
}

// Attempt is one try at one recipient.
type Attempt struct {
	ID      myodai.AttemptID `json:"id"`
	Number  int              `json:"number"`
	Outcome Outcome          `json:"outcome"`
}

// Outcome is what an attempt ended in.
type Outcome struct {
	Kind     myodai.OutcomeKind `json:"kind" enum:"delivered,transient,permanent"`
	Code     int                `json:"code" doc:"The SMTP reply code; 0 when no reply decided it."`
	Enhanced string             `json:"enhanced" doc:"RFC 3463, such as 5.1.1; empty when none was given."`
	Text     string             `json:"text" doc:"The reply, or our own words."`
	Host     string             `json:"host" doc:"The MX host; empty when none was reached."`
	Address  string             `json:"address"`
	TLS      string             `json:"tls" doc:"Empty for none."`
	Dialogue string             `json:"dialogue" doc:"What both sides said, without the message."`
	At       time.Time          `json:"at"`
	Seconds  float64            `json:"seconds" doc:"How long it took."`
}

// AcceptedMessage is a message with its deliveries.
type AcceptedMessage struct {
	Message
	Deliveries []Delivery `json:"deliveries" doc:"One per recipient, suppressed ones included."`
}

// DeliveryWithAttempts is a delivery with everything that was tried.
type DeliveryWithAttempts struct {
	Delivery
	Attempts []Attempt `json:"attempts"`
}

// MessageWithAttempts is all there is to say about a message.
type MessageWithAttempts struct {
	Message
	Deliveries []DeliveryWithAttempts `json:"deliveries"`
}

func showMessage(m myodai.Message) Message {
	return Message{
		ID: m.ID, DomainID: m.DomainID, Basis: m.Basis, Class: m.Class, From: m.From.String(), Subject: m.Subject, HeaderID: m.HeaderID, Size: m.Size,
		AcceptedAt: utc(m.AcceptedAt), ExpiresAt: utc(m.ExpiresAt),
	}
}

func showDelivery(d myodai.Delivery) Delivery {
	out := Delivery{
		ID: d.ID, TenantID: d.TenantID, MessageID: d.MessageID, Recipient: d.Recipient.String(), ReturnPath: d.ReturnPath.String(),
		Route: d.Route, State: d.State, AttemptCount: d.Attempts, QueuedAt: utc(d.QueuedAt), ExpiresAt: utc(d.ExpiresAt), Last: brief(d.Last),
		Hold: d.Hold, ProbeOf: d.Probe, Notify: d.Terms.Notify, TLS: d.Terms.TLS, EnvelopeID: d.Terms.EnvelopeID,
	}
	if d.State == myodai.DeliverySuppressed && d.Notify && d.Terms.Notify == "" {
		out.ShownAs = myodai.DeliveryDelivered
	}
	if !d.State.Terminal() && d.State != myodai.DeliveryHeld {
		out.DueAt = utc(d.DueAt)
	}
	return out
}

// brief is an outcome on one line: "550 5.1.1 no such user".
func brief(o myodai.Outcome) string {
	switch {
	case o.Kind == "":
		return ""
	case o.Code == 0:
		return o.Text
	case o.Enhanced == "":
		return fmt.Sprintf("%d %s", o.Code, o.Text)
	}
	return fmt.Sprintf("%d %s %s", o.Code, o.Enhanced, o.Text)
}

func showAttempt(a myodai.Attempt) Attempt {
	o := a.Outcome
	return Attempt{ID: a.ID, Number: a.Number, Outcome: Outcome{
		Kind: o.Kind, Code: o.Code, Enhanced: o.Enhanced, Text: o.Text, Host: o.Host, Address: o.Address, TLS: o.TLS,
		Dialogue: o.Dialogue, At: utc(o.At), Seconds: o.Took.Seconds(),
	}}
}

// sendInput is the request of send-message.
type sendInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Makes the request safe to repeat for 24 hours: the same key means the same message. Printable ASCII, chosen by the client."`
	Body           NewMessage
}

// sendOutput is the answer to send-message.
type sendOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true when the key had been used before, and nothing new was accepted."`
	Body     AcceptedMessage
}

func (s *Server) registerMessages() {
	register(s, operation{
		id: "send-message", method: http.MethodPost, path: "/messages", tag: "messages", scope: scopeTenant, action: access.ActionSend, unaudited: true,
		summary: "Send a message", status: http.StatusAccepted,
		details: "202 says that the message is stored durably and that we are responsible for it from now on.",
		// Base64 makes four octets of three; a megabyte is for everything around.
		maxBody: s.o.MaxSize/3*4 + 1<<20,
	}, s.sendMessage)
	register(s, operation{
		id: "list-messages", method: http.MethodGet, path: "/messages", tag: "messages", scope: scopeTenant,
		summary: "List messages, newest first",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[Message], error) {
		list, next, err := s.o.Store.Messages(ctx, who.TenantID, in.page())
		return listOf(list, next, showMessage), err
	})
	register(s, operation{
		id: "get-message", method: http.MethodGet, path: "/messages/{message_id}", tag: "messages", scope: scopeTenant,
		summary: "Show a message, its deliveries, and every attempt with its dialogue",
	}, s.getMessage)
}

func (s *Server) sendMessage(ctx context.Context, who myodai.Credential, in *sendInput) (*sendOutput, error) {
	raw, recipients, err := in.Body.read(time.Now(), s.o.Random)
	if err != nil {
		return nil, err
	}
	terms, err := in.Body.terms()
	if err != nil {
		return nil, err
	}
	r := submission.Request{Terms: terms, Credential: who, Recipients: recipients, Raw: raw, Class: myodai.ClassName(in.Body.Class), Track: in.Body.Track,
		Suppressed: myodai.SuppressedRule(in.Body.Suppressed), IdempotencyKey: in.IdempotencyKey}
	if r.IdempotencyKey != "" {
		if r.RequestHash, err = hashRequest(in.Body); err != nil {
			return nil, err
		}
	}
	result, err := s.o.Submission.Submit(ctx, r)
	if err != nil {
		return nil, err
	}
	out := &sendOutput{Body: AcceptedMessage{Message: showMessage(result.Message), Deliveries: []Delivery{}}}
	for _, d := range result.Deliveries {
		shown := showDelivery(d)
		if shown.ShownAs != "" { // D14: the application is told that all is well; get-message tells the truth (F8)
			shown.State, shown.ShownAs, shown.Last, shown.DueAt = myodai.DeliveryAccepted, "", "", utc(d.DueAt)
		}
		out.Body.Deliveries = append(out.Body.Deliveries, shown)
	}
	if result.Repeated {
		out.Replayed = "true"
	}
	return out, nil
}

// hashRequest is a hash of what a request means: the order of its fields and
// the space between them do not matter, since a repeating client may differ.
func hashRequest(n NewMessage) (sum [32]byte, err error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(n); err != nil {
		return sum, fmt.Errorf("hash request: %w", err)
	}
	h.Sum(sum[:0])
	return sum, nil
}

func (s *Server) getMessage(ctx context.Context, who myodai.Credential, in *struct {
	MessageID string `path:"message_id"`
}) (*output[MessageWithAttempts], error) {
	id, err := pathID(myodai.ParseID[myodai.MessageID], in.MessageID, "message")
	if err != nil {
		return nil, err
	}
	m, err := s.o.Store.Message(ctx, who.TenantID, id)
	if err != nil {
		return nil, err
	}
	deliveries, err := s.o.Store.Deliveries(ctx, who.TenantID, id)
	if err != nil {
		return nil, err
	}
	out := MessageWithAttempts{Message: showMessage(m), Deliveries: []DeliveryWithAttempts{}}
	for _, d := range deliveries {
		attempts, err := s.o.Store.Attempts(ctx, who.TenantID, d.ID)
		if err != nil {
			return nil, err
		}
		shown := DeliveryWithAttempts{Delivery: showDelivery(d), Attempts: []Attempt{}}
		for _, a := range attempts {
			shown.Attempts = append(shown.Attempts, showAttempt(a))
		}
		out.Deliveries = append(out.Deliveries, shown)
	}
	return outputOf(out), nil
}
