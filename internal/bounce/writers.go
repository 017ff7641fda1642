package bounce

// phraseOf is a piece of text that tells who writes, in lower case.
type phraseOf struct {
	writer string // program or provider, "" for many
	words  string
}

// systemNames are how mail systems call themselves in From.
var systemNames = []string{
	"mailer-daemon", "mailerdaemon", "mailer_daemon", "mail-daemon", "maildaemon", "mdaemon", "postmaster", "postmast",
	"mail delivery su", "mail delivery sy", "mail administrator", "system administrator", "microsoft outlook",
	"mail router", "internet mail delivery", "mail system",
}

var undeliveredSubjects = []phraseOf{
	{"qmail", "failure notice"}, {"Yahoo", "failure delivery"}, {"Exchange", "undeliverable"}, {"Exchange", "配信不能"},
	{"Exchange", "配信できませんでした"}, {"Exchange", "unzustellbar"}, {"Exchange", "non remis"}, {"", "undelivered mail"},
	{"Postfix", "delayed mail"}, {"", "returned mail"}, {"", "returned to sender"}, {"Exim", "mail delivery failed"},
	{"Exim", "mail delivery failure"}, {"", "delivery status notification"}, {"", "delivery failure"}, {"", "delivery failed"},
	{"", "delivery notification"}, {"Domino", "delivery failure"}, {"GroupWise", "message status - undeliverable"},
	{"", "undeliverable mail"}, {"", "could not be delivered"}, {"", "could not send message"}, {"", "nondeliverable"},
	{"", "mail system error"}, {"", "warning: message"}, {"MDaemon", "permanent delivery failure"}, {"", "delivery report"},
	{"docomo", "メール送信エラー"}, {"", "配信エラー"}, {"", "送信できません"}, {"", "配送できません"}, {"", "配信できません"}, {"", "配送エラー"},
	{"163", "系统退信"}, {"QQ", "退信"}, {"Naver", "발송 실패"}, {"Naver", "전송 실패"}, {"mail.ru", "не доставлено"},
	{"", "zustellung fehlgeschlagen"}, {"", "échec de la remise"},
}

var undeliveredTexts = []phraseOf{
	{"qmail", "this is the qmail-send program"}, {"qmail", "i wasn't able to deliver your message"},
	{"Postfix", "this is the mail system at host"}, {"Exim", "created automatically by mail delivery software"},
	{"sendmail", "had permanent fatal errors"}, {"sendmail", "transcript of session follows"},
	{"sendmail", "had transient non-fatal errors"}, {"Exchange", "did not reach some or all of the intended recipients"},
	{"Exchange", "the following recipient(s) cannot be reached"}, {"Exchange", "delivery has failed to these recipients"},
	{"Exchange", "次の受信者またはグループへの配信に失敗しました"}, {"Exchange", "次の受信者に配信できませんでした"},
	{"Outlook", "couldn't be delivered"}, {"Gmail", "delivery to the following recipient failed permanently"},
	{"Gmail", "your message wasn't delivered to"}, {"Gmail", "メールは配信されませんでした"},
	{"Yahoo", "unable to deliver your message to the following address"}, {"Courier", "undeliverable mail"},
	{"Domino", "was not delivered to:"}, {"GroupWise", "following undeliverable recipient"},
	{"MailEnable", "message could not be delivered to some recipients"}, {"Barracuda", "was blocked by barracuda"},
	{"iCloud", "inform you that your email could not be delivered"}, {"MDaemon", "could not be delivered to the following recipient"},
	{"", "could not be delivered to"}, {"", "undeliverable to"}, {"CommuniGate", "failed to deliver to"},
	{"163", "您的邮件被退回"}, {"QQ", "您发送的邮件"}, {"Naver", "메일이 전송되지 못했습니다"}, {"mail.ru", "доставить не удалось"},
	{"docomo", "送信できませんでした"}, {"au", "お届けできませんでした"}, {"SoftBank", "配信できませんでした"}, {"biglobe", "配送できませんでした"},
	{"", "konnte nicht zugestellt werden"}, {"", "n'a pas pu être remis"},
}

// delayWords say that a server keeps trying.
var delayWords = []phraseOf{
	{"", "will keep trying"}, {"", "will continue to be"}, {"", "will be retried"}, {"", "has been delayed"}, {"", "is delayed"},
	{"", "delivery delayed"}, {"", "delayed mail"}, {"", "(delay)"}, {"", "still undelivered"}, {"", "has not yet been delivered"},
	{"", "do not need to resend"}, {"", "will retry"}, {"", "keep trying to"}, {"Courier", "delivery attempts are still"},
	{"", "warning message only"}, {"", "再送を試み"}, {"", "再送信を試み"}, {"", "遅延しています"}, {"", "继续尝试"}, {"", "verzögert"},
}

// finalWords say that it has given up, whatever else is said of trying.
var finalWords = []phraseOf{
	{"", "giving up"}, {"", "given up"}, {"", "failed permanently"}, {"", "permanent error"}, {"", "permanent fatal error"},
	{"", "no further delivery attempts"}, {"", "will not be retried"}, {"", "retry timeout exceeded"}, {"", "retry time not reached"},
}

// copyMarks begin what is returned of our mail.
var copyMarks = []phraseOf{
	{"qmail", "below this line is a copy of the message"}, {"qmail", "below this line is the original bounce"},
	{"qmail", "enclosed is a copy of the message"}, {"qmail", "undelivered message follows"},
	{"Exim", "this is a copy of the message"}, {"Exim", "the body of the message is"}, {"sendmail", "original message follows"},
	{"sendmail", "unsent message follows"}, {"sendmail", "message header follows"}, {"", "original message"},
	{"Exchange", "original message headers"}, {"Exchange", "元のメッセージ"}, {"Exchange", "diagnostic information for administrators: original"},
	{"GMX", "the header of the original message"}, {"Courier", "the original message follows"}, {"", "message headers follow"},
	{"", "headers of the original message"}, {"", "return-path:"}, {"", "received: from"}, {"Yahoo", "original message"},
	{"iCloud", "the message headers"}, {"Domino", "routing path"}, {"MailEnable", "message headers"}, {"", "原始邮件"},
	{"", "original-nachricht"}, {"", "以下は元のメール"}, {"", "送信されたメール"}, {"", "copy of your message"},
}

// notRecipients stand before addresses of others.
var notRecipients = []phraseOf{
	{"", "from:"}, {"", "sender:"}, {"", "message-id"}, {"", "reply-to:"}, {"", "mail from"}, {"", "送信者"}, {"", "差出人"},
	{"", "发件人"}, {"", "contact"}, {"", "発信者"}, {"", "보낸"}, {"", "отправител"}, {"", "absender"}, {"", "from "},
}

// recipientLabels stand before addresses that mail was for.
var recipientLabels = []phraseOf{
	{"", "to:"}, {"", "recipient"}, {"", "address:"}, {"", "user:"}, {"", "mailbox:"}, {"", "deliver"}, {"", "undeliverable to"},
	{"", "宛先"}, {"", "あて先"}, {"", "受信者"}, {"", "收件人"}, {"", "받는"}, {"", "получател"}, {"", "empfänger"}, {"", "destinataire"},
	{"", "failed to reach"}, {"", "sent to"},
}

// autoReplySubjects begin answers of programs that do not follow RFC 3834.
var autoReplySubjects = []phraseOf{
	{"Exchange", "automatic reply"}, {"", "auto reply"}, {"", "auto-reply"}, {"", "autoreply"}, {"", "auto response"},
	{"", "autoresponse"}, {"", "auto:"}, {"", "out of office"}, {"", "out of the office"}, {"", "vacation"},
	{"", "away from my mail"}, {"", "自動返信"}, {"", "自動応答"}, {"", "自動回答"}, {"", "不在通知"}, {"", "不在のお知らせ"}, {"", "休暇中"},
	{"", "不在連絡"}, {"", "不在にしております"}, {"", "abwesenheit"}, {"", "automatische antwort"}, {"", "réponse automatique"},
	{"", "respuesta automática"}, {"", "自动回复"}, {"", "자동 회신"}, {"", "부재중"},
}
