package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// MessageFilter is which messages are looked for; all that is given must hold.
type MessageFilter struct {
	// Text is an id, a Message-ID in angle brackets, an address or a domain that
	// got the mail, or a part of the subject; "" for any.
	Text  string
	State myodai.DeliveryState // that one of its deliveries is in: held, deferred, bounced, expired or suppressed; "" for any
}

// searched is how many messages are looked at for a part of their subject, so
// that one page costs the same whatever the number of messages.
const searched = 20_000

// MessageLine is a message with what became of it, in short.
type MessageLine struct {
	myodai.Message
	Recipient myodai.Address // one of them
	States    map[myodai.DeliveryState]int
}

// FindMessages lists a tenant's messages that pass the filter, newest first. A
// page may hold fewer than asked for, and none, when there is a next one: who
// looks for a subject goes through them piece by piece.
func (s *Store) FindMessages(ctx context.Context, tenant myodai.TenantID, f MessageFilter, page myodai.Page) (list []MessageLine, next string, err error) {
	before, err := cursor(page, afterAll)
	if err != nil {
		return nil, "", err
	}
	q := s.read(ctx)
	where, args := f.where(tenant, before)
	from, size := "messages", page.Size()+1
	if f.bySubject() {
		from = `(select * from messages where tenant_id = $1 and id < $2 order by id desc limit ` + strconv.Itoa(searched) + `) as newest`
	}
	messages, err := all(q, messageFields,
		`select `+messageColumns+` from `+from+` where `+where+` order by id desc limit `+strconv.Itoa(size), args...)
	if err != nil {
		return nil, "", wrap("find messages", err)
	}
	messages, next = cut(messages, page, func(m myodai.Message) string { return string(m.ID) })
	if next == "" && f.bySubject() {
		next, err = q.searchedTo(tenant, before)
	}
	if err == nil {
		list, err = q.summed(tenant, messages)
	}
	return list, next, wrap("find messages", err)
}

// bySubject reports whether the text is part of a subject: nothing else that it
// could be, and so nothing an index knows.
func (f MessageFilter) bySubject() bool {
	text := strings.TrimSpace(f.Text)
	return text != "" && !strings.HasPrefix(text, "msg_") && !strings.HasPrefix(text, "<") && f.recipient() == (myodai.Address{})
}

// recipient is the address or domain that the text is; its local part is "" for
// a domain.
func (f MessageFilter) recipient() myodai.Address {
	text := strings.TrimSpace(f.Text)
	if a, err := myodai.ParseAddress(text); err == nil {
		return a
	}
	if !strings.Contains(text, ".") || strings.ContainsAny(text, " \t") {
		return myodai.Address{}
	}
	domain, err := myodai.ParseName(strings.TrimPrefix(text, "@"))
	if err != nil {
		return myodai.Address{}
	}
	return myodai.Address{Domain: domain}
}

// where is the condition of the filter, and its arguments.
func (f MessageFilter) where(tenant myodai.TenantID, before string) (string, []any) {
	conditions, args := []string{`tenant_id = $1`, `id < $2`}, []any{tenant, before}
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		conditions = append(conditions, condition)
	}
	text := strings.TrimSpace(f.Text)
	switch to := f.recipient(); {
	case text == "":
	case strings.HasPrefix(text, "msg_"):
		add(`id = ?`, text)
	case strings.HasPrefix(text, "<"):
		add(`header_id = ?`, text)
	case to.Local != "":
		add(`id in (select message_id from deliveries where tenant_id = $1 and recipient_domain = ? and recipient_local = ?)`, to.Domain, to.Local)
	case to.Domain != "":
		add(`id in (select message_id from deliveries where tenant_id = $1 and recipient_domain = ?)`, to.Domain)
	default:
		add(`lower(subject) like ? escape '!'`, "%"+escapeLike.Replace(strings.ToLower(text))+"%")
	}
	if f.State != "" {
		add(`id in (select message_id from deliveries where tenant_id = $1 and state = ?
			and state in ('held', 'deferred', 'bounced', 'expired', 'suppressed'))`, f.State)
	}
	return strings.Join(conditions, " and "), args
}

// escapeLike keeps what people type from meaning something in a pattern.
var escapeLike = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// searchedTo is the cursor after the messages that were looked at; "" at the end.
func (q session) searchedTo(tenant myodai.TenantID, before string) (string, error) {
	last, err := all(q, only[string],
		`select id from messages where tenant_id = $1 and id < $2 order by id desc limit 1 offset `+strconv.Itoa(searched-1), tenant, before)
	if err != nil || len(last) == 0 {
		return "", err
	}
	return last[0], nil
}

// summed adds to messages what became of them.
func (q session) summed(tenant myodai.TenantID, messages []myodai.Message) ([]MessageLine, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	at, args := map[myodai.MessageID]int{}, []any{tenant}
	list := make([]MessageLine, len(messages))
	for i, m := range messages {
		list[i] = MessageLine{Message: m, States: map[myodai.DeliveryState]int{}}
		at[m.ID] = i
		args = append(args, m.ID)
	}
	type sum struct {
		message       myodai.MessageID
		state         myodai.DeliveryState
		count         int
		local, domain string
	}
	sums, err := all(q, func(v *sum) []any { return []any{&v.message, &v.state, &v.count, &v.local, &v.domain} }, `
		select message_id, state, count(*), min(recipient_local), min(recipient_domain) from deliveries
		 where tenant_id = $1 and message_id in (`+placeholders(2, len(messages))+`) group by message_id, state`, args...)
	for _, v := range sums {
		line := &list[at[v.message]]
		line.States[v.state] = v.count
		line.Recipient = myodai.Address{Local: v.local, Domain: myodai.Name(v.domain)}
	}
	return list, err
}
