package bounce

import (
	"fmt"
	"strings"
)

// telling is what a notification says to people, and the class of its status.
type telling struct {
	subject, english, japanese string
	class                      string // first digit and dot
}

var tellings = map[Action]telling{
	ActionFailed: {
		"Undelivered Mail Returned to Sender", "Your message could not be delivered to:", "次の宛先にはメールをお届けできませんでした。", "5.",
	},
	ActionDelayed: {
		"Delayed Mail (still being retried)", "Your message has not been delivered yet. You need not send it again; we go on trying:",
		"次の宛先へのメールは、まだお届けできていません。再送を続けていますので、送り直していただく必要はありません。", "4.",
	},
	ActionRelayed: {
		"Mail Passed On", "Your message was taken by the mail server of the recipient, which does not tell us what becomes of it:",
		"次の宛先へのメールは、宛先のメールサーバーに引き渡しました。その後の結果は、宛先のサーバーからは通知されません。", "2.",
	},
	ActionDelivered: {
		"Mail Delivered", "Your message was delivered to:", "次の宛先へのメールをお届けしました。", "2.",
	},
}

func (n Notification) telling() telling { return tellings[n.Action] }

// forPeople says what happened, in two languages.
func (n Notification) forPeople() string {
	var b strings.Builder
	line := func(text string) { b.WriteString(text + "\r\n") }
	line("This is the mail system at host " + string(n.ReportingMTA) + ".")
	line("")
	line(n.telling().english)
	line("")
	for _, f := range n.Recipients {
		line("<" + f.Recipient.String() + ">: " + f.reason())
		if f.Withheld {
			line("    Nothing was sent: this address is on your suppression list.")
		}
	}
	line("")
	line("この通知は、メール配信システム " + string(n.ReportingMTA) + " からお送りしています。")
	line(n.telling().japanese)
	line("")
	for _, f := range n.Recipients {
		line("<" + f.Recipient.String() + ">: " + f.reason())
		if f.Withheld {
			line("    この宛先は配信停止リストに登録されているため、送信していません。")
		}
	}
	return b.String()
}

// reason is what is told to people.
func (f Told) reason() string {
	text := strings.Join(strings.Fields(clean([]byte(f.Text))), " ")
	if f.Code != 0 {
		text = fmt.Sprintf("host %s said: %d %s %s", clean([]byte(f.RemoteMTA)), f.Code, f.Status, text)
	}
	return text
}
