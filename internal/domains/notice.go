package domains

import (
	"context"
	"fmt"

	"github.com/myodai/myodai"
)

// Notice is a mail to the people of a tenant, in both of our languages.
type Notice struct {
	English, Japanese NoticeText
}

// NoticeText is a notice in one language.
type NoticeText struct{ Subject, Text string }

// notify writes to people about what they have to do. What cannot be written is
// logged: the event tells of it, too.
func (s *Tracking) notify(ctx context.Context, t myodai.TrackingDomain, kinds []myodai.EventKind) {
	if s.Notify == nil {
		return
	}
	ctx = context.WithoutCancel(ctx) // it is recorded, and whoever watched may have gone
	for _, kind := range kinds {
		n, ok := noticeOf(kind, t)
		if !ok {
			continue
		}
		if err := s.Notify(ctx, t.TenantID, n); err != nil {
			s.Log.Error("write to a tenant", "tenant", t.TenantID, "domain", t.Name, "err", err)
		}
	}
}

// noticeOf is the notice about an event; ok is false when it is worth no mail.
func noticeOf(kind myodai.EventKind, t myodai.TrackingDomain) (n Notice, ok bool) {
	host, until := string(t.Name), t.Deadline.UTC().Format("2006-01-02 15:04 UTC")
	switch kind {
	case myodai.EventTrackingReminded:
		return Notice{
			NoticeText{
				fmt.Sprintf("Please finish step 2 for %s by %s", host, until),
				fmt.Sprintf("The record for the certificate of %s has not been found yet.\n\nPlease publish it by %s. After that this setup expires and has to be started again with new records.\n\nThe record to publish is shown on the page of the tracking domain.\n", host, until),
			},
			NoticeText{
				fmt.Sprintf("%s の手順2を %s までに完了してください", host, until),
				fmt.Sprintf("%s の証明書用のレコードが、まだ確認できていません。\n\n%s までに登録してください。期限を過ぎると設定は無効になり、新しいレコードで最初からやり直しになります。\n\n登録するレコードは、トラッキングドメインの画面で確認できます。\n", host, until),
			},
		}, true
	case myodai.EventTrackingExpired:
		return Notice{
			NoticeText{
				fmt.Sprintf("The setup of %s has expired", host),
				fmt.Sprintf("Step 2 for %s was to be done by %s, and its record was not found.\n\nPlease start again on the page of the tracking domain; you will get new records. Links in your mail go on using the platform's own host until then.\n", host, until),
			},
			NoticeText{
				fmt.Sprintf("%s の設定の期限が切れました", host),
				fmt.Sprintf("%s の手順2の期限（%s）までに、レコードを確認できませんでした。\n\nトラッキングドメインの画面で「最初からやり直す」を押し、新しいレコードを登録してください。それまで、メール内のリンクには共通のホスト名を使います。\n", host, until),
			},
		}, true
	case myodai.EventTrackingAtRisk:
		stops := t.AtRiskAt.Add(myodai.GracePeriod).UTC().Format("2006-01-02 15:04 UTC")
		return Notice{
			NoticeText{
				fmt.Sprintf("The record of %s is missing", host),
				fmt.Sprintf("The DNS record of %s is not there any more, so links in mail that was sent may not open.\n\nPlease publish it again. If it is still missing on %s, new mail uses the platform's own host for links.\n", host, stops),
			},
			NoticeText{
				fmt.Sprintf("%s のレコードが見つかりません", host),
				fmt.Sprintf("%s のDNSレコードがなくなっています。送信済みのメールのリンクが開けないおそれがあります。\n\nレコードを登録し直してください。%s になっても見つからない場合、新しいメールのリンクには共通のホスト名を使います。\n", host, stops),
			},
		}, true
	}
	return Notice{}, false
}
