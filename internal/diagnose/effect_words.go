package diagnose

import (
	"strings"

	"github.com/myodai/myodai/internal/dmarc"
)

// EffectTexts is an effect as told to a person.
type EffectTexts struct {
	Summary string   // in one sentence
	Mail    []string // what becomes of each kind of mail, in the order of the streams
	Notes   []string // of names below the domain, reports, and receivers
}

// effectWording is what is said of effects in one language. {d} is the domain,
// {then} what happens to the mail, {older} another domain.
type effectWording struct {
	stream    map[StreamKind]string
	happens   map[dmarc.Policy]string // to mail that does not pass
	succeeds  string
	unsettled string // it cannot be said whether it passes
	changed   string // added where it is handled more strictly than now
	unread    string
	nothing   string // no mail is handled otherwise
	stricter  string // mail that does not pass is
	harms     string // our own mail is
	below     string
	beneath   string // names that do not exist
	reported  string
	silent    string // nobody learns
	lists     string
	older     string
	unknown   string
}

var effectWords = map[Lang]effectWording{
	English: {
		stream: map[StreamKind]string{
			StreamOurs:      "Mail that {d} sends through us: {then}.",
			StreamForwarded: "The same mail, forwarded unchanged by its recipient: {then}.",
			StreamAllowed:   "Mail from servers that the SPF record of {d} allows: {then}.",
			StreamUnknown:   "All other mail in the name of {d}, such as forged mail, that of a forgotten service, or what a mailing list has altered: {then}.",
		},
		happens: map[dmarc.Policy]string{
			"": "nothing is asked of receivers", dmarc.PolicyNone: "it does not pass, and receivers are asked to do nothing about it",
			dmarc.PolicyQuarantine: "it does not pass, and goes to the spam folder", dmarc.PolicyReject: "it does not pass, and is refused",
		},
		succeeds: "it passes", unsettled: "it could not be found out whether it passes", changed: " (stricter than now)",
		unread:   "This is no DMARC record; publishing it would change nothing.",
		nothing:  "No mail is handled more strictly than now.",
		stricter: "Mail that is neither signed by {d} nor sent by a server it allows is handled more strictly than now.",
		harms:    "Mail that {d} sends through us would be handled more strictly than now: do not publish this.",
		below:    "Names below {d} without a DMARC record of their own: mail of which {then}.",
		beneath:  "Names below {d} that do not exist: mail of which {then}.",
		reported: "Somebody receives reports on who sends as {d}.",
		silent:   "Nobody receives reports (rua), so nobody learns whose mail this record hits.",
		lists:    "Mailing lists alter mail and break its signature: people of {d} who write to lists would see their mail refused there.",
		older:    "Receivers that do not know RFC 9989 yet look at the record of {older} instead of walking up the names.",
		unknown:  "Not everything could be found out.",
	},
	Japanese: {
		stream: map[StreamKind]string{
			StreamOurs:      "当サービスから「{d}」として送信するメール：{then}。",
			StreamForwarded: "同じメールを受信者が内容を変えずに転送した場合：{then}。",
			StreamAllowed:   "「{d}」のSPFレコードで許可されたサーバーからのメール：{then}。",
			StreamUnknown:   "「{d}」を名乗るそのほかのメール（なりすまし、把握していないサービス、メーリングリストで変更されたものなど）：{then}。",
		},
		happens: map[dmarc.Policy]string{
			"": "受信側の扱いは指定されません", dmarc.PolicyNone: "認証に失敗しますが、受信側での扱いは変わりません",
			dmarc.PolicyQuarantine: "認証に失敗し、迷惑メールとして扱われます", dmarc.PolicyReject: "認証に失敗し、受信を拒否されます",
		},
		succeeds: "認証に成功します", unsettled: "認証に成功するかどうかを確認できませんでした", changed: "（現在より厳しくなります）",
		unread:   "これはDMARCレコードではありません。公開しても何も変わりません。",
		nothing:  "現在より厳しく扱われるメールはありません。",
		stricter: "「{d}」の署名がなく、許可されたサーバーからでもないメールが、現在より厳しく扱われます。",
		harms:    "当サービスから「{d}」として送信するメールが、現在より厳しく扱われます。この内容は公開しないでください。",
		below:    "独自のDMARCレコードがない「{d}」のサブドメインのメール：{then}。",
		beneath:  "存在しない「{d}」のサブドメインのメール：{then}。",
		reported: "「{d}」を名乗る送信元についてのレポートが届きます。",
		silent:   "レポートの送信先（rua）がないため、どのメールに影響するのかを誰も確認できません。",
		lists:    "メーリングリストはメールの内容を変更し、署名を無効にします。「{d}」の利用者の投稿は、参加者側で拒否されるおそれがあります。",
		older:    "RFC 9989に未対応の受信側は、上位の名前をたどらず、「{older}」のレコードを参照します。",
		unknown:  "一部を確認できませんでした。",
	},
}

// ExplainEffect tells an effect in the reader's language.
func ExplainEffect(e PolicyEffect, lang Lang) EffectTexts {
	w, ok := effectWords[lang]
	if !ok {
		w = effectWords[English]
	}
	say := func(template, then string) string {
		return strings.NewReplacer("{d}", Spell(string(e.Domain)), "{then}", then, "{older}", Spell(string(e.Older))).Replace(template)
	}
	if !e.Readable {
		return EffectTexts{Summary: w.unread}
	}
	t := EffectTexts{Summary: say(w.nothing, "")}
	for _, s := range e.Streams {
		then := w.happens[s.Effect.After.Disposition]
		switch s.Effect.After.Result {
		case dmarc.ResultPass:
			then = w.succeeds
		case dmarc.ResultNone:
			then = w.happens[""]
		case dmarc.ResultTempError:
			then = w.unsettled
		}
		if s.Effect.Worse() {
			then += w.changed
			if t.Summary = say(w.stricter, ""); s.Kind == StreamOurs {
				t.Summary = say(w.harms, "")
				w.stricter = w.harms // nothing that follows is worse
			}
		}
		t.Mail = append(t.Mail, say(w.stream[s.Kind], then))
	}
	note := func(template string, say bool) {
		if say {
			t.Notes = append(t.Notes, template)
		}
	}
	note(say(w.below, w.happens[e.Subdomains]), e.Subdomains != "")
	note(say(w.beneath, w.happens[e.NonExistent]), e.NonExistent != "" && e.NonExistent != e.Subdomains)
	note(say(w.reported, ""), e.Reported)
	note(w.silent, !e.Reported && e.Asked != "")
	note(say(w.lists, ""), e.Asked == dmarc.PolicyReject)
	note(say(w.older, ""), e.Older != "")
	note(w.unknown, e.Unknown != "")
	return t
}
