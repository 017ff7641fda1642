package console

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func (s *Server) routeMessages() {
	s.add("GET /messages", members, listMessages)
	s.add("GET /messages/{message}", members, showMessage)
	s.routeHeld()
}

// foundStates are the states that can be looked for.
var foundStates = []myodai.DeliveryState{
	myodai.DeliveryBounced, myodai.DeliveryDeferred, myodai.DeliveryHeld, myodai.DeliverySuppressed, myodai.DeliveryExpired,
}

// messagesView is the list of messages.
type messagesView struct {
	Text   string
	States []option
	Lines  []messageLine
	Next   string
	Asked  bool // something is looked for
}

type messageLine struct {
	ID, Subject, From, To string
	More                  int // recipients beside To
	States                []chip
	At                    moment
}

func listMessages(v *visit) error {
	query := v.r.URL.Query()
	f := store.MessageFilter{Text: query.Get("q"), State: myodai.DeliveryState(query.Get("state"))}
	if !slices.Contains(foundStates, f.State) {
		f.State = ""
	}
	list, next, err := v.o.Store.FindMessages(v.r.Context(), v.actor.Tenant, f, myodai.Page{After: query.Get("after")})
	if err != nil {
		return err
	}
	view := newMessagesView(v.reader, f, list)
	if next != "" {
		view.Next = "/messages?" + url.Values{"q": {f.Text}, "state": {string(f.State)}, "after": {next}}.Encode()
	}
	return v.show("messages", v.say("messages.title"), view)
}

func newMessagesView(r reader, f store.MessageFilter, list []store.MessageLine) messagesView {
	view := messagesView{Text: f.Text, Asked: f != store.MessageFilter{}, States: []option{{"", r.say("messages.any"), f.State == ""}}}
	for _, state := range foundStates {
		view.States = append(view.States, option{string(state), r.say("messages.state_" + string(state)), f.State == state})
	}
	for _, m := range list {
		line := messageLine{ID: string(m.ID), Subject: m.Subject, From: m.From.String(), To: m.Recipient.String(), At: r.moment(m.AcceptedAt), More: -1}
		for _, state := range deliveryStates {
			n := m.States[state]
			if line.More += n; n > 0 {
				c := r.deliveryChip(state)
				if n > 1 {
					c.Label += " " + strconv.Itoa(n)
				}
				line.States = append(line.States, c)
			}
		}
		view.Lines = append(view.Lines, line)
	}
	return view
}

// deliveryStates are all states, those that want attention first.
var deliveryStates = []myodai.DeliveryState{
	myodai.DeliveryBounced, myodai.DeliveryExpired, myodai.DeliverySuppressed, myodai.DeliveryHeld, myodai.DeliveryDeferred,
	myodai.DeliveryAccepted, myodai.DeliveryDelivered,
}

func (r reader) deliveryChip(state myodai.DeliveryState) chip {
	tones := map[myodai.DeliveryState]tone{
		myodai.DeliveryDelivered: toneGood, myodai.DeliveryAccepted: toneOpen, myodai.DeliveryDeferred: toneWarn,
		myodai.DeliveryHeld: toneWarn, myodai.DeliverySuppressed: toneWarn, myodai.DeliveryBounced: toneBad, myodai.DeliveryExpired: toneBad,
	}
	return chip{r.say("messages.state_" + string(state)), tones[state]}
}

// messageView is one message with all that became of it.
type messageView struct {
	ID, Subject, From, HeaderID, Class string
	Accepted                           moment
	Size                               string
	Unsigned                           string // why it has no signatures, as a word; "" when it has
	Alignment                          alignment
	Deliveries                         []deliveryView
}

// deliveryView is what happened to one recipient's copy.
type deliveryView struct {
	Recipient, Route string
	State            chip
	Next             moment // of the next attempt; zero for none
	Why              string // there is no attempt, or no further one
	Held             *heldView
	Steps            []stepView
}

// stepView is one thing that happened.
type stepView struct {
	At                moment
	What              chip
	Text, Server, TLS string
	Dialogue          string
	Took              string
	Number            int
}

func showMessage(v *visit) error {
	id, err := myodai.ParseID[myodai.MessageID](v.r.PathValue("message"))
	if err != nil {
		return errNoPage
	}
	ctx, tenant := v.r.Context(), v.actor.Tenant
	m, err := v.o.Store.Message(ctx, tenant, id)
	if err != nil {
		return err
	}
	body, signed, err := v.o.Store.Body(ctx, tenant, id)
	if err != nil {
		return err
	}
	list, err := v.o.Store.Deliveries(ctx, tenant, id)
	if err != nil {
		return err
	}
	view := newMessageView(v.reader, m, list, body)
	view.Unsigned = unsigned(m, list, signed)
	for i, d := range list {
		view.Deliveries[i].Held = newHeldView(d, v.actor.may(administrators), v.o.Submission != nil)
		if d.Attempts == 0 {
			continue
		}
		attempts, err := v.o.Store.Attempts(ctx, tenant, d.ID)
		if err != nil {
			return err
		}
		view.Deliveries[i].Steps = append(view.Deliveries[i].Steps, newSteps(v.reader, attempts)...)
	}
	title := m.Subject
	if title == "" {
		title = v.say("messages.no_subject")
	}
	return v.show("message", title, view)
}

func newMessageView(r reader, m myodai.Message, list []myodai.Delivery, body []byte) messageView {
	view := messageView{
		ID: string(m.ID), Subject: m.Subject, From: m.From.String(), HeaderID: m.HeaderID, Class: string(m.Class),
		Accepted: r.moment(m.AcceptedAt), Size: r.size(m.Size),
	}
	var returnPath myodai.Name
	for _, d := range list {
		returnPath = d.ReturnPath.Domain
		line := deliveryView{
			Recipient: d.Recipient.String(), Route: string(d.Route), State: r.deliveryChip(d.State),
			Steps: []stepView{{At: r.moment(d.QueuedAt), What: chip{r.say("messages.state_accepted"), toneOpen}}},
		}
		if d.State == myodai.DeliveryAccepted || d.State == myodai.DeliveryDeferred {
			line.Next = r.moment(d.DueAt)
		}
		if d.State == myodai.DeliverySuppressed || d.State == myodai.DeliveryHeld {
			line.Why = d.Last.Text
		}
		view.Deliveries = append(view.Deliveries, line)
	}
	view.Alignment = newAlignment(m.From.Domain, returnPath, body)
	return view
}

// unsigned is the word for why a message has no signatures yet; "" when it has.
func unsigned(m myodai.Message, list []myodai.Delivery, signed bool) string {
	open := slices.ContainsFunc(list, func(d myodai.Delivery) bool { return !d.State.Terminal() })
	switch {
	case signed && m.Basis != "":
		return ""
	case open:
		return "messages.signed_later"
	}
	return "messages.never_signed"
}

func newSteps(r reader, attempts []myodai.Attempt) []stepView {
	kinds := map[myodai.OutcomeKind]chip{
		myodai.OutcomeDelivered: r.deliveryChip(myodai.DeliveryDelivered),
		myodai.OutcomeTransient: r.deliveryChip(myodai.DeliveryDeferred),
		myodai.OutcomePermanent: r.deliveryChip(myodai.DeliveryBounced),
	}
	var steps []stepView
	for _, a := range attempts {
		o := a.Outcome
		step := stepView{
			At: r.moment(o.At), What: kinds[o.Kind], Text: o.Text, Server: o.Host, TLS: o.TLS, Dialogue: o.Dialogue,
			Number: a.Number, Took: strconv.FormatFloat(o.Took.Seconds(), 'f', 1, 64),
		}
		if o.Code != 0 {
			step.Text = strconv.Itoa(o.Code) + " " + o.Enhanced + " " + o.Text
		}
		if o.Address != "" {
			step.Server += " (" + o.Address + ")"
		}
		steps = append(steps, step)
	}
	return steps
}

// size is a number of octets for people.
func (r reader) size(octets int64) string {
	if octets < 10_000 {
		return r.say("messages.octets", octets)
	}
	return r.say("messages.kilobytes", (octets+500)/1000)
}
