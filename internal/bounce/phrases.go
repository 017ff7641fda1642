package bounce

// phrase is a piece of a reply that tells a reason. The parts between ellipses
// must all be there, in any order; they are matched in lower case against
// "code enhanced text".
type phrase struct {
	provider string // whose words they are, "" for many
	parts    string
	class    Class
}

// protections are words that keep an address off the suppression list, whatever
// else is said: the mail was blocked, or filtered by its recipient.
//
// The Japanese carriers say "unknown user" for a recipient who does not exist
// and for one who filters us out: docomo and au give the first in reply to RCPT
// and the second after the data, and some gateways report the second as 5.2.0.
var protections = []phrase{
	{"docomo, au", "unknown user … end of data", ClassPolicy},
	{"docomo, au", "user unknown … end of data", ClassPolicy},
	{"", "unknown … in reply to mail from", ClassPolicy}, // about us, not about them
	{"", "sender verif", ClassPolicy},
	{"", "verify sender", ClassPolicy},
	{"", "sender address rejected", ClassPolicy},
	{"", "sender rejected", ClassPolicy},
	{"", "sender unknown", ClassPolicy},
	{"", "unknown sender", ClassPolicy},
	{"SES", "suppression list", ClassPolicy},
	{"Myodai", "not sent: suppressed since", ClassPolicy},
	{"", "spamhaus", ClassReputation},
	{"", "spamcop", ClassReputation},
	{"", "dnsbl", ClassReputation},
	{"", " rbl", ClassReputation},
	{"", "blocklist", ClassReputation},
	{"", "blocklisted", ClassReputation},
	{"", "block list", ClassReputation},
	{"", "blacklist", ClassReputation},
	{"", "blocked using", ClassReputation},
	{"", "bad reputation", ClassReputation},
	{"", "poor reputation", ClassReputation},
	{"", "low reputation", ClassReputation},
	{"", "greylist", ClassTransient},
	{"", "graylist", ClassTransient},
	{"", "mailbox full", ClassMailboxFull},
	{"", "mailbox is full", ClassMailboxFull},
	{"", "over quota", ClassMailboxFull},
	{"", "quota exceeded", ClassMailboxFull},
	{"", "loop detected", ClassNetwork},
	{"", "too many hops", ClassNetwork},
	{"", "been blocked", ClassPolicy},
	{"", "was blocked", ClassPolicy},
	{"", "is blocked", ClassPolicy},
}

// phrases is asked from top to bottom. What protects an address stands before
// what condemns it. A provider's words hold wherever they are read: gateways
// repeat them, and their hosts have many names.
var phrases = []phrase{
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

	{"Gmail", "very low reputation", ClassReputation},
	{"Gmail", "address couldn't be found", ClassRecipient},
	{"Gmail", "does not meet … sender guidelines", ClassPolicy},
	{"Exchange", "resolver.adr.recipnotfound", ClassRecipient},
	{"Exchange", "resolver.adr.recipientnotfound", ClassRecipient},
	{"Exchange", "resolver.adr.exrecipnotfound", ClassRecipient},
	{"Exchange", "storedrv.deliver; mailbox full", ClassMailboxFull},
	{"Exchange", "quotaexceeded", ClassMailboxFull},
	{"Exchange", "resolver.rst.notauthorized", ClassPolicy},
	{"Exchange", "resolver.rst.authrequired", ClassPolicy},
	{"Exchange", "resolver.rst.recipsizelimit", ClassContent},
	{"Domino", "not listed in … directory", ClassRecipient},
	{"Domino", "not listed in … address book", ClassRecipient},
	{"GroupWise", "user not on post office", ClassRecipient},
	{"Mimecast", "envelope blocked", ClassPolicy},
	{"Mimecast", "anti-spoofing", ClassPolicy},
	{"Mimecast", "invalid recipient", ClassRecipient},
	{"Proofpoint", "blocked - see https://ipcheck", ClassReputation},
	{"Barracuda", "barracudacentral", ClassReputation},
	{"mail.ru", "invalid mailbox", ClassRecipient},
	{"Yahoo", "this mailbox is disabled", ClassRecipient},
	{"mail.ru", "account is disabled", ClassRecipient},
	{"mail.ru", "account is inactive", ClassRecipient},
	{"QQ", "mail content denied", ClassContent},
	{"QQ", "mailbox not found", ClassRecipient},
	{"163", "user suspended", ClassRecipient},
	{"163", "dt:spm", ClassContent},
	{"163", "mi:dmc", ClassPolicy},
	{"163", "rp:trc", ClassTransient},

	{"", "mailbox size limit", ClassMailboxFull},
	{"", "overquota", ClassMailboxFull},
	{"", "over the maximum allowed mailbox size", ClassMailboxFull},
	{"", "exceeds the quota", ClassMailboxFull},
	{"", "exceeded … quota", ClassMailboxFull},
	{"", "insufficient disk space", ClassMailboxFull},
	{"", "exceeded storage", ClassMailboxFull},
	{"", "exceeds allowed size", ClassMailboxFull},
	{"", "容量", ClassMailboxFull},
	{"", "message size exceeds", ClassContent},
	{"", "message too large", ClassContent},
	{"", "message too big", ClassContent},
	{"", "virus", ClassContent},
	{"", "malware", ClassContent},
	{"", "spam", ClassContent},
	{"", "dmarc", ClassPolicy},
	{"", "relaying denied", ClassPolicy},
	{"", "relay access denied", ClassPolicy},
	{"", "not permitted", ClassPolicy},
	{"", "administrative prohibition", ClassPolicy},
	{"", "rejected by policy", ClassPolicy},
	{"", "retry timeout exceeded", ClassNetwork},
	{"", "unrouteable", ClassNetwork},
	{"", "host or domain name not found", ClassNetwork},
	{"", "host not found", ClassNetwork},
	{"", "host unknown", ClassNetwork},
	{"", "domain … couldn't be found", ClassNetwork},
	{"", "connection timed out", ClassNetwork},
	{"", "connection refused", ClassNetwork},
	{"", "couldn't find any host", ClassNetwork},
	{"", "wasn't able to establish an smtp connection", ClassNetwork},
	{"", "dns error", ClassNetwork},
	{"", "recipient not found", ClassRecipient},
	{"", "no such user", ClassRecipient},
	{"", "no such recipient", ClassRecipient},
	{"", "no mailbox here by that name", ClassRecipient},
	{"", "user doesn't exist", ClassRecipient},
	{"", "user not found", ClassRecipient},
	{"", "user is unknown", ClassRecipient},
	{"", "recipient unknown", ClassRecipient},
	{"", "unknown recipient", ClassRecipient},
	{"", "unknown local part", ClassRecipient},
	{"", "unknown address", ClassRecipient},
	{"", "mailbox not found", ClassRecipient},
	{"", "mailbox does not exist", ClassRecipient},
	{"", "account does not exist", ClassRecipient},
	{"", "address does not exist", ClassRecipient},
	{"", "not a valid mailbox", ClassRecipient},
}
