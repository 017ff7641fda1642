package diagnose

import "github.com/myodai/myodai/internal/spf"

// spfWording is what is said of edits of SPF records in one language. {term} is
// a part of the record, {n} a number, {max} how many look-ups are allowed.
type spfWording struct {
	action   map[spf.Action][]string
	stop     map[spf.StopID]string
	note     map[spf.NoteID]string
	question map[spf.QuestionID]string
	noGuess  string // in place of the question for other senders
	problem  string // of a record that cannot be read
	saving   string // a term that could go
}

var spfWords = map[Lang]spfWording{
	English: {
		action: map[spf.Action][]string{
			spf.ActionNone:   {"The SPF record (the list of servers that may send for a domain) lets us send already; leave it as it is."},
			spf.ActionCreate: {"There is no SPF record (the list of servers that may send for a domain) yet: add one TXT record.", "As its value, type: {term}"},
			spf.ActionEdit:   {"Open the TXT record that begins with v=spf1, and edit it; do not add a second one, or neither counts.", "Replace its value by: {term}"},
			spf.ActionMerge:  {"There is more than one SPF record, and receivers use none of them. Keep the first, and delete the others.", "Replace the value of the first by: {term}"},
		},
		stop: map[spf.StopID]string{
			spf.StopSyntax:  "The SPF record has a mistake that could be meant in more than one way; please correct it first.",
			spf.StopLookups: "With us the record would need more than {max} DNS look-ups, and receivers would reject it as a whole. Take out what is not used any more.",
			spf.StopVoids:   "The record names too many hosts that do not exist. Take those out first.",
			spf.StopTarget:  "Our own part of the record cannot be found in DNS. That is for us to mend; leave your record as it is.",
		},
		note: map[spf.NoteID]string{
			spf.NoteNested:     "We are allowed through {term} already.",
			spf.NoteRepaired:   "This was read as what was probably meant: {term}",
			spf.NoteNearMiss:   "This TXT record looks like SPF and is none: {term}",
			spf.NoteMoved:      "Our include stood behind \"all\", where nothing counts; it is moved in front of it.",
			spf.NoteQualifier:  "Our include stood there as {term}, which does not allow us to send.",
			spf.NoteFirst:      "Our include comes first, because {term} may fail.",
			spf.NoteDuplicate:  "{term} stood there twice.",
			spf.NoteDead:       "{term} has no effect, because it stands behind \"all\".",
			spf.NoteDropped:    "{term} is gone: it had no effect, or you wished it.",
			spf.NoteRedirect:   "{term} became an include, because \"all\" switches a redirect off.",
			spf.NoteExp:        "{term} is gone: a record can have only one.",
			spf.NotePlusAll:    "{term} allows everybody on the Internet to send as your domain.",
			spf.NoteNoAll:      "The record has no ending; you could add {term}.",
			spf.NotePTR:        "{term} is obsolete; without it the record needs {n} look-ups fewer.",
			spf.NoteNearLimit:  "The record needs {n} of {max} allowed DNS look-ups.",
			spf.NoteVoid:       "{term} finds nothing.",
			spf.NoteUncounted:  "Not everything could be counted: the record needs at least {n} look-ups.",
			spf.NoteUnresolved: "Our own include could not be looked up just now.",
			spf.NoteLong:       "The record has {n} characters; 450 are advised at most.",
			spf.NoteWide:       "All TXT records of the name together need {n} octets; some receivers take at most 1232.",
		},
		question: map[spf.QuestionID]string{
			spf.QuestionSenders:  "Who else sends mail as your domain? By where you receive mail, this probably belongs into the record: {term}",
			spf.QuestionComplete: "Are these all who send as your domain? Then the record can end in -all instead of ~all.",
			spf.QuestionKeepFail: "One of the records ended in -all (nobody else may send). Shall the new one?",
			spf.QuestionRevive:   "{term} has no effect now. Should it count? That costs {n} look-ups.",
			spf.QuestionNoMail:   "The record says that the domain sends no mail at all. Shall it send mail now?",
		},
		noGuess: "Who else sends mail as your domain, such as your office's mail server? It belongs into the record, too.",
		problem: "At character {n}: {term}",
		saving:  "Without {term} the record needs {n} look-ups fewer.",
	},
	Japanese: {
		action: map[spf.Action][]string{
			spf.ActionNone:   {"SPFレコード（ドメインの送信を許可するサーバーの一覧）は、すでに当サービスからの送信を許可しています。変更は不要です。"},
			spf.ActionCreate: {"SPFレコード（ドメインの送信を許可するサーバーの一覧）がまだありません。TXTレコードを1件追加します。", "値の欄に次を入力します：{term}"},
			spf.ActionEdit:   {"「v=spf1」で始まる既存のTXTレコードを編集します。2件目を追加すると、どちらも無効になります。", "値を次の内容に置き換えます：{term}"},
			spf.ActionMerge:  {"SPFレコードが複数あるため、受信側ではすべて無効として扱われます。1件目だけを残し、ほかは削除します。", "1件目の値を次の内容に置き換えます：{term}"},
		},
		stop: map[spf.StopID]string{
			spf.StopSyntax:  "SPFレコードに、意味を一つに決められない誤りがあります。先に修正してください。",
			spf.StopLookups: "当サービスを加えるとDNSの参照回数が{max}回を超え、レコード全体が無効になります。使っていない項目を削除してください。",
			spf.StopVoids:   "存在しないホストを参照する項目が多すぎます。先に削除してください。",
			spf.StopTarget:  "当サービス側の設定がDNSで見つかりません。当サービスで対応しますので、レコードはそのままにしてください。",
		},
		note: map[spf.NoteID]string{
			spf.NoteNested:     "当サービスは「{term}」を通じてすでに許可されています。",
			spf.NoteRepaired:   "次の記述は、意図を推測して読み取りました：{term}",
			spf.NoteNearMiss:   "次のTXTレコードはSPFに似ていますが、SPFとして扱われません：{term}",
			spf.NoteMoved:      "当サービスの項目は「all」より後ろにあり無効だったため、前に移しました。",
			spf.NoteQualifier:  "当サービスの項目が「{term}」となっており、送信が許可されていませんでした。",
			spf.NoteFirst:      "「{term}」が失敗するおそれがあるため、当サービスの項目を先頭に置きました。",
			spf.NoteDuplicate:  "「{term}」が重複していました。",
			spf.NoteDead:       "「{term}」は「all」より後ろにあるため無効です。",
			spf.NoteDropped:    "「{term}」を削除しました（無効な項目、またはご希望によるもの）。",
			spf.NoteRedirect:   "「{term}」は「all」があると無効になるため、includeに置き換えました。",
			spf.NoteExp:        "「{term}」を削除しました。1件しか指定できません。",
			spf.NotePlusAll:    "「{term}」は、誰でもこのドメインで送信できる設定です。",
			spf.NoteNoAll:      "レコードの末尾に「all」がありません。「{term}」を追加できます。",
			spf.NotePTR:        "「{term}」は非推奨です。削除すると参照が{n}回減ります。",
			spf.NoteNearLimit:  "DNSの参照を、上限{max}回のうち{n}回使います。",
			spf.NoteVoid:       "「{term}」の参照先が見つかりません。",
			spf.NoteUncounted:  "一部を数えられませんでした。参照は少なくとも{n}回です。",
			spf.NoteUnresolved: "当サービスの項目を、現在参照できませんでした。",
			spf.NoteLong:       "レコードは{n}文字です。450文字以内をお勧めします。",
			spf.NoteWide:       "同じ名前のTXTレコードの合計が{n}オクテットです。1232オクテットを超えると受信側によっては扱えません。",
		},
		question: map[spf.QuestionID]string{
			spf.QuestionSenders:  "ほかにこのドメインで送信しているサーバーはありますか。受信先から見て、おそらく次の項目も必要です：{term}",
			spf.QuestionComplete: "送信元はこれですべてですか。そうであれば、末尾を「~all」ではなく「-all」にできます。",
			spf.QuestionKeepFail: "既存のレコードの一つは「-all」（ほかからの送信を禁止）で終わっています。新しいレコードもそうしますか。",
			spf.QuestionRevive:   "「{term}」は現在無効です。有効にしますか。参照が{n}回増えます。",
			spf.QuestionNoMail:   "現在のレコードは、このドメインではメールを送信しないことを示しています。送信するように変更しますか。",
		},
		noGuess: "会社のメールサーバーなど、ほかにこのドメインで送信しているサーバーはありますか。あれば、それもレコードに必要です。",
		problem: "{n}文字目：{term}",
		saving:  "「{term}」を削除すると、参照が{n}回減ります。",
	},
}
