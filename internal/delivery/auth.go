package delivery

import (
	"encoding/base64"
	"strings"

	"github.com/myodai/myodai"
)

// authenticate proves who we are to a smarthost (RFC 4954): by PLAIN (RFC 4616), or
// by LOGIN where that is all it knows, as with some Exchange. TLS has been verified,
// or the session would not have come this far with it.
func (s *session) authenticate() *myodai.Outcome {
	h := s.target.smarthost
	if s.tls == "" {
		return transient("4.7.0", "the smarthost offers no TLS, and the password is not sent without")
	}
	offered := " " + strings.ToUpper(s.offers["AUTH"]) + " "
	var secrets []string
	switch {
	case strings.Contains(offered, " PLAIN "):
		secrets = []string{"AUTH PLAIN " + encode("\x00"+h.User+"\x00"+h.Password)}
	case strings.Contains(offered, " LOGIN "):
		secrets = []string{"AUTH LOGIN", encode(h.User), encode(h.Password)}
	default:
		return transient("4.7.0", "the smarthost offers neither AUTH PLAIN nor AUTH LOGIN")
	}
	var r reply
	for i, secret := range secrets {
		var problem *myodai.Outcome
		if r, problem = s.confide(secret); problem != nil {
			return problem
		}
		if i < len(secrets)-1 && r.code != 334 {
			break
		}
	}
	if r.code != 235 {
		o := judge(r)
		o.Kind = myodai.OutcomeTransient
		o.Text = "the smarthost does not accept the password: " + o.Text
		return o
	}
	return nil
}

// confide says one line of an authentication, of which the dialogue keeps no more
// than the words that are no secret.
func (s *session) confide(line string) (reply, *myodai.Outcome) {
	told := "****"
	switch {
	case line == "AUTH LOGIN":
		told = line
	case strings.HasPrefix(line, "AUTH PLAIN "):
		told = "AUTH PLAIN ****"
	}
	s.said.client(told)
	if _, err := s.w.WriteString(line + "\r\n"); err != nil {
		return reply{}, s.lost("AUTH", err)
	}
	if err := s.w.Flush(); err != nil {
		return reply{}, s.lost("AUTH", err)
	}
	return s.read(s.agent.with.Timeouts.Hello, "AUTH")
}

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
