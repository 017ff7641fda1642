package smtpd

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/myodai/myodai"
)

// login is who logged in, and with what, to be asked again.
type login struct {
	user, password string
	credential     myodai.Credential
}

// maxGuesses is how many failed logins a connection may have.
const maxGuesses = 3

// auth is AUTH (RFC 4954).
func (s *session) auth(ctx context.Context, c command) {
	switch {
	case s.server.face != faceSubmission:
		s.reply(replyOff)
		return
	case !s.secure:
		s.reply(replyPlainAuth)
		return
	case s.hello == "" || s.login != nil || s.mail != nil:
		s.reply(replySequence)
		return
	}
	var user, password string
	var refused *reply
	switch c.mechanism {
	case "PLAIN":
		user, password, refused = s.plain(c.initial)
	case "LOGIN":
		user, password, refused = s.loginMechanism(c.initial)
	default:
		refused = &replyMechanism
	}
	if refused != nil {
		if !s.closing {
			s.reply(*refused)
		}
		return
	}
	s.check(ctx, user, password)
}

// check asks who it is. Every failure is answered alike, after the same delay
// (T33).
func (s *session) check(ctx context.Context, user, password string) {
	from, now := client(s.remote), time.Now()
	if s.server.guesses.tooMany(from, user, now) {
		s.server.metrics.logins.WithLabelValues("limited").Inc()
		s.end(replyAuthLimit)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, handlerTimeout)
	defer cancel()
	credential, err := s.authenticate(ctx, user, password)
	if _, refusal := errors.AsType[*myodai.Error](err); err != nil && !refusal {
		s.server.metrics.logins.WithLabelValues("fault").Inc()
		s.server.o.Log.ErrorContext(ctx, "login not checked", "err", err)
		s.reply(replyAuthFault)
		return
	}
	if err == nil {
		s.server.metrics.logins.WithLabelValues("ok").Inc()
		s.login = &login{user: user, password: password, credential: credential}
		s.reply(replyWelcome)
		return
	}
	s.server.metrics.logins.WithLabelValues("failed").Inc()
	s.server.guesses.failed(from, user, now)
	pause := time.NewTimer(s.server.o.Limits.AuthDelay)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
	if s.guessed++; s.guessed >= maxGuesses {
		s.end(replyAuthLimit)
		return
	}
	s.reply(replyAuthFailed)
}

// authenticate asks whether the password is right. An empty one never is.
func (s *session) authenticate(ctx context.Context, user, password string) (myodai.Credential, error) {
	if password == "" {
		return myodai.Credential{}, myodai.Refuse(myodai.CodeUnauthorized, "", "no password")
	}
	return s.server.o.Authenticate(ctx, user, password)
}

// stillLoggedIn asks again whether the credential works, and answers when it
// does not (P31).
func (s *session) stillLoggedIn(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, handlerTimeout)
	defer cancel()
	credential, err := s.server.o.Authenticate(ctx, s.login.user, s.login.password)
	if err == nil {
		s.login.credential = credential
		return true
	}
	if _, refusal := errors.AsType[*myodai.Error](err); refusal {
		s.end(replyAuthEnded)
		return false
	}
	s.reply(s.judge(ctx, err, atBody, "login not checked again"))
	return false
}

// plain is the PLAIN mechanism (RFC 4616). Acting for somebody else is not
// possible: authzid is empty or the same as the user (T33).
func (s *session) plain(initial string) (user, password string, refused *reply) {
	if initial == "" {
		initial, refused = s.challenge("")
		if refused != nil {
			return "", "", refused
		}
	}
	text, ok := decodeBase64(initial)
	parts := strings.Split(text, "\x00")
	switch {
	case !ok || len(parts) != 3 || parts[1] == "" || parts[2] == "":
		return "", "", &replyAuthSyntax
	case parts[0] != "" && parts[0] != parts[1]:
		// Answered like a wrong password, and as late.
		return parts[1], "", nil
	}
	return parts[1], parts[2], nil
}

// loginMechanism is LOGIN, which no RFC describes and every client speaks
// (draft-murchison-sasl-login).
func (s *session) loginMechanism(initial string) (user, password string, refused *reply) {
	if initial == "" {
		if initial, refused = s.challenge("Username:"); refused != nil {
			return "", "", refused
		}
	}
	user, ok := decodeBase64(initial)
	if !ok || user == "" {
		return "", "", &replyAuthSyntax
	}
	answer, refused := s.challenge("Password:")
	if refused != nil {
		return "", "", refused
	}
	password, ok = decodeBase64(answer)
	if !ok || password == "" || strings.ContainsRune(user+password, 0) {
		return "", "", &replyAuthSyntax
	}
	return user, password, nil
}

// challenge asks for the next part and reads it, still in base64.
func (s *session) challenge(text string) (answer string, refused *reply) {
	s.reply(reply{334, "", base64.StdEncoding.EncodeToString([]byte(text))})
	answer, err := s.readLine()
	switch {
	case err != nil:
		s.failed(err)
		return "", &replyAuthSyntax
	case answer == "*":
		return "", &replyAuthCanceled
	}
	return answer, nil
}

// decodeBase64 reads a response; "=" alone is an empty one (RFC 4954 §4).
func decodeBase64(s string) (text string, ok bool) {
	if s == "=" {
		return "", true
	}
	octets, err := base64.StdEncoding.Strict().DecodeString(s)
	return string(octets), err == nil && utf8.Valid(octets)
}
