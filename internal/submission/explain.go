package submission

import (
	"context"
	"fmt"

	"github.com/myodai/myodai"
)

// Owner returns the domain as which a tenant may send from a name now. It
// refuses with CodeForbidden, and says what to do, when there is none.
func (e *Engine) Owner(ctx context.Context, tenant myodai.TenantID, name myodai.Name) (myodai.Domain, error) {
	d, err := e.authorize(ctx, tenant, name)
	if err != nil {
		return d, faultOr("authorize", err)
	}
	return d, nil
}

// Explain says which way mail of a class from an address would go now, without
// sending any; class "" is the policy's first.
func (e *Engine) Explain(ctx context.Context, tenant myodai.TenantID, class myodai.ClassName, from myodai.Address) (myodai.Class, Way, error) {
	p, err := e.policy(ctx, tenant)
	if err != nil {
		return myodai.Class{}, Way{}, err
	}
	c, err := p.Class(class)
	if err != nil {
		return c, Way{}, err
	}
	w, err := e.way(ctx, tenant, p, c, from)
	return c, w, err
}

// Text says the way in words.
func (w Way) Text(c myodai.Class, from myodai.Address) (en, ja string) {
	en, ja = w.reason(from)
	fateEN, fateJA := w.fate(c)
	return en + fateEN, ja + fateJA
}

// reason says what decided.
func (w Way) reason(from myodai.Address) (en, ja string) {
	switch w.Why {
	case WhyDomain:
		en, ja = fmt.Sprintf("The domain %s is verified.", w.Domain.Name), fmt.Sprintf("ドメイン %s は認証済みです。", w.Domain.Name)
	case WhyAddress:
		en = fmt.Sprintf("The address %s is confirmed by mail, and its domain is not verified, so only the platform signs and mailboxes may show \"via\".", from)
		ja = fmt.Sprintf("アドレス %s はメールで確認済みですが、ドメインは認証されていません。署名するのはプラットフォームだけになり、受信者には「経由」と表示されることがあります。", from)
	case WhyUnlisted:
		en = fmt.Sprintf("%s is verified, and it is not in the list of senders.", from)
		ja = fmt.Sprintf("%s は認証済みですが、送信者リストに含まれていません。", from)
	default:
		en = fmt.Sprintf("%s is not verified as a sender.", from)
		ja = fmt.Sprintf("%s は差出人として認証されていません。", from)
	}
	if w.Entry != "" {
		en += fmt.Sprintf(" It matches %s in the list of senders.", w.Entry)
		ja += fmt.Sprintf("送信者リストの %s に一致します。", w.Entry)
	}
	return en, ja
}

// fate says what becomes of the message.
func (w Way) fate(c myodai.Class) (en, ja string) {
	name := w.Route.SmarthostName()
	switch {
	case w.Fate == FateRefuse:
		return fmt.Sprintf(" Mail of the class %s is refused then.", c.Name), fmt.Sprintf("クラス %s のメールは受け付けられません。", c.Name)
	case w.Fate == FateHold:
		return fmt.Sprintf(" Mail of the class %s is held until it is.", c.Name), fmt.Sprintf("クラス %s のメールは、認証されるまで保留されます。", c.Name)
	case w.Basis == myodai.BasisPlatform:
		en, ja = " It is sent from the platform's own address, and answers go to the author", "プラットフォームのアドレスから送信され、返信は元の差出人に届きます"
	default:
		en, ja = " It is sent", "送信されます"
	}
	switch {
	case w.Route == myodai.RouteNormal:
		return en + ", by the normal path.", ja + "(通常の配送経路)。"
	case name != "":
		return en + ", by the smarthost " + name + ".", ja + "(中継サーバー " + name + ")。"
	}
	return en + ", by the platform's own delivery.", ja + "(プラットフォームの配送サービス)。"
}
