package main

import (
	"context"
	"fmt"

	"github.com/myodai/myodai"
)

// disabledText tells of a webhook that was disabled: its subject and text, by
// language, with its address, reason and where to look.
var disabledText = map[string][2]string{
	"en": {"A webhook was disabled: %s", `The webhook %s was disabled.

Reason: %s

Nothing more is sent to it. When the receiver works again, enable the webhook and
have it told again of what it missed:

%s
`},
	"ja": {"Webhookを停止しました: %s", `次のWebhookへの通知を停止しました。

%s

理由: %s

今後このアドレスには何も送信されません。受信側が復旧したら、Webhookを有効に戻し、
届かなかった通知を再送してください。

%s
`},
}

// tellDisabled writes to those in a tenant who can mend a webhook.
func (s *server) tellDisabled(ctx context.Context, w myodai.Webhook) {
	members, _, err := s.store.Members(ctx, w.TenantID, myodai.Page{Limit: myodai.MaxPage})
	if err != nil {
		s.log.ErrorContext(ctx, "cannot tell that a webhook was disabled", "webhook", w.ID, "err", err)
		return
	}
	for _, m := range members {
		if m.Role == myodai.RoleMember {
			continue
		}
		text, ok := disabledText[m.Language]
		if !ok {
			text = disabledText["en"]
		}
		_, err := s.submission.SendOwn(ctx, myodai.OwnMail{
			To: m.Email, Subject: fmt.Sprintf(text[0], w.URL), Text: fmt.Sprintf(text[1], w.URL, w.Reason, s.cfg.BaseURL+"/webhooks"),
		})
		if err != nil {
			s.log.ErrorContext(ctx, "cannot tell a member that a webhook was disabled", "webhook", w.ID, "err", err)
		}
	}
}
