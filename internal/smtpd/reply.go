package smtpd

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// reply is one reply line: code and enhanced status code (RFC 3463). Without an
// enhanced code the text stands alone, as in the greeting.
type reply struct {
	code     int
	enhanced string
	text     string
}

// maxReply bounds the text of a reply so that its line keeps within 512 octets
// (RFC 5321 §4.5.3.1.5).
const maxReply = 480

// line is the reply as it goes on the wire. It is one line whatever the text
// has in it, and ASCII, as not every client understands more.
func (r reply) line() string {
	text := r.text
	if r.enhanced != "" {
		text = r.enhanced + " " + text
	}
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f {
			return '?'
		}
		return c
	}, text)
	if len(text) > maxReply {
		text = text[:maxReply]
	}
	return strconv.Itoa(r.code) + " " + text + "\r\n"
}

// Every fixed reply there is.
var (
	replyBye      = reply{221, "2.0.0", "goodbye"}
	replyDone     = reply{250, "2.0.0", "OK"}
	replySender   = reply{250, "2.1.0", "sender OK"}
	replyRcpt     = reply{250, "2.1.5", "recipient OK"}
	replyChunk    = reply{250, "2.0.0", "octets OK"}
	replyReceived = reply{250, "2.0.0", "accepted"}
	replyVerify   = reply{252, "2.5.2", "send some mail to find out"}
	replyHelp     = reply{214, "2.0.0", "see RFC 5321"}
	replyGo       = reply{354, "", "end with CRLF.CRLF"}
	replyTLS      = reply{220, "2.0.0", "ready for TLS"}
	replyWelcome  = reply{235, "2.7.0", "authenticated"}

	replyControl     = reply{500, "5.5.2", "there is a control character in the command"}
	replyLineEnd     = reply{500, "5.5.2", "command lines end in CRLF"}
	replyLong        = reply{500, "5.5.2", "the command line is too long"}
	replyUnknown     = reply{500, "5.5.1", "command not recognized"}
	replyForeign     = reply{554, "5.5.1", "this is an SMTP server"}
	replyHelloSyntax = reply{501, "5.5.4", "say EHLO and one host name"}
	replyArgument    = reply{501, "5.5.4", "wrong number of arguments"}
	replyPath        = reply{501, "5.5.2", "write MAIL FROM:<address> and RCPT TO:<address>"}
	replyRoute       = reply{501, "5.1.3", "source routes are not supported"}
	replyParameter   = reply{555, "5.5.4", "unknown, repeated or malformed parameter"}
	replyChunkSyntax = reply{501, "5.5.4", "write BDAT, a number of octets, and LAST after the last ones"}
	replySequence    = reply{503, "5.5.1", "bad sequence of commands"}
	replyEarly       = reply{503, "5.5.0", "wait for the reply to DATA before sending content"}
	replyOff         = reply{502, "5.5.1", "command not implemented here"}
	replyNoRcpt      = reply{554, "5.5.1", "no valid recipients"}

	replySenderAddress = reply{553, "5.1.7", "the sender is not a mail address"}
	replyRcptAddress   = reply{553, "5.1.3", "the recipient is not a mail address"}
	replyNeedUTF8      = reply{553, "5.6.7", "address has UTF-8 but MAIL FROM had no SMTPUTF8"}
	replyTooMany       = reply{452, "4.5.3", "too many recipients; send the message to the others separately"}
	replyTooLarge      = reply{552, "5.3.4", "the message is larger than allowed"}
	replyNoRoom        = reply{452, "4.3.1", "too much mail at once; try again later"}
	replyBare          = reply{550, "5.6.11", "bare CR, bare LF or NUL in the message; lines end in CRLF"}

	replyNeedTLS      = reply{530, "5.7.0", "say STARTTLS first"}
	replyNeedAuth     = reply{530, "5.7.0", "log in first"}
	replyPlainAuth    = reply{538, "5.7.11", "encryption is required for logging in"}
	replyMechanism    = reply{504, "5.5.4", "unknown authentication mechanism"}
	replyAuthSyntax   = reply{501, "5.5.2", "malformed authentication exchange"}
	replyAuthCanceled = reply{501, "5.7.0", "authentication canceled"}
	replyAuthFailed   = reply{535, "5.7.8", "user name or password is wrong"}
	replyAuthFault    = reply{454, "4.7.0", "logging in does not work just now; try again later"}
	replyAuthLimit    = reply{421, "4.7.0", "too many failed logins; try again later"}
	replyAuthEnded    = reply{421, "4.7.0", "the credential does not work any more"}

	replyFault     = reply{451, "4.3.0", "temporary failure at our side; try again later"}
	replySpace     = reply{452, "4.3.1", "no space is left at our side; try again later"}
	replyCrash     = reply{421, "4.3.0", "temporary failure at our side; try again later"}
	replyShutdown  = reply{421, "4.3.2", "shutting down; try again later"}
	replyTimeout   = reply{421, "4.4.2", "timeout"}
	replyErrors    = reply{421, "4.7.0", "too many errors"}
	replyJunk      = reply{421, "4.7.0", "too many commands without mail"}
	replyFull      = reply{421, "4.3.2", "too many connections; try again later"}
	replyFullForIP = reply{421, "4.7.0", "too many connections from your address; try again later"}
)

// refusals is the only place where a refusal becomes a reply. The enhanced code
// of something invalid depends on what it is: an address or a message.
var refusals = map[myodai.Code]struct {
	code           int
	atRcpt, atBody string
}{
	myodai.CodeInvalid:      {550, "5.1.3", "5.6.0"},
	myodai.CodeUnauthorized: {530, "5.7.0", "5.7.0"},
	myodai.CodeForbidden:    {550, "5.7.1", "5.7.1"},
	myodai.CodeNotFound:     {550, "5.1.1", "5.1.1"},
	myodai.CodeConflict:     {450, "4.2.0", "4.5.0"},
	myodai.CodeTooLarge:     {552, "5.3.4", "5.3.4"},
	myodai.CodeLimited:      {450, "4.7.1", "4.7.1"},
	myodai.CodeUnavailable:  {451, "4.3.0", "4.3.0"},
}

// stage is what a refusal is about.
type stage string

const (
	atRcpt stage = "rcpt"
	atBody stage = "body"
)

// replyTo translates the error of a function in Options. The text of a fault
// stays here; fault says that it is to be logged.
func replyTo(ctx context.Context, err error, at stage) (r reply, fault bool) {
	if refusal, ok := errors.AsType[*myodai.Error](err); ok {
		if row, ok := refusals[refusal.Code]; ok {
			enhanced := row.atBody
			if at == atRcpt {
				enhanced = row.atRcpt
			}
			return reply{row.code, enhanced, refusal.Message}, false
		}
	}
	if context.Cause(ctx) == errCut { // we are shutting down, and nothing is broken
		return replyShutdown, false
	}
	if errors.Is(err, myodai.ErrNoSpace) {
		return replySpace, true
	}
	return replyFault, true
}
