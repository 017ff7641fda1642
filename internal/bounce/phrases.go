package bounce

// phrase is a piece of a reply that tells a reason. The parts between ellipses
// must all be there, in any order; they are matched in lower case against
// "code enhanced text".
type phrase struct {
	provider string // whose words they are, "" for many
	parts    string
	class    Class
}

// phrases is asked from top to bottom. What protects an address stands before
// what condemns it.
//
// The Japanese carriers say "unknown user" for a recipient who does not exist
// and for one who filters us out: docomo and au give the first in reply to RCPT
// and the second after the data, and some gateways report the second as 5.2.0.
var phrases = []phrase{
	{"docomo, au", "unknown user … end of data", ClassPolicy},
	{"docomo, au", "user unknown … end of data", ClassPolicy},
	{"docomo", " 5.2.0 … unknown user", ClassPolicy},
	{"au", " 5.2.0 … user unknown", ClassPolicy},
	{"au", "relay access denied", ClassPolicy},
	{"SoftBank", "553 … does not exist", ClassPolicy}, // the sender's domain

	{"Gmail", "rate that prevents additional messages", ClassTransient},
	{"Gmail", "receiving mail too quickly", ClassTransient},
	{"Gmail", "low reputation", ClassReputation},
	{"Gmail", "unusual rate of unsolicited mail", ClassReputation},
	{"Gmail", "likely unsolicited mail", ClassContent},
	{"Gmail", "content presents a potential security issue", ClassContent},
	{"Gmail", "is over quota", ClassMailboxFull},
	{"Gmail", "out of storage space", ClassMailboxFull},
	{"Gmail", "account that you tried to reach does not exist", ClassRecipient},
	{"Gmail", "account that you tried to reach is disabled", ClassRecipient},

	{"Outlook", "(s3140)", ClassReputation},
	{"Outlook", "(s3150)", ClassReputation},
	{"Outlook", "banned sending ip", ClassReputation},
	{"Outlook", "(rp-00", ClassReputation},
	{"Outlook", "5.5.0 … requested action not taken: mailbox unavailable", ClassRecipient},
	{"Outlook", "recipient address rejected: access denied", ClassRecipient},
	{"Outlook", "recipientnotfound", ClassRecipient},

	{"Yahoo", "[ts", ClassReputation}, // [TS01] to [TSS12]
	{"Yahoo", "[bl2", ClassReputation},
	{"Yahoo", "user complaints", ClassReputation},
	{"Yahoo", "not accepted for policy reasons", ClassPolicy},
	{"Yahoo", "this user doesn't have a", ClassRecipient},
	{"Yahoo", "account has been disabled or discontinued", ClassRecipient},

	{"iCloud", "[hm0", ClassReputation},
	{"iCloud", "deferred due to excessive volume", ClassReputation},
	{"iCloud", "[cs01]", ClassContent},
	{"iCloud", "unknown or illegal alias", ClassRecipient},
	{"iCloud", "user does not exist", ClassRecipient},

	{"docomo", "too much mail data", ClassMailboxFull},
	{"docomo", "unknown user", ClassRecipient},
	{"au", "user unknown", ClassRecipient},
	{"SoftBank", "invalid recipient", ClassRecipient},

	{"", "greylist", ClassTransient},
	{"", "graylist", ClassTransient},
	{"", "spamhaus", ClassReputation},
	{"", "dnsbl", ClassReputation},
	{"", "blocklist", ClassReputation},
	{"", "block list", ClassReputation},
	{"", "blacklist", ClassReputation},
	{"", "bad reputation", ClassReputation},
	{"", "poor reputation", ClassReputation},
	{"", "mailbox full", ClassMailboxFull},
	{"", "mailbox is full", ClassMailboxFull},
	{"", "over quota", ClassMailboxFull},
	{"", "quota exceeded", ClassMailboxFull},
	{"", "exceeded storage allocation", ClassMailboxFull},
	{"", "message size exceeds", ClassContent},
	{"", "virus", ClassContent},
	{"", "spam", ClassContent},
	{"", "dmarc", ClassPolicy},
	{"", "no such user", ClassRecipient},
	{"", "user not found", ClassRecipient},
	{"", "mailbox not found", ClassRecipient},
}
