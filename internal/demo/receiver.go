package demo

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
	"github.com/myodai/myodai/internal/dmarc"
	"github.com/myodai/myodai/internal/smtpd"
	"github.com/myodai/myodai/internal/spf"
)

// Receiver is a receiving mail server that takes everything and checks SPF,
// DKIM and DMARC by itself.
type Receiver struct {
	// Lookup asks DNS.
	Lookup func(ctx context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer
	// Mail gets what was received.
	Mail chan<- Received
	Log  *slog.Logger
	Name myodai.Name // host name
}

// Received is a mail and the receiver's judgement of it.
type Received struct {
	To      string
	Subject string
	From    myodai.Name // domain of the From field
	Results string      // Authentication-Results (RFC 8601), one method a line
	Passed  bool        // SPF, DKIM and DMARC pass, aligned
	Raw     []byte
}

// Serve receives mail until ctx ends.
func (r *Receiver) Serve(ctx context.Context, l net.Listener) error {
	server := smtpd.NewMX(smtpd.Options{
		Hostname: r.Name, Log: r.Log,
		Accepts: func(context.Context, myodai.Address) error { return nil },
		Receive: func(ctx context.Context, m smtpd.Incoming) error {
			r.Mail <- r.judge(ctx, m)
			return nil
		},
	})
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(ctx) // what it cuts off is only the demo's
	})
	return server.Serve(l)
}

// judge checks a mail as a receiver should.
func (r *Receiver) judge(ctx context.Context, m smtpd.Incoming) Received {
	lookup := func(name myodai.Name, t myodai.RecordType) myodai.Answer { return r.Lookup(ctx, name, t) }
	envelope := spf.Evaluate(lookup, m.Remote, m.Hello, m.From.String())
	signatures := dkim.Verify(m.Raw, func(name myodai.Name) ([]string, error) {
		texts, _, err := r.texts(ctx, name)
		return texts, err
	}, time.Now())

	from := author(m.Raw)
	message := dmarc.Message{From: from}
	if envelope.Kind == spf.ResultPass {
		message.SPF = envelope.Domain
	}
	var results strings.Builder
	for _, s := range signatures {
		fmt.Fprintf(&results, "dkim=%s header.d=%s header.s=%s\n", s.Result, s.Domain, s.Selector)
		if s.Result == dkim.Pass {
			message.DKIM = append(message.DKIM, dmarc.Signature{Domain: s.Domain, Selector: s.Selector})
		}
	}
	fmt.Fprintf(&results, "spf=%s smtp.mailfrom=%s\n", envelope.Kind, m.From.Domain)
	verdict := dmarc.Evaluate(message, func(name myodai.Name) ([]string, bool, error) { return r.texts(ctx, name) })
	fmt.Fprintf(&results, "dmarc=%s header.from=%s", verdict.Result, from)
	return Received{
		To: m.Recipients[0].String(), Subject: headerField(m.Raw, "Subject"), From: from, Raw: m.Raw,
		Results: results.String(), Passed: verdict.Result == dmarc.ResultPass && verdict.SPF.Aligned && aligned(verdict.DKIM),
	}
}

func aligned(list []dmarc.Identifier) bool {
	for _, id := range list {
		if id.Aligned {
			return true
		}
	}
	return false
}

// texts asks for TXT records the way DMARC and DKIM want them.
func (r *Receiver) texts(ctx context.Context, name myodai.Name) (texts []string, exists bool, err error) {
	a := r.Lookup(ctx, name, myodai.TypeTXT)
	switch a.Kind() {
	case myodai.AnswerNegative:
		return nil, a.RCode != "NXDOMAIN", nil
	case myodai.AnswerUnknown:
		return nil, false, fmt.Errorf("%s: %s%s", name, a.RCode, a.Err)
	}
	for _, rr := range a.Records {
		if rr.Type == myodai.TypeTXT {
			texts = append(texts, rr.Text())
		}
	}
	return texts, true, nil
}

// author is the domain of the From field.
func author(raw []byte) myodai.Name {
	value := headerField(raw, "From")
	if at := strings.LastIndexByte(value, '<'); at >= 0 {
		value = strings.TrimSuffix(value[at+1:], ">")
	}
	a, err := myodai.ParseAddress(strings.TrimSpace(value))
	if err != nil {
		return ""
	}
	return a.Domain
}

// headerField is the first field of that name, unfolded; "" for none.
func headerField(raw []byte, name string) string {
	header, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	header = strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(header)
	for line := range strings.SplitSeq(header, "\r\n") {
		if field, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(field, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
