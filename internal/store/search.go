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

// How many messages are looked at, one by one, for what no index knows in the
// order of time, so that one page costs the same whatever the number of messages:
// a part of their subject, and a domain that gets much of a tenant's mail. Such a
// domain has more than frequent deliveries; its mail is never far.
const (
	searched = 20_000
	walked   = 4_000
)

// frequent is a variable for tests.
var frequent = 10_000

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
	looked, err := q.looked(tenant, f)
	if err != nil {
		return nil, "", wrap("find messages", err)
	}
	messages, err := q.found(tenant, f, before, looked, page.Size()+1)
	if err != nil {
		return nil, "", wrap("find messages", err)
	}
	messages, next = cut(messages, page, func(m myodai.Message) string { return string(m.ID) })
	if next == "" && looked > 0 {
		next, err = q.lookedTo(tenant, before, looked)
	}
	if err == nil {
		list, err = q.summed(tenant, messages)
	}
	return list, next, wrap("find messages", err)
}

// looked is how many messages are looked at one by one; 0 when an index knows
// those that are asked for.
func (q session) looked(tenant myodai.TenantID, f MessageFilter) (int, error) {
	if f.bySubject() {
		return searched, nil
	}
	to := f.recipient()
	if to.Domain == "" || to.Local != "" || f.State != "" {
		return 0, nil
	}
	n, err := all(q, only[int], `
		select count(*) from (select 1 from deliveries where tenant_id = $1 and recipient_domain = $2 limit `+strconv.Itoa(frequent+1)+`) as few`,
		tenant, to.Domain)
	if err != nil || n[0] <= frequent {
		return 0, err
	}
	return walked, nil
}

// found reads up to size messages that pass the filter, newest first.
func (q session) found(tenant myodai.TenantID, f MessageFilter, before string, looked, size int) ([]myodai.Message, error) {
	from, limit := "messages", strconv.Itoa(size)
	if looked > 0 {
		from = `(select * from messages where tenant_id = $1 and id < $2 order by id desc limit ` + strconv.Itoa(looked) + `) as newest`
	}
	where, args := f.where(tenant, before, looked > 0, q.dialect.by)
	if looked == 0 && (f.State != "" || f.recipient() != (myodai.Address{})) {
		// The index knows which deliveries these are, and those of one state by time.
		index := "deliveries_recipient"
		if f.State != "" {
			index = "deliveries_trouble"
		}
		var of string
		of, args = f.delivered([]any{tenant, before})
		where = `tenant_id = $1 and id in (select message_id from (select distinct message_id from deliveries` + q.dialect.by(index) +
			` where tenant_id = $1 and message_id < $2` + of + ` order by message_id desc limit ` + limit + `) as those)`
	}
	return all(q, messageFields, `select `+messageColumns+` from `+from+` where `+where+` order by id desc limit `+limit, args...)
}

// delivered is the condition for deliveries that pass the filter, and all
// arguments with those before.
func (f MessageFilter) delivered(args []any) (string, []any) {
	var condition strings.Builder
	add := func(text string, value any) {
		args = append(args, value)
		condition.WriteString(strings.Replace(text, "?", "$"+strconv.Itoa(len(args)), 1))
	}
	if to := f.recipient(); to.Domain != "" {
		add(` and recipient_domain = ?`, to.Domain)
		if to.Local != "" {
			add(` and recipient_local = ?`, to.Local)
		}
	}
	if f.State != "" {
		add(` and state = ? and state <> 'accepted' and state <> 'delivered'`, f.State)
	}
	return condition.String(), args
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
func (f MessageFilter) where(tenant myodai.TenantID, before string, looked bool, by func(index string) string) (string, []any) {
	conditions, args := []string{`tenant_id = $1`, `id < $2`}, []any{tenant, before}
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		conditions = append(conditions, condition)
	}
	text := strings.TrimSpace(f.Text)
	switch {
	case text == "", f.recipient() != (myodai.Address{}):
	case strings.HasPrefix(text, "msg_"):
		add(`id = ?`, text)
	case strings.HasPrefix(text, "<"):
		add(`header_id = ?`, text)
	default:
		add(`lower(subject) like ? escape '!'`, "%"+escapeLike.Replace(strings.ToLower(text))+"%")
	}
	var of string
	if of, args = f.delivered(args); of != "" {
		from := "messages"
		if looked {
			from = "newest"
		}
		conditions = append(conditions, `exists (select 1 from deliveries`+by("deliveries_message")+` where deliveries.tenant_id = $1 and message_id = `+from+`.id`+of+`)`)
	}
	return strings.Join(conditions, " and "), args
}

// escapeLike keeps what people type from meaning something in a pattern.
var escapeLike = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// lookedTo is the cursor after the messages that were looked at; "" at the end.
func (q session) lookedTo(tenant myodai.TenantID, before string, looked int) (string, error) {
	last, err := all(q, only[string],
		`select id from messages where tenant_id = $1 and id < $2 order by id desc limit 1 offset `+strconv.Itoa(looked-1), tenant, before)
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
		select message_id, state, count(*), min(recipient_local), min(recipient_domain) from deliveries`+q.dialect.by("deliveries_message")+`
		 where tenant_id = $1 and message_id in (`+placeholders(2, len(messages))+`) group by message_id, state`, args...)
	for _, v := range sums {
		line := &list[at[v.message]]
		line.States[v.state] = v.count
		line.Recipient = myodai.Address{Local: v.local, Domain: myodai.Name(v.domain)}
	}
	return list, err
}
