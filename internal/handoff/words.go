package handoff

import "github.com/myodai/myodai"

// Language is the language of a mail.
type Language string

const (
	English  Language = "en"
	Japanese Language = "ja"
)

// about says what a record is for.
type about struct{ title, why string }

// words is everything a request says, in one language. Verbs of fmt stand where
// values go.
type words struct {
	subject  string // domain, count
	opening  string // tenant's own sentence or "", service, domain, zone
	sender   string // tenant
	closing  string
	platform string // stands in for a service without a name

	records string // count
	known   string // name of the DNS host
	unknown string
	follow  string

	host, kind, priority, value, ttl, full, line string
	empty, optional, keep, found, merge          string

	link, cannotLink, cannotReply string
	please                        string
	requests                      []string

	purposes map[myodai.Purpose]about
}

// words is the vocabulary of a language; of one we do not speak, the English one.
func (l Language) words() words {
	if l == Japanese {
		return japanese
	}
	return english
}

var english = words{
	subject:  "DNS records for %s: please add %d",
	opening:  "Hello,\n\n%[1]s%[2]s sends mail from addresses at %[3]s. So that receivers can tell that this mail is genuine, please add the records below to the DNS zone %[4]s.",
	sender:   "I am writing on behalf of %s. ",
	closing:  "Thank you for your help.",
	platform: "Our mail service",

	records: "Records to add: %d",
	known:   "The fields are written as the panel of %s wants them.",
	unknown: "The fields are written as most DNS panels want them.",
	follow:  "If your panel shows the records that are already there in another form, please follow that form.",

	host: "Host", kind: "Type", priority: "Priority", value: "Value", ttl: "TTL", full: "Full name", line: "As one line",
	empty: "(leave empty)", optional: "optional",
	keep:  "If there already is a DMARC record, please leave it as it is and add none.",
	found: "There now: %s. Please correct it; do not add a second record.",
	merge: "If the domain has no SPF record yet, please add: v=spf1 %s ~all",

	link:        "This page shows the same records and what has been found of them so far. It needs no login:",
	cannotLink:  "If your DNS host cannot take one of them (no \"_\", no CNAME records, values too long), please say so on that page. There is another form of it.",
	cannotReply: "If your DNS host cannot take one of them (no \"_\", no CNAME records, values too long), please reply to this mail. There is another form of it.",
	please:      "Please note",
	requests: []string{
		"Please keep these records, also after everything is set up. Receivers look at them with every mail: when one is deleted, mail is rejected or lands in spam folders.",
		"Please leave all other records as they are.",
		"The records are noticed automatically once they are there. Nobody needs your password for this.",
	},

	purposes: map[myodai.Purpose]about{
		myodai.PurposeDKIM:       {"DKIM key", "Receivers use it to check the signature under every mail. There is more than one, so that keys can be changed later without asking you again."},
		myodai.PurposeReturnPath: {"Return path", "Mail that cannot be delivered comes back here, and receivers find here which servers may send."},
		myodai.PurposeDMARC:      {"DMARC policy", "Tells receivers that mail from this domain is authenticated. With p=none it changes nothing about how mail is delivered."},
		myodai.PurposeSPF:        {"SPF include", "Please put this value into the SPF record that the domain already has, before its \"all\". There must never be two SPF records."},
		myodai.PurposeTracking:   {"Link host", "Links in the mail lead through this name."},
		myodai.PurposeACME:       {"Certificate", "Allows the certificate of the link host to be issued and renewed."},
	},
}

var japanese = words{
	subject:  "%s のDNSレコード登録のお願い(%d件)",
	opening:  "DNSご担当者様\n\n%[1]s%[2]sから %[3]s のアドレスでメールを送信いたします。受信側で正規のメールと確認できるように、DNSゾーン %[4]s に、以下のレコードの登録をお願いいたします。",
	sender:   "お世話になっております。%sです。\n",
	closing:  "お手数をおかけしますが、どうぞよろしくお願いいたします。",
	platform: "弊社のメール配信サービス",

	records: "登録をお願いするレコード(%d件)",
	known:   "各欄は、%sの管理画面の入力形式に合わせています。",
	unknown: "各欄は、一般的なDNS管理画面の入力形式に合わせています。",
	follow:  "登録済みのレコードが別の形式で表示されている場合は、その形式に合わせてください。",

	host: "ホスト名", kind: "種別", priority: "優先度", value: "値", ttl: "TTL", full: "完全な名前", line: "1行で入力する場合",
	empty: "(空欄のまま)", optional: "任意",
	keep:  "すでにDMARCレコードがある場合は、追加せず、そのままにしてください。",
	found: "現在の登録内容: %s(追加ではなく、修正をお願いいたします)",
	merge: "SPFレコードがまだない場合は、次の値で登録してください: v=spf1 %s ~all",

	link:        "次のページで、同じ内容と現在の確認状況をご覧いただけます(ログインは不要です)。",
	cannotLink:  "「_」を使えない、CNAMEを登録できない、値が長すぎるなどの理由で登録できない場合は、上のページからお知らせください。別の形式のレコードに変更できます。",
	cannotReply: "「_」を使えない、CNAMEを登録できない、値が長すぎるなどの理由で登録できない場合は、このメールへの返信でお知らせください。別の形式のレコードに変更できます。",
	please:      "お願い",
	requests: []string{
		"設定がすべて完了した後も、これらのレコードを削除しないでください。受信側がメールを受け取るたびに参照するため、削除するとメールが届かなくなったり、迷惑メールに振り分けられたりします。",
		"その他のレコードは、変更せずそのままにしてください。",
		"登録内容は自動で確認されます。管理画面のパスワードをお知らせいただく必要はありません。",
	},

	purposes: map[myodai.Purpose]about{
		myodai.PurposeDKIM:       {"DKIM(署名の公開鍵)", "受信側が、メールの電子署名を検証するために参照します。複数あるのは、後日の鍵の交換の際に、改めてお願いせずに済むようにするためです。"},
		myodai.PurposeReturnPath: {"Return-Path(バウンスメールの戻り先)", "届かなかったメールの戻り先です。受信側は、送信を許可されたサーバーもここで確認します。"},
		myodai.PurposeDMARC:      {"DMARC(認証ポリシー)", "このドメインのメールが認証されていることを、受信側に伝えます。p=none のため、メールの届き方は変わりません。"},
		myodai.PurposeSPF:        {"SPFへの追記", "登録済みのSPFレコード(v=spf1 で始まるTXT)の「all」の前に、この値を書き加えてください。SPFレコードを2つにしないでください。"},
		myodai.PurposeTracking:   {"リンク用のホスト", "メール内のリンクに使われる名前です。"},
		myodai.PurposeACME:       {"証明書", "リンク用のホストの証明書を、発行・更新できるようにします。"},
	},
}
