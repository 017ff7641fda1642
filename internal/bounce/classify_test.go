package bounce_test

import (
	"testing"

	"github.com/myodai/myodai/internal/bounce"
)

func TestClassify(t *testing.T) {
	for _, tt := range []struct {
		name     string
		code     int
		enhanced string
		text     string
		want     bounce.Class
	}{
		{"unknown user by code", 550, "5.1.1", "whatever", bounce.ClassRecipient},
		{"code wins over text", 550, "5.1.1", "looks like spam", bounce.ClassRecipient},
		{"a block is no missing recipient, whatever its code", 550, "5.1.1", "blocked using zen.spamhaus.org", bounce.ClassReputation},
		{"unknown user after the data, whatever its code", 550, "5.1.1", "unknown user (in reply to end of DATA command)", bounce.ClassPolicy},
		{"null MX", 556, "5.1.10", "", bounce.ClassRecipient},
		{"full by code", 552, "5.2.2", "", bounce.ClassMailboxFull},
		{"full for now", 452, "4.2.2", "", bounce.ClassMailboxFull},
		{"unknown user for now", 450, "4.1.1", "User unknown", bounce.ClassTransient},
		{"code for now, enhanced for good", 450, "5.1.1", "", bounce.ClassTransient},
		{"sender refused", 553, "5.1.8", "", bounce.ClassPolicy},
		{"too large", 552, "5.3.4", "", bounce.ClassContent},
		{"no route", 0, "5.4.4", "", bounce.ClassNetwork},
		{"gave up after days", 0, "4.4.7", "", bounce.ClassNetwork},
		{"detail nobody registered", 550, "5.6.99", "", bounce.ClassContent},
		{"subject nobody registered", 550, "5.9.1", "", bounce.ClassUnknown},
		{"policy", 550, "5.7.1", "no thanks", bounce.ClassPolicy},
		{"policy is no missing recipient, whatever it says", 550, "5.7.1", "user unknown", bounce.ClassPolicy},
		{"policy for now", 450, "4.7.1", "Greylisted, see you later", bounce.ClassTransient},
		{"bare 550", 550, "", "no", bounce.ClassUnknown},
		{"bare 451", 451, "", "no", bounce.ClassTransient},
		{"text without any code (T41)", 0, "", "550 5.1.1 user unknown", bounce.ClassUnknown},
		{"success", 250, "2.0.0", "user unknown", bounce.ClassUnknown},
		{"malformed enhanced code", 550, "5.1", "", bounce.ClassUnknown},
		{"address is not the reason", 550, "", "<antispam@virus.example>: rejected", bounce.ClassUnknown},

		{"Gmail, no account", 550, "5.1.1", "The email account that you tried to reach does not exist.", bounce.ClassRecipient},
		{"Gmail, disabled", 550, "5.2.1", "The email account that you tried to reach is disabled.", bounce.ClassRecipient},
		{"Gmail, too much at once", 450, "4.2.1", "The user you are trying to contact is receiving mail too quickly.", bounce.ClassTransient},
		{"Gmail, too much at once, for good", 550, "5.2.1", "receiving mail at a rate that prevents additional messages from being delivered", bounce.ClassTransient},
		{"Gmail, rate", 421, "4.7.0", "Our system has detected an unusual rate of unsolicited mail originating from your IP", bounce.ClassReputation},
		{"Gmail, reputation", 550, "5.7.1", "suspicious due to the very low reputation of the sending domain", bounce.ClassReputation},
		{"Gmail, unauthenticated", 550, "5.7.26", "Unauthenticated email is not accepted", bounce.ClassPolicy},
		{"Outlook, block list", 550, "5.7.1", "messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3140)", bounce.ClassReputation},
		{"Outlook, no mailbox", 550, "5.5.0", "Requested action not taken: mailbox unavailable", bounce.ClassRecipient},
		{"the phrase of RFC 5321 alone", 550, "", "Requested action not taken: mailbox unavailable", bounce.ClassUnknown},
		{"Exchange, no recipient", 550, "5.4.1", "Recipient address rejected: Access denied. AS(201806281)", bounce.ClassRecipient},
		{"Yahoo, no account", 554, "", "delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com) [0]", bounce.ClassRecipient},
		{"Yahoo, complaints", 421, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints", bounce.ClassReputation},
		{"iCloud, no account", 550, "5.1.1", "<a@icloud.com>: user does not exist", bounce.ClassRecipient},
		{"iCloud, content", 550, "5.7.1", "[CS01] Message rejected due to local policy.", bounce.ClassContent},
		{"iCloud, reputation", 554, "5.7.1", "[HM08] Message rejected due to local policy.", bounce.ClassReputation},
		{"docomo, no user", 550, "", "Unknown user taro@docomo.ne.jp", bounce.ClassRecipient},
		{"docomo, user's own filter", 550, "", "Unknown user taro@docomo.ne.jp (in reply to end of DATA command)", bounce.ClassPolicy},
		{"docomo, user's own filter by a gateway", 550, "5.2.0", "Unknown user taro@docomo.ne.jp", bounce.ClassPolicy},
		{"docomo, full", 552, "", "Too much mail data taro@docomo.ne.jp", bounce.ClassMailboxFull},
		{"au, no user", 550, "", "<taro@ezweb.ne.jp>: User unknown (in reply to RCPT TO command)", bounce.ClassRecipient},
		{"au, user's own filter", 550, "5.0.0", "<taro@ezweb.ne.jp>:User unknown (in reply to end of DATA command)", bounce.ClassPolicy},
		{"au, odd address", 554, "", "<taro@example.jp>: Relay access denied", bounce.ClassPolicy},
		{"SoftBank, no user", 550, "", "Invalid recipient: <taro@i.softbank.jp>", bounce.ClassRecipient},
		{"SoftBank, sender's domain", 553, "", "mail.example.jp does not exist", bounce.ClassPolicy},
	} {
		if got := bounce.Classify(tt.code, tt.enhanced, tt.text); got != tt.want {
			t.Errorf("%s: Classify(%d, %q, %q) = %s, want %s", tt.name, tt.code, tt.enhanced, tt.text, got, tt.want)
		}
	}
}

// Whatever code comes with them, these words suppress nobody.
func TestBlocksNeverSuppress(t *testing.T) {
	for _, text := range []string{
		"user unknown: blocked using dnsbl.example", "mail from 192.0.2.10 blocked by zen.spamhaus.org", "no such user, listed in a blacklist",
		"user unknown, greylisted", "Sender address rejected: User unknown", "unknown sender: no such user", "sender verification: no such user",
		"no such user: your IP has been blocked", "recipient is on the suppression list, no such user", "no such user: mailbox full",
		"Unknown user (in reply to end of DATA command)", "user unknown (in reply to MAIL FROM command)", "no such user: poor reputation",
	} {
		for _, enhanced := range []string{"", "5.0.0", "5.1.0", "5.1.1", "5.2.1", "5.7.1", "4.1.1"} {
			for _, code := range []int{0, 450, 550, 554} {
				if got := bounce.Classify(code, enhanced, text); bounce.Suppresses(got) {
					t.Errorf("Classify(%d, %q, %q) = %s", code, enhanced, text, got)
				}
			}
		}
	}
}

func TestOnlyMissingRecipientsAreSuppressed(t *testing.T) {
	for c, want := range map[bounce.Class]bool{
		bounce.ClassRecipient: true, bounce.ClassMailboxFull: false, bounce.ClassPolicy: false,
		bounce.ClassReputation: false, bounce.ClassContent: false, bounce.ClassTransient: false,
		bounce.ClassNetwork: false, bounce.ClassUnknown: false,
	} {
		if got := bounce.Suppresses(c); got != want {
			t.Errorf("Suppresses(%s) = %v, want %v", c, got, want)
		}
	}
}

// Nothing temporary, nothing refused for policy and nothing without a code ever
// suppresses, whatever the text.
func FuzzClassify(f *testing.F) {
	f.Add(550, "5.1.1", "User unknown")
	f.Add(450, "", "unknown user <a@b> … end of data")
	f.Add(0, "5.7.1", "no such user")
	f.Fuzz(func(t *testing.T, code int, enhanced, text string) {
		got := bounce.Classify(code, enhanced, text)
		if !bounce.Suppresses(got) {
			return
		}
		permanent := code >= 500 && code <= 599 || len(enhanced) > 1 && enhanced[:2] == "5."
		if !permanent || code/100 == 4 || len(enhanced) > 3 && enhanced[2:4] == "7." {
			t.Fatalf("Classify(%d, %q, %q) = %s", code, enhanced, text, got)
		}
	})
}
