package submission

import (
	"context"
	"fmt"
	"time"

	"github.com/myodai/myodai"
)

// SendOwn takes responsibility for a mail of the platform's own, from the
// platform's address and signed with its keys only. It refuses with CodeInvalid
// what Compose refuses.
func (e *Engine) SendOwn(ctx context.Context, m myodai.OwnMail) (myodai.MessageID, error) {
	draft := Draft{
		From: e.o.Own, To: []Mailbox{{Address: m.To}},
		Subject: m.Subject, Text: m.Text, HTML: m.HTML, Headers: map[string]string{},
	}
	if m.FromName != "" {
		draft.From.Name = m.FromName
	}
	if !m.ReplyTo.IsZero() {
		draft.ReplyTo = []Mailbox{{Address: m.ReplyTo}}
	}
	if !m.Personal {
		draft.Headers["Auto-Submitted"] = "auto-generated"
	}
	raw, recipients, err := Compose(draft, time.Now(), e.o.Random)
	if err != nil {
		return "", err
	}
	result, err := e.Submit(ctx, Request{
		Credential: myodai.Credential{TenantID: myodai.PlatformTenant},
		Recipients: recipients, Raw: raw, nullReturn: m.NullReturn,
	})
	if err != nil {
		return "", fmt.Errorf("send own mail: %w", err)
	}
	return result.Message.ID, nil
}
