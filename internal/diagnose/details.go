package diagnose

import (
	"fmt"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Bounds of the details: of a hostile zone's answers more would help nobody.
const (
	maxAnswers = 8
	longValue  = 600
)

// details say what was asked, which server answered, when, and what it said.
func details(f myodai.Finding, c Context) []string {
	phrases := vocab.Phrases[c.Lang]
	var list []string
	for i, a := range c.Answers {
		if i == maxAnswers {
			list = append(list, fmt.Sprintf(phrases["more"], len(c.Answers)-i))
			break
		}
		list = append(list, detail(a, c))
	}
	if f.Found != "" {
		list = append(list, fmt.Sprintf(phrases["found"], quotedText(f.Found, c.Lang)))
	}
	if f.Expected != "" {
		list = append(list, fmt.Sprintf(phrases["expected"], quotedText(f.Expected, c.Lang)))
	}
	if !f.VisibleAt.IsZero() {
		list = append(list, fmt.Sprintf(phrases["visible"], clock(f.VisibleAt, c)))
	}
	return list
}

// detail is what one server said to one question.
func detail(a myodai.Answer, c Context) string {
	phrases := vocab.Phrases[c.Lang]
	name, kind := quotedText(string(a.Name), c.Lang), quotedText(string(a.Type), c.Lang)
	if a.Address == "" {
		return fmt.Sprintf(phrases["never"], name, kind, quotedText(a.Err, c.Lang))
	}
	server := quotedText(a.Server, c.Lang)
	switch {
	case server == "" && a.Recursive:
		server = phrases["recursive"]
	case server == "":
		server = phrases["unnamed"]
	}
	return fmt.Sprintf(phrases["asked"], server, quotedText(a.Address, c.Lang), strings.ToUpper(string(a.Transport)),
		name, kind, moment(a.At, c.Location), reply(a, c.Lang))
}

// reply is what an answer says, in words.
func reply(a myodai.Answer, lang Lang) string {
	phrases := vocab.Phrases[lang]
	var records []string
	for _, rr := range a.Records {
		records = append(records, string(rr.Type)+" "+rr.Data)
	}
	switch {
	case a.Err != "":
		return fmt.Sprintf(phrases["no answer"], quotedText(a.Err, lang))
	case a.Kind() == myodai.AnswerPositive && len(records) > 0:
		return quotedText(strings.Join(records, "\n"), lang)
	case a.RCode == "NXDOMAIN" && a.Kind() == myodai.AnswerNegative:
		return phrases["no such name"]
	case a.Kind() == myodai.AnswerNegative:
		return phrases["no data"]
	case a.RCode == "NOERROR" && len(records) > 0:
		return fmt.Sprintf(phrases["referral"], quotedText(strings.Join(records, "\n"), lang))
	}
	what := a.RCode
	if a.ExtendedError != "" {
		what += ", " + a.ExtendedError
	}
	return fmt.Sprintf(phrases["referral"], quotedText(what, lang))
}

// quotedText is a value of strangers, fit to be shown.
func quotedText(s string, lang Lang) string { return Spell(shortened(oneLine(s, lang), longValue)) }

// moment is a time of day to the second.
func moment(at time.Time, where *time.Location) string {
	if where == nil {
		return at.UTC().Format("15:04:05") + " UTC"
	}
	return at.In(where).Format("15:04:05")
}
