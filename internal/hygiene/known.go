package hygiene

import (
	_ "embed"
	"strings"
	"sync"

	"golang.org/x/net/publicsuffix"

	"github.com/myodai/myodai"
)

//go:embed disposable.txt
var disposableText string

//go:embed typos.txt
var typoText string

// disposable is the set of domains in disposable.txt.
var disposable = sync.OnceValue(func() map[myodai.Name]bool {
	set := map[myodai.Name]bool{}
	for _, words := range entries(disposableText) {
		set[myodai.Name(words[0])] = true
	}
	return set
})

// typos maps what is typed to what is meant.
var typos = sync.OnceValue(func() map[string]string {
	meant := map[string]string{}
	for _, words := range entries(typoText) {
		meant[words[0]] = words[1]
	}
	return meant
})

func entries(text string) (list [][]string) {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			list = append(list, words)
		}
	}
	return list
}

func isDisposable(domain myodai.Name) bool {
	for _, name := range domain.Ancestors() {
		if disposable()[name] {
			return true
		}
	}
	return false
}

// popular are domains long and common enough that a name one letter away is a
// slip. Names that exist by themselves are in realNeighbors.
var popular = []string{
	"gmail.com", "googlemail.com", "yahoo.co.jp", "yahoo.com", "hotmail.com", "hotmail.co.jp", "outlook.com", "outlook.jp",
	"icloud.com", "docomo.ne.jp", "ezweb.ne.jp", "softbank.ne.jp", "i.softbank.jp", "ymobile.ne.jp", "biglobe.ne.jp", "so-net.ne.jp",
}

var realNeighbors = map[string]bool{
	"mail.com": true, "email.com": true, "ymail.com": true, "gmx.com": true, "cmail.com": true, "hmail.com": true, "tmail.com": true,
	"hotmail.co.kr": true, "outlook.kr": true, "yahoo.com.jp": true, "ahoo.com": true, "gmail.com": true,
}

// endings are slips at the end of a name.
var endings = []struct{ typed, meant string }{
	{".con", ".com"}, {".cmo", ".com"}, {".ocm", ".com"}, {".vom", ".com"}, {".comm", ".com"}, {".xom", ".com"}, {".coom", ".com"},
	{".cojp", ".co.jp"}, {".nejp", ".ne.jp"}, {".co.jo", ".co.jp"}, {".ne.jo", ".ne.jp"}, {".co.jpn", ".co.jp"}, {".ne.jpn", ".ne.jp"},
}

// meantDomain is the domain that was meant; "" when nothing speaks for a slip.
func meantDomain(domain string) string {
	if meant := typos()[domain]; meant != "" {
		return meant
	}
	if realNeighbors[domain] || myodai.Name(domain).IsFreeMail() {
		return ""
	}
	for _, e := range endings {
		if base, ok := strings.CutSuffix(domain, e.typed); ok && !isSuffix(e.typed[strings.LastIndexByte(e.typed, '.')+1:]) {
			return base + e.meant
		}
	}
	for _, name := range popular {
		if oneSlip(domain, name) {
			return name
		}
	}
	return ""
}

// isSuffix reports whether a top-level domain exists.
func isSuffix(top string) bool {
	_, icann := publicsuffix.PublicSuffix("x." + top)
	return icann
}

// oneSlip reports whether one letter added, left out, changed, or exchanged with
// its neighbor makes typed of meant.
func oneSlip(typed, meant string) bool {
	if typed == meant || len(typed) < len(meant)-1 || len(typed) > len(meant)+1 {
		return false
	}
	i := 0
	for i < len(typed) && i < len(meant) && typed[i] == meant[i] {
		i++
	}
	a, b := typed[i:], meant[i:]
	switch {
	case len(a) > len(b):
		return a[1:] == b
	case len(a) < len(b):
		return a == b[1:]
	case a[1:] == b[1:]:
		return true
	}
	return len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
}

// roles are local parts that stand for a function (RFC 2142 and habit).
var roles = names("abuse accounting accounts admin administrator all billing career careers contact customer customerservice desk dev " +
	"dns enquiries enquiry everyone feedback finance ftp hello help helpdesk hostmaster hr info information inquiry inquiries it jobs kabushiki " +
	"keiri koho legal mail mailer-daemon mailerdaemon marketing master media news newsletter no-reply noc noreply office order orders " +
	"otoiawase owner postmaster pr press privacy purchase recruit reply root saiyo sales security service shop somu soumu spam staff " +
	"subscribe support sysadmin team tech test toiawase unsubscribe usenet uucp web webadmin webmaster www")

func isRole(mailbox string) bool { return roles[mailbox] }

// repaired is what a cell that is no address was meant to be; "" when nobody can
// tell.
func repaired(text string) string {
	fixed := widths.Replace(strings.TrimSpace(text))
	fixed = strings.Join(strings.Fields(fixed), "")
	fixed = strings.Trim(fixed, `<>"'()[],;:.`)
	for strings.Contains(fixed, "@@") {
		fixed = strings.ReplaceAll(fixed, "@@", "@")
	}
	local, domain, ok := strings.Cut(fixed, "@")
	if !ok || local == "" || domain == "" || strings.Contains(domain, "@") {
		return ""
	}
	domain = strings.ReplaceAll(strings.NewReplacer(",", ".", ";", ".", "..", ".", "_", "-").Replace(domain), "..", ".")
	if !strings.Contains(domain, ".") { // taro@gmailcom, taro@gmail
		for _, name := range popular {
			if base, _, _ := strings.Cut(name, "."); domain == strings.ReplaceAll(name, ".", "") || domain == base {
				domain = name
				break
			}
		}
	}
	if meant := meantDomain(domain); meant != "" {
		domain = meant
	}
	a, err := myodai.ParseAddress(local + "@" + domain)
	if err != nil {
		// Carriers gave out addresses with dots where RFC 5321 has none; between
		// quotes they can be mailed.
		if a, err = myodai.ParseAddress(`"` + local + `"@` + domain); err != nil || !dotted(local) {
			return ""
		}
	}
	if out := a.String(); out != text {
		return out
	}
	return ""
}

// dotted reports whether nothing but its dots keeps a local part from being one.
func dotted(local string) bool {
	_, err := myodai.ParseAddress(strings.ReplaceAll(local, ".", "") + "@example.com")
	return err == nil
}

var widths = func() *strings.Replacer {
	pairs := []string{"＠", "@", "．", ".", "。", ".", "、", ".", "\u3000", "", "\u200b", "", "＿", "_", "－", "-", "ー", "-", "＋", "+"}
	for c := rune('!'); c <= '~'; c++ {
		if (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') {
			pairs = append(pairs, string(c-'!'+'！'), string(c))
		}
	}
	return strings.NewReplacer(pairs...)
}()
