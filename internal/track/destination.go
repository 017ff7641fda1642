package track

import (
	"net/url"
	"strings"
)

// placeholders are what templates leave behind when nobody filled them in. Such
// a link leads nowhere yet, and whoever sees it should see it as it is.
var placeholders = []string{"{{", "}}", "{%", "%}", "<%", "%%", "*|", "|*", "[[", "]]", "${", "#{"}

// trackable reports whether a link to destination may lead over a tracking
// host: an absolute http or https URL in printable ASCII, no longer than
// maxDestination, that every reader takes apart in the same way (T52).
//
// Destinations are redirected to octet for octet, so this is also what keeps
// line ends out of a Location. Users before the host and backslashes, which
// browsers take for slashes, are what phishing is made of; they stay visible.
func trackable(destination string) bool {
	if len(destination) > maxDestination || len(destination) < len("http://a") {
		return false
	}
	for _, c := range []byte(destination) {
		if c <= ' ' || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>' {
			return false
		}
	}
	scheme, rest, found := strings.Cut(destination, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return false
	}
	if rest[:1] == "/" {
		return false
	}
	for _, p := range placeholders {
		if strings.Contains(destination, p) {
			return false
		}
	}
	u, err := url.Parse(destination)
	return err == nil && u.Opaque == "" && u.User == nil && isHost(u.Hostname()) && !strings.HasSuffix(u.Host, ":")
}

// isHost reports whether s is a host as it stands in URLs: a name of letters,
// digits, hyphens, dots and underscores, or an IP address.
func isHost(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && strings.IndexByte("-._:", c) < 0 {
			return false
		}
	}
	return s != "" && s[0] != '.'
}
