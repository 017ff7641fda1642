package access

import (
	"context"
	"fmt"
	"strings"

	"github.com/myodai/myodai"
)

// letter is a mail to one person in both languages. What differs from mail to mail
// stands in braces.
type letter struct {
	subject, text [2]string // English, Japanese
}

const english, japanese = 0, 1

// The mails there are. Each says who caused it, what happens when its reader
// does nothing, and how long the link works.
var (
	invitationLetter = letter{
		subject: [2]string{"Invitation to {group}", "{group}への招待"},
		text: [2]string{`{by} has invited you to {group}.

To accept, open this page within seven days and set a password:

{link}

If you did not expect this, you need not do anything: without the page nothing happens.
`, `{by} さんから、{group}のメンバーとして招待されました。

参加するには、7日以内に次のページを開き、パスワードを設定してください。

{link}

心当たりがない場合は、このメールを破棄してください。ページを開いて設定しない限り、何も登録されません。
`},
	}
	resetLetter = letter{
		subject: [2]string{"Set a new password", "パスワードの再設定"},
		text: [2]string{`Somebody, probably you, asked to set a new password for {address}.

Open this page within an hour:

{link}

If it was not you, you need not do anything: your password stays as it is.
`, `{address} のパスワード再設定が申し込まれました。

1時間以内に次のページを開き、新しいパスワードを設定してください。

{link}

心当たりがない場合は、このメールを破棄してください。現在のパスワードはそのまま使えます。
`},
	}
	emailLetter = letter{
		subject: [2]string{"Confirm your new address", "新しいメールアドレスの確認"},
		text: [2]string{`To sign in with {address} from now on, open this page within a day and confirm:

{link}

If it was not you who asked for it, you need not do anything.
`, `今後 {address} でログインするには、24時間以内に次のページを開いて確認してください。

{link}

心当たりがない場合は、このメールを破棄してください。
`},
	}
	changedLetter = letter{
		subject: [2]string{"Your sign-in was changed", "ログイン設定が変更されました"},
		text: [2]string{`The following was changed in your account: {what}.

If it was not you, set a new password now and tell an administrator:

{link}
`, `アカウントで次の変更が行われました:{what}

心当たりがない場合は、すぐにパスワードを再設定し、管理者に連絡してください。

{link}
`},
	}
)

// post sends a letter to an address. page is the path of the page it leads to;
// its address is made of our own base, never of what a browser said (T72). values
// are what stands in braces, and what it becomes, in turn.
func (s *Service) post(ctx context.Context, to myodai.Address, language string, l letter, page string, values ...string) error {
	in := english
	if language == "ja" {
		in = japanese
	}
	fill := strings.NewReplacer(append(values, "{link}", s.base+page)...)
	_, err := s.send(ctx, myodai.OwnMail{To: to, Subject: fill.Replace(l.subject[in]), Text: fill.Replace(l.text[in])})
	if err != nil {
		return fmt.Errorf("send a mail to a member: %w", err)
	}
	return nil
}

// change is something that a member is told of when it was changed.
type change struct{ english, japanese string }

var (
	changedPassword = change{"the password", "パスワード"}
	changedFactors  = change{"the second factor", "2段階認証"}
	changedEmail    = change{"the mail address", "メールアドレス"}
)

// tell lets a member know that their sign-in was changed, aside.
func (s *Service) tell(m myodai.Member, what change) {
	text := what.english
	if m.Language == "ja" {
		text = what.japanese
	}
	s.aside("tell a member of a change", func(ctx context.Context) error {
		return s.post(ctx, m.Email, m.Language, changedLetter, "/reset", "{what}", text)
	})
}
