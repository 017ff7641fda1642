package domains

import (
	"fmt"
	"time"

	"github.com/myodai/myodai"
)

// stateNotice is the mail about what a check made of a domain; ok is false when
// that is nothing new. What was verified must not be deleted afterwards (B18), so
// the mail about it says what happens then.
func stateNotice(before, after myodai.Domain) (n Notice, ok bool) {
	name := after.Name.Unicode()
	switch {
	case after.State == myodai.DomainVerified && before.State != myodai.DomainVerified:
		return Notice{
			English: NoticeText{
				Subject: fmt.Sprintf("%s is verified", name),
				Text: fmt.Sprintf("All records of %[1]s are there. Mail can be sent from every address at %[1]s from now on.\n\n"+
					"Please do not delete the records: receivers look at them with every mail. When one disappears we write to you and keep sending for 72 hours, so that there is time to put it back.\n", name),
			},
			Japanese: NoticeText{
				Subject: fmt.Sprintf("%s の認証が完了しました", name),
				Text: fmt.Sprintf("%[1]s のDNSレコードをすべて確認しました(設定完了)。%[1]s のすべてのアドレスから、メールを送信できます。\n\n"+
					"認証が完了した後も、レコードを削除しないでください。受信側は、メールを受け取るたびにレコードを参照します。レコードが見つからなくなった場合はメールでお知らせし、72時間は送信を続けます。\n", name),
			},
		}, true
	case after.State == myodai.DomainAtRisk && after.Notices > before.Notices:
		until := after.AtRiskAt.Add(myodai.GracePeriod).UTC().Format("2006-01-02 15:04 UTC")
		return Notice{
			English: NoticeText{
				Subject: fmt.Sprintf("A record of %s is missing", name),
				Text: fmt.Sprintf("A record of %s that was there has disappeared or changed. Mail still goes out. If it is not put back, sending stops after %s.\n\n"+
					"The page of the domain says which record it is and what to do.\n", name, until),
			},
			Japanese: NoticeText{
				Subject: fmt.Sprintf("%s のDNSレコードに問題があります", name),
				Text: fmt.Sprintf("登録済みだった %s のレコードが、削除または変更されています。現在もメールの送信は続いていますが、元に戻らない場合は %s 以降に送信を停止します。\n\n"+
					"対象のレコードと対処方法は、ドメインの画面でご確認ください。\n", name, until),
			},
		}, true
	case after.State == myodai.DomainSuspended && before.State != myodai.DomainSuspended:
		hours := int(myodai.GracePeriod / time.Hour)
		return Notice{
			English: NoticeText{
				Subject: fmt.Sprintf("Sending from %s has stopped", name),
				Text: fmt.Sprintf("Records of %s have been missing for more than %d hours, so nothing is sent from it. It goes on by itself as soon as they are back.\n\n"+
					"The page of the domain says what to do.\n", name, hours),
			},
			Japanese: NoticeText{
				Subject: fmt.Sprintf("%s からの送信を停止しました", name),
				Text: fmt.Sprintf("%s のレコードが見つからない状態が%d時間以上続いたため、送信を停止しました。元に戻すと、自動で再開します。\n\n"+
					"対処方法は、ドメインの画面でご確認ください。\n", name, hours),
			},
		}, true
	}
	return Notice{}, false
}
