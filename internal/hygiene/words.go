package hygiene

import (
	"strings"

	"github.com/myodai/myodai"
)

// Language is a language we write to people in.
type Language string

const (
	English  Language = "en"
	Japanese Language = "ja"
)

// both is a text in both languages.
type both struct{ en, ja string }

func (b both) in(l Language) string {
	if l == Japanese {
		return b.ja
	}
	return b.en
}

// verdictWords names each verdict and says what to do about it.
var verdictWords = map[myodai.ListAuditVerdict]struct{ name, todo both }{
	myodai.ListAuditInvalid: {
		both{"Not a mail address", "メールアドレスの形式ではありません"},
		both{"Correct them where the suggestion is right; ask the person, or delete them, where there is none.",
			"候補が正しければ修正してください。候補がないものは本人に確認するか、削除してください。"},
	},
	myodai.ListAuditDead: {
		both{"The mailbox does not exist", "宛先のメールボックスがありません"},
		both{"Past mail came back. Delete these addresses, or ask the people for new ones by another way.",
			"過去のメールが宛先不明で戻っています。削除するか、別の手段で新しいアドレスを確認してください。"},
	},
	myodai.ListAuditComplained: {
		both{"Reported past mail as spam", "過去のメールが迷惑メールとして報告されています"},
		both{"Do not mail them any more, whatever the occasion.", "今後、用件にかかわらず送信しないでください。"},
	},
	myodai.ListAuditNoMail: {
		both{"The domain takes no mail", "ドメインがメールを受け取りません"},
		both{"Delete them, or look for a slip in the part after the @.", "削除するか、@ の後ろに入力の誤りがないか確認してください。"},
	},
	myodai.ListAuditTypo: {
		both{"Probably mistyped", "入力の誤りと思われます"},
		both{"Mail to these domains goes to strangers. Correct them after asking, or delete them.",
			"このドメインに送ると、別の人に届くおそれがあります。本人に確認して修正するか、削除してください。"},
	},
	myodai.ListAuditDisposable: {
		both{"Disposable address", "使い捨てアドレスです"},
		both{"They exist for minutes. Do not mail them; consider refusing them at registration.",
			"短時間で使えなくなります。送信せず、会員登録時に受け付けないことを検討してください。"},
	},
	myodai.ListAuditBulk: {
		both{"Probably registered by a program", "プログラムによる大量登録と思われます"},
		both{"Look at these accounts; delete them if they never did anything.", "会員情報を確認し、利用実績がなければ削除してください。"},
	},
	myodai.ListAuditUnanswered: {
		both{"The domain's DNS did not answer", "ドメインの DNS が応答しませんでした"},
		both{"Nothing is known about them. Audit them again later.", "送信できるかどうかは不明です。時間をおいて、もう一度確認してください。"},
	},
	myodai.ListAuditBlocked: {
		both{"Past mail came back for another reason", "過去のメールが宛先不明以外の理由で戻っています"},
		both{"The addresses exist, or may. Keep them, and look at the reasons.", "アドレスは存在している可能性があります。残したうえで、理由を確認してください。"},
	},
	myodai.ListAuditRole: {
		both{"Address of a function", "役割のアドレスです"},
		both{"Several people read them, and some did not sign up. Keep them for transactions, not for marketing.",
			"複数の人が読むアドレスです。取引の連絡には使えますが、宣伝には向きません。"},
	},
	myodai.ListAuditDuplicate: {
		both{"Listed more than once", "重複しています"},
		both{"Harmless. Delete the extra lines.", "問題はありません。余分な行を削除してください。"},
	},
}

// VerdictName names a verdict, and VerdictTodo says what to do about it.
func VerdictName(l Language, v myodai.ListAuditVerdict) string { return verdictWords[v].name.in(l) }

// VerdictTodo says what the customer should do.
func VerdictTodo(l Language, v myodai.ListAuditVerdict) string { return verdictWords[v].todo.in(l) }

// causeWords say why, with % for the evidence.
var causeWords = map[string]both{
	causeSyntax:          {"%", "%"},
	causeBounced:         {"a past mail came back: %", "過去のメールが戻りました: %"},
	causeComplained:      {"a past mail was reported as spam", "過去のメールが迷惑メールとして報告されました"},
	string(mailNoDomain): {"the domain % does not exist", "ドメイン % は存在しません"},
	string(mailNull):     {"the domain % says that it takes no mail (null MX)", "ドメイン % はメールを受け取らないと公開しています(null MX)"},
	string(mailNoHost):   {"the domain % has no mail server", "ドメイン % にはメールサーバーがありません"},
	string(mailUnknown):  {"the name servers of % did not answer", "% のネームサーバーが応答しませんでした"},
	causeTypo:            {"% was probably meant", "% の入力の誤りと思われます"},
	causeDisposable:      {"% gives addresses for minutes", "% は短時間だけ使えるアドレスを配っています"},
	causeSequence:        {"one of a sequence: %", "連番の登録です: %"},
	causeRandom:          {"made of random characters, like many others at % or at that hour", "% または同じ時間帯に多数ある、ランダムな文字列の登録です"},
	causeVariants:        {"many spellings of one mailbox: %", "1 つのメールボックスの別表記が多数あります: %"},
	causeBlocked:         {"a past mail came back, not because of the address: %", "過去のメールが、アドレス以外の理由で戻りました: %"},
	causeRole:            {"% stands for a function", "% は役割を表す名前です"},
	causeDuplicate:       {"on % lines", "% 行にあります"},
}

// Sentence says why a finding was made.
func Sentence(l Language, f myodai.ListAuditFinding) string {
	return strings.TrimRight(strings.ReplaceAll(causeWords[f.Cause].in(l), "%", f.Evidence), ": ")
}

// gateWords say what the gate says.
var gateWords = map[myodai.ListAuditGate]both{
	myodai.GateGo:    {"Go: at most 2 % of the mail would come back.", "送信できます。戻ってくるメールは 2 % 以下の見込みです。"},
	myodai.GateCare:  {"Go with care: between 2 % and 5 % would come back. Accept the proposal first.", "注意が必要です。2 % から 5 % が戻る見込みです。先に配信停止の提案を適用してください。"},
	myodai.GateStop:  {"No: more than 5 % would come back. Receivers stop senders for that.", "このままでは送信できません。5 % を超えるメールが戻る見込みで、受信側に送信を止められる水準です。"},
	myodai.GateNoOne: {"Only past bounces were looked at, no list of addresses.", "過去の戻りメールだけを確認しました。送信先の一覧は含まれていません。"},
}

// GateSentence puts a gate into words.
func GateSentence(l Language, g myodai.ListAuditGate) string { return gateWords[g].in(l) }

var clusterWords = map[string]both{
	clusterSequence: {"sequence", "連番"},
	clusterRandom:   {"random names", "ランダムな文字列"},
	clusterVariants: {"variants of one mailbox", "1 つのメールボックスの別表記"},
}

// ClusterName names the kind of a cluster.
func ClusterName(l Language, kind string) string { return clusterWords[kind].in(l) }
