package submission

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/crash"
)

// NoticeStore is what a Notifier needs of the store.
type NoticeStore interface {
	// ClaimNotices leases DSNs that are to be written, one per message.
	ClaimNotices(ctx context.Context, most int, now, until time.Time) ([]myodai.Notice, error)
	// Body reads the message a DSN is about.
	Body(ctx context.Context, tenant myodai.TenantID, message myodai.MessageID) (octets []byte, signed bool, err error)
	// FinishNotice forgets a DSN and writes the events about it.
	FinishNotice(ctx context.Context, n myodai.Notice, events ...myodai.Event) error
}

// maxReturned is the largest message that comes back whole with a DSN, in octets,
// and only when its submitter asks for it. One that was sent with REQUIRETLS never
// does: its DSN may go where that is not known (RFC 8689 §5).
const maxReturned = 1 << 20

// How many DSNs one sender gets: many at once, for a mailing is one moment, and
// then one every few seconds.
const (
	noticeBurst = 1000
	noticeEvery = 5 * time.Second
	maxSenders  = 10_000 // whose rates are remembered
)

// Notifier writes the DSNs that senders asked for: system D's way, by which every
// mail that is not delivered comes back as one from MAILER-DAEMON (D16). It writes
// one per message, only about mail that an authenticated tenant submitted, with a
// null return path, and never about mail that is an answer itself (T38, T39).
type Notifier struct {
	engine *Engine
	store  NoticeStore
	log    *slog.Logger
	mu     sync.Mutex
	rates  map[string]*rate.Limiter // by tenant and sender
}

// NewNotifier makes a Notifier whose mail goes through the engine. log may be nil.
func NewNotifier(engine *Engine, store NoticeStore, log *slog.Logger) *Notifier {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Notifier{engine: engine, store: store, log: log.With("room", "submission"), rates: map[string]*rate.Limiter{}}
}

const (
	noticePoll  = time.Second
	noticeLease = 5 * time.Minute
	noticeBatch = 50
)

// Run writes what is to be written until ctx ends.
func (n *Notifier) Run(ctx context.Context) error {
	tick := time.NewTicker(noticePoll)
	defer tick.Stop()
	failing := false
	for {
		more, err := n.Work(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			n.log.ErrorContext(ctx, "write DSNs", "err", err)
		}
		if failing = err != nil; more {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Work writes one batch, and reports whether there may be more.
func (n *Notifier) Work(ctx context.Context) (more bool, err error) {
	now := time.Now()
	list, err := n.store.ClaimNotices(ctx, noticeBatch, now, now.Add(noticeLease))
	if err != nil {
		return false, err
	}
	var failed error
	for _, notice := range list {
		if err := n.write(ctx, notice, now); err != nil {
			failed = err
		}
	}
	return len(list) > 0 && failed == nil, failed
}

// write sends one DSN, or says in the record why not. The key makes a DSN that was
// sent before a crash be sent no second time.
func (n *Notifier) write(ctx context.Context, notice myodai.Notice, now time.Time) error {
	m := notice.Message
	data := map[string]any{"deliveries": len(notice.Deliveries), "kind": string(notice.Kind)}
	body, to, skipped, err := n.sender(ctx, m)
	if err != nil {
		return err
	}
	if skipped == "" && !n.mayWrite(string(m.TenantID)+" "+to.String(), now) {
		skipped = "too many notices to this sender"
	}
	if data["to"] = to.String(); skipped != "" {
		data["skipped"] = skipped
	} else {
		crash.Point("notice", "before it is sent")
		id, err := n.send(ctx, notice, body, to, now)
		if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Code != myodai.CodeUnavailable {
			data["skipped"] = refusal.Message
		} else if err != nil {
			return fmt.Errorf("send a DSN about %s: %w", m.ID, err)
		}
		data["notice"] = string(id)
	}
	crash.Point("notice", "after it is sent")
	event := myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, n.engine.o.Random), TenantID: m.TenantID, Kind: myodai.EventMessageNotified, At: now,
		DomainID: m.DomainID, MessageID: m.ID, Data: data,
	}
	return n.store.FinishNotice(ctx, notice, event)
}

// sender reads a message, and says who gets the DSN about it; or why nobody does.
func (n *Notifier) sender(ctx context.Context, m myodai.Message) (body []byte, to myodai.Address, skipped string, err error) {
	body, _, err = n.store.Body(ctx, m.TenantID, m.ID)
	if err != nil {
		return nil, to, "", fmt.Errorf("read the message of a DSN: %w", err)
	}
	section, _ := splitMessage(body)
	h, _, err := parseMessage(append(bytes.Clone(section), crlf...))
	if err != nil {
		return body, m.From, "the message cannot be read", nil
	}
	if to = m.From; to.Domain == n.engine.o.Own.Address.Domain {
		// Sent from the platform's own address in place of the tenant's (A9).
		reply, err := ParseMailbox(h.first("Reply-To"))
		if err != nil {
			return body, to, "the message has no sender but the platform", nil
		}
		to = reply.Address
	}
	return body, to, answers(h), nil
}

// answers says that a message is an answer of a program, to which nobody answers
// (RFC 3834 §2); "" when it is none. That a program wrote it does not make it one:
// order confirmations are what this is for.
func answers(h header) string {
	auto := strings.ToLower(h.first("Auto-Submitted"))
	kind := strings.ToLower(h.first("Content-Type"))
	switch {
	case strings.HasPrefix(auto, "auto-replied"):
		return "the message is an automatic answer"
	case strings.HasPrefix(kind, "multipart/report"):
		return "the message is a report"
	}
	return ""
}

// mayWrite takes one from the rate of a sender.
func (n *Notifier) mayWrite(sender string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.rates[sender]
	if l == nil {
		if len(n.rates) >= maxSenders {
			n.rates = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Every(noticeEvery), noticeBurst)
		n.rates[sender] = l
	}
	return l.AllowN(now, 1)
}

func (n *Notifier) send(ctx context.Context, notice myodai.Notice, body []byte, to myodai.Address, now time.Time) (myodai.MessageID, error) {
	e := n.engine
	own := e.o.Own.Address.Domain
	var random [12]byte
	if _, err := io.ReadFull(e.o.Random, random[:]); err != nil {
		return "", fmt.Errorf("make a boundary: %w", err)
	}
	unique := hex.EncodeToString(random[:])
	d := bounce.Notification{
		From: myodai.Address{Local: "MAILER-DAEMON", Domain: own}, To: to, ReportingMTA: e.o.MailHost,
		MessageID: "<" + unique + "@" + string(own) + ">", Boundary: unique, Date: now, Arrived: notice.Message.AcceptedAt,
		Action: bounce.Action(notice.Kind), EnvelopeID: notice.Deliveries[0].Terms.EnvelopeID,
	}
	d.Header, _ = splitMessage(body)
	if terms := notice.Deliveries[0].Terms; notice.Kind == myodai.NoticeFailed && terms.Return == myodai.ContentFull &&
		terms.TLS != myodai.TLSChain && len(body) <= maxReturned {
		d.Message = body
	}
	for _, of := range notice.Deliveries {
		told := bounce.Told{
			Recipient: of.Recipient, Original: of.Terms.Original, Status: of.Last.Enhanced, Text: of.Last.Text, Code: of.Last.Code,
			RemoteMTA: of.Last.Host, At: of.Last.At, Withheld: of.State == myodai.DeliverySuppressed,
		}
		if notice.Kind == myodai.NoticeDelayed && of.State == myodai.DeliveryDeferred {
			told.Until = of.ExpiresAt
		}
		d.Recipients = append(d.Recipients, told)
	}
	result, err := e.Submit(ctx, Request{
		Credential: myodai.Credential{TenantID: myodai.PlatformTenant}, Recipients: []myodai.Address{to},
		Raw: bounce.Compose(d), IdempotencyKey: "notice " + string(notice.Kind) + " " + string(notice.Deliveries[0].ID), nullReturn: true,
		RequestHash: [32]byte{1}, // the same notice again has another date
	})
	return result.Message.ID, err
}
