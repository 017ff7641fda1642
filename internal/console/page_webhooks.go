package console

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/webhook"
)

func (s *Server) routeWebhooks() {
	const one = "/webhooks/{webhook}"
	s.add("GET /webhooks", administrators, listWebhooks)
	s.add("POST /webhooks", administrators, createWebhook)
	s.add("GET "+one, administrators, showWebhook)
	s.add("POST "+one+"/test", administrators, testWebhook)
	s.add("POST "+one+"/state", administrators, changeWebhookState)
	s.add("POST "+one+"/rotate", administrators, rotateWebhook)
	s.add("POST "+one+"/replay", administrators, replayWebhook)
	s.add("POST "+one+"/delete", administrators, deleteWebhook)
}

// webhooksView is the list of webhooks, with a form for another one.
type webhooksView struct {
	Lines   []webhookLine
	Next    string
	Fields  []field
	Kinds   []option
	Problem string
}

type webhookLine struct {
	ID, URL, Kinds, Reason string
	State                  chip
	Failing                moment
}

func listWebhooks(v *visit) error {
	return v.showWebhooks(http.StatusOK, "", nil, problem{})
}

func (v *visit) showWebhooks(status int, url string, kinds []string, p problem) error {
	list, next, err := v.o.Store.Webhooks(v.r.Context(), v.actor.Tenant, myodai.Page{After: v.r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	view := webhooksView{Problem: p.at("")}
	for _, w := range list {
		view.Lines = append(view.Lines, newWebhookLine(v.reader, w))
	}
	if next != "" {
		view.Next = "/webhooks?after=" + next
	}
	view.Fields = []field{{
		Name: "url", Label: v.say("webhooks.url"), Hint: v.say("webhooks.url_hint"), Type: "url", Code: true, Value: url, Problem: p.at("url"),
	}}
	for _, kind := range myodai.EventKinds {
		view.Kinds = append(view.Kinds, option{string(kind), string(kind), slices.Contains(kinds, string(kind))})
	}
	return v.write(status, "webhooks", v.say("webhooks.title"), view)
}

func newWebhookLine(r reader, w myodai.Webhook) webhookLine {
	line := webhookLine{
		ID: string(w.ID), URL: w.URL, Reason: w.Reason, Kinds: r.say("webhooks.all_kinds"), State: chip{r.say("webhooks.enabled"), toneGood},
		Failing: r.moment(w.FailingAt),
	}
	if n := len(w.Kinds); n > 0 {
		line.Kinds = r.say("webhooks.some_kinds", n)
	}
	switch {
	case w.State == myodai.WebhookDisabled:
		line.State = chip{r.say("webhooks.disabled"), toneBad}
	case !w.FailingAt.IsZero():
		line.State = chip{r.say("webhooks.failing"), toneWarn}
	}
	return line
}

func createWebhook(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return myodai.Invalidf("the form cannot be read")
	}
	url, chosen := v.r.PostFormValue("url"), v.r.PostForm["kind"]
	kinds := make([]myodai.EventKind, len(chosen))
	for i, kind := range chosen {
		kinds[i] = myodai.EventKind(kind)
	}
	w, err := v.o.Webhooks.Create(v.r.Context(), v.actor.Tenant, url, kinds)
	if p, status, ok := v.judge(err); ok {
		return v.showWebhooks(status, url, chosen, p)
	}
	if err != nil {
		return err
	}
	return v.done("/webhooks/"+string(w.ID), "webhooks.created")
}

// webhookView is one webhook with what it was told.
type webhookView struct {
	webhookLine
	Enabled bool
	Secrets []copyable
	Until   moment // when the former secret ends; zero without one
	Retry   moment
	Wanted  []myodai.EventKind
	Told    []notificationLine
	Next    string
	Tried   *responseView // a test just made, nil for none
}

type notificationLine struct {
	At       moment
	Kind, ID string
	State    chip
	Attempts int
	Due      moment
	Response responseView
}

type responseView struct {
	Status, Text, Took string
	OK                 bool
}

func showWebhook(v *visit) error { return v.showWebhook(nil) }

func (v *visit) showWebhook(tried *responseView) error {
	w, err := v.webhook()
	if err != nil {
		return err
	}
	list, next, err := v.o.Store.Notifications(v.r.Context(), v.actor.Tenant, w.ID, myodai.Page{After: v.r.URL.Query().Get("after"), Limit: 30})
	if err != nil {
		return err
	}
	view := newWebhookView(v.reader, w, list)
	view.Tried = tried
	if next != "" {
		view.Next = "/webhooks/" + string(w.ID) + "?after=" + next
	}
	return v.show("webhook", v.say("webhooks.one"), view)
}

// webhook is the one that the address names.
func (v *visit) webhook() (myodai.Webhook, error) {
	id, err := myodai.ParseID[myodai.WebhookID](v.r.PathValue("webhook"))
	if err != nil {
		return myodai.Webhook{}, errNoPage
	}
	return v.o.Store.Webhook(v.r.Context(), v.actor.Tenant, id)
}

func newWebhookView(r reader, w myodai.Webhook, list []myodai.Notification) webhookView {
	view := webhookView{webhookLine: newWebhookLine(r, w), Enabled: w.State == myodai.WebhookEnabled, Retry: r.moment(w.RetryAt), Wanted: w.Kinds}
	for i, s := range w.Secrets {
		if !s.Until.IsZero() && !r.now.Before(s.Until) {
			continue
		}
		label := r.say("webhooks.secret")
		if i > 0 {
			label, view.Until = r.say("webhooks.former_secret"), r.moment(s.Until)
		}
		view.Secrets = append(view.Secrets, copyable{Label: label, Value: s.Text})
	}
	states := map[myodai.NotificationState]chip{
		myodai.NotificationDue:       {r.say("webhooks.state_due"), toneOpen},
		myodai.NotificationDelivered: {r.say("webhooks.state_delivered"), toneGood},
		myodai.NotificationFailed:    {r.say("webhooks.state_failed"), toneBad},
	}
	for _, n := range list {
		line := notificationLine{
			At: r.moment(n.Event.At), Kind: string(n.Event.Kind), ID: string(n.Event.ID), State: states[n.State], Attempts: n.Attempts,
		}
		if n.State == myodai.NotificationDue && n.Attempts > 0 {
			line.Due = r.moment(n.DueAt)
		}
		if !n.Last.At.IsZero() {
			line.Response = newResponseView(n.Last)
		}
		view.Told = append(view.Told, line)
	}
	return view
}

func newResponseView(r myodai.Response) responseView {
	view := responseView{Text: r.Text, Took: strconv.FormatInt(r.Took.Milliseconds(), 10), OK: r.OK()}
	if r.Status != 0 {
		view.Status = strconv.Itoa(r.Status)
	}
	return view
}

func testWebhook(v *visit) error {
	w, err := v.webhook()
	if err != nil {
		return err
	}
	response, err := v.o.Webhooks.Test(v.r.Context(), v.actor.Tenant, w.ID)
	if err != nil {
		return err
	}
	tried := newResponseView(response)
	return v.showWebhook(&tried)
}

// changed carries out a change and goes back to the webhook's page.
func (v *visit) changed(c webhook.Change, said string) error {
	w, err := v.webhook()
	if err != nil {
		return err
	}
	if _, err := v.o.Webhooks.Update(v.r.Context(), v.actor.Tenant, w.ID, c); err != nil {
		return err
	}
	return v.done("/webhooks/"+string(w.ID), said)
}

func changeWebhookState(v *visit) error {
	state := myodai.WebhookState(v.r.PostFormValue("state"))
	return v.changed(webhook.Change{State: &state}, "webhooks.changed")
}

func rotateWebhook(v *visit) error {
	return v.changed(webhook.Change{Rotate: true}, "webhooks.rotated")
}

// replayFor is how far back a replay goes when somebody presses the button.
const replayFor = 72 * time.Hour

func replayWebhook(v *visit) error {
	w, err := v.webhook()
	if err != nil {
		return err
	}
	n, err := v.o.Webhooks.Replay(v.r.Context(), v.actor.Tenant, w.ID, v.now.Add(-replayFor))
	if err != nil {
		return err
	}
	return v.done("/webhooks/"+string(w.ID), "webhooks.replayed", strconv.Itoa(n))
}

func deleteWebhook(v *visit) error {
	w, err := v.webhook()
	if err != nil {
		return err
	}
	if err := v.o.Webhooks.Delete(v.r.Context(), v.actor.Tenant, w.ID); err != nil {
		return err
	}
	return v.done("/webhooks", "webhooks.deleted")
}
