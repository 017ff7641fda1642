package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/demo"
	"github.com/myodai/myodai/internal/plan"
)

// story is what has happened so far.
type story struct {
	*stage
	c      *cli
	began  time.Time
	tenant *client
	domain api.DomainWithRecords
}

// tell plays the main job, from nothing to a message that a receiver trusts.
func (c *cli) tell(ctx context.Context, s *stage) error {
	ctx, cancel := context.WithTimeout(ctx, storyTime)
	defer cancel()
	t := &story{stage: s, c: c, began: time.Now()}
	c.say("Myodai, the main job: a domain from nothing to verified, a message to an inbox.\nEverything runs in this process, on loopback.")
	for n, chapter := range []struct {
		title string
		tell  func(context.Context) error
	}{
		{"A customer of the platform", t.takeOn},
		{"It registers its domain " + string(demo.Tenant), t.register},
		{"Before the records are published", t.tooEarly},
		{"The records are published at the customer's DNS host", t.publish},
		{"Mail from the customer's domain, by the API", t.send},
		{"Mail as somebody else", t.forge},
	} {
		c.say("\n%d  %s", n+1, chapter.title)
		if err := chapter.tell(ctx); err != nil {
			return fmt.Errorf("chapter %d, %s: %w", n+1, strings.ToLower(chapter.title[:1])+chapter.title[1:], err)
		}
	}
	c.say("\nThat was the whole story, in %.1f seconds.", time.Since(t.began).Seconds())
	return nil
}

// point tells of one thing that has come true.
func (t *story) point(format string, args ...any) {
	t.c.say("   ✓ %s", fmt.Sprintf(format, args...))
}

func (t *story) takeOn(ctx context.Context) error {
	key, err := t.operatorKey()
	if err != nil {
		return err
	}
	operator := t.api(key)
	made, err := ask[api.Tenant](ctx, operator, http.MethodPost, "/v1/tenants", api.NewTenant{Name: "Acme"})
	if err != nil {
		return err
	}
	credential, err := ask[api.CreatedCredential](ctx, operator, http.MethodPost, "/v1/tenants/"+string(made.ID)+"/credentials",
		api.NewCredential{Kind: string(myodai.CredentialAPI), Label: "demo"})
	if err != nil {
		return err
	}
	t.tenant = t.api(credential.Secret)
	t.point("tenant %s, with an API key", made.ID)
	return nil
}

func (t *story) register(ctx context.Context) (err error) {
	t.domain, err = ask[api.DomainWithRecords](ctx, t.tenant, http.MethodPost, "/v1/domains", api.NewDomain{Name: string(demo.Tenant)})
	if err != nil {
		return err
	}
	t.point("%s is %s; these records are to be published:", t.domain.Name, t.domain.State)
	for _, r := range t.domain.Records {
		t.c.say("       %-38s %-6s %s", r.Name, r.Type, r.Value)
	}
	return nil
}

func (t *story) tooEarly(ctx context.Context) error {
	result, err := t.check(ctx)
	if err != nil {
		return err
	}
	for _, r := range result.Records {
		if r.Status != myodai.StatusMissing {
			return fmt.Errorf("%s is %s before anything was published", r.Name, r.Status)
		}
	}
	t.point("the authoritative server was asked: none of the %d records is there", len(result.Records))
	refusal, err := t.submit(ctx, "sales@"+string(demo.Tenant), "too early")
	if err != nil {
		return err
	}
	t.point("mail is refused: %s", refusal)
	return nil
}

func (t *story) check(ctx context.Context) (api.CheckResult, error) {
	return ask[api.CheckResult](ctx, t.tenant, http.MethodPost, "/v1/domains/"+string(t.domain.ID)+"/check", nil)
}

func (t *story) publish(ctx context.Context) error {
	p := plan.Plan{Domain: demo.Tenant}
	for _, r := range t.domain.Records {
		p.Items = append(p.Items, plan.Item{Name: myodai.Name(r.Name), Type: r.Type, Value: r.Value})
	}
	if err := t.space.Publish(p); err != nil {
		return err
	}
	result, err := t.check(ctx)
	if err != nil {
		return err
	}
	for _, r := range result.Records {
		t.c.say("       %-10s %-6s %s", strings.ReplaceAll(string(r.Status), "_", " "), r.Type, r.Name)
	}
	if result.State != myodai.DomainVerified {
		return fmt.Errorf("the domain is %s after its records were published", result.State)
	}
	t.point("%s is verified", t.domain.Name)
	return nil
}

// submit tries to send; the refusal is what the API answered, "" when it
// accepted the message.
func (t *story) submit(ctx context.Context, from, subject string) (refusal string, err error) {
	_, err = ask[api.AcceptedMessage](ctx, t.tenant, http.MethodPost, "/v1/messages", api.NewMessage{
		From: from, To: []string{"you@" + string(demo.ReceiverDomain)}, Subject: subject,
		Text: "Thank you for your order.\n", HTML: "<p>Thank you for your order.</p>\n",
	})
	if answered, ok := err.(*answeredError); ok && answered.problem.Status < http.StatusInternalServerError {
		return answered.problem.Detail, nil
	}
	return "", err
}

func (t *story) send(ctx context.Context) error {
	const subject = "Your order"
	refusal, err := t.submit(ctx, "Acme <sales@"+string(demo.Tenant)+">", subject)
	if err != nil {
		return err
	}
	if refusal != "" {
		return fmt.Errorf("the message was refused: %s", refusal)
	}
	t.point("accepted: the message is durable, signed with the customer's key")
	select {
	case got := <-t.mail:
		t.point("%s received it and judged, by itself:", demo.ReceiverHost)
		for line := range strings.SplitSeq(got.Results, "\n") {
			t.c.say("       %s", line)
		}
		if !got.Passed || got.Subject != subject {
			return fmt.Errorf("the receiver does not trust the message")
		}
		t.point("SPF and DKIM pass for %s itself, so DMARC passes twice", demo.Tenant)
	case <-ctx.Done():
		return fmt.Errorf("the message did not arrive: %w", ctx.Err())
	}
	return nil
}

func (t *story) forge(ctx context.Context) error {
	for _, from := range []string{"ceo@" + string(demo.ReceiverDomain), "someone@gmail.com"} {
		refusal, err := t.submit(ctx, from, "forged")
		if err != nil {
			return err
		}
		if refusal == "" {
			return fmt.Errorf("mail from %s was accepted", from)
		}
		t.point("from %s: %s", from, refusal)
	}
	return nil
}
