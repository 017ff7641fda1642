package senders

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// letter is what the mail that asks to confirm an address says. Nothing in it is
// of the tenant's making but its name (T11).
type letter struct {
	Tenant, Platform string
	Address          string
	From             string // IP address of whoever asked; "" when unknown
	Via              string // domain that alone would sign; "" when the address's own does
	Link             string
	Until            time.Time
	Life             time.Duration
}

var tokyo = time.FixedZone("JST", 9*60*60)

// text is the mail in both languages. The link comes once in each.
func (l letter) text() string {
	const day = "2006-01-02 15:04"
	en := []string{
		"(日本語は後半にあります。)",
		"",
		fmt.Sprintf("%s would like to send mail from your address %s, through %s.", l.Tenant, l.Address, l.Platform),
		"",
		"If you agree, open this page and press the button on it:",
		"",
		l.Link,
		"",
		fmt.Sprintf("The page asks for the %d-digit code that %s was shown, unless you are signed in there.", codeDigits, l.Tenant),
		fmt.Sprintf("The link works until %s UTC (for %s).", l.Until.UTC().Format(day), spell(l.Life, "hours", "minutes", " ")),
		"",
		fmt.Sprintf("What it means: %s can then send mail with %s as its author.", l.Tenant, l.Address),
	}
	ja := []string{
		fmt.Sprintf("%s が、あなたのメールアドレス %s を差出人として、%s からメールを送ろうとしています。", l.Tenant, l.Address, l.Platform),
		"",
		"承認する場合は、次のページを開いてボタンを押してください。",
		"",
		l.Link,
		"",
		fmt.Sprintf("ページでは、%s の画面に表示されている%d桁の確認コードを入力します(ログイン中の場合は不要です)。", l.Tenant, codeDigits),
		fmt.Sprintf("リンクの有効期限は %s(日本時間)、発行から%sです。", l.Until.In(tokyo).Format(day), spell(l.Life, "時間", "分", "")),
		"",
		fmt.Sprintf("承認すると、%s は %s を差出人とするメールを送れるようになります。", l.Tenant, l.Address),
	}
	if l.Via != "" {
		en = append(en, fmt.Sprintf("Recipients may see \"via %s\" beside it.", l.Via))
		ja = append(ja, fmt.Sprintf("受信者には「%s 経由」と表示されることがあります。", l.Via))
	}
	if l.From != "" {
		en = append(en, "The request came from the IP address "+l.From+".")
		ja = append(ja, "申請元の IP アドレスは "+l.From+" です。")
	}
	en = append(en, "",
		"If this was not you, do nothing, and nothing happens. On the same page you can also say",
		"\"this was not me\": then this address is not asked again for 30 days.")
	ja = append(ja, "",
		"心当たりがない場合は、何もする必要はありません。同じページで「心当たりがありません」を",
		"選ぶと、このアドレスへの確認メールは30日間送られなくなります。")
	return strings.Join(en, "\n") + "\n\n----------------------------------------\n\n" + strings.Join(ja, "\n") + "\n"
}

// spell writes a length of time in hours or, where that is not even, minutes.
func spell(d time.Duration, hours, minutes, between string) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d%s%s", d/time.Hour, between, hours)
	}
	return fmt.Sprintf("%d%s%s", d/time.Minute, between, minutes)
}

// inert takes out of a name what mailboxes would make a link of, and what would
// break a line (T11).
func inert(name string) string {
	name = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, name)
	runes := []rune(name)
	var b strings.Builder
	for i, c := range runes {
		b.WriteRune(c)
		// "Acme Inc." stays; "acme.example" and "https://…" come apart.
		if strings.ContainsRune(".:/@。．", c) && i+1 < len(runes) && runes[i+1] != ' ' {
			b.WriteRune(' ')
		}
	}
	return strings.TrimSpace(b.String())
}
