package track_test

import (
	"crypto/rand"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/track"
)

const (
	platform myodai.Name = "track.plat.example"
	author   myodai.Name = "shop.example"
)

var (
	clicks = myodai.Track{Clicks: true}
	both   = myodai.Track{Clicks: true, Opens: true}
)

// newCopy is a copy for one recipient.
func newCopy() myodai.Copy {
	now := time.Now()
	return myodai.Copy{
		TenantID:   myodai.NewID[myodai.TenantID](now, rand.Reader),
		MessageID:  myodai.NewID[myodai.MessageID](now, rand.Reader),
		DeliveryID: myodai.NewID[myodai.DeliveryID](now, rand.Reader),
	}
}

// newServer is a server with what o adds to the least there is.
func newServer(t *testing.T, o track.Options) *track.Server {
	t.Helper()
	o.Random, o.Host, o.Log = rand.Reader, platform, slog.New(slog.DiscardHandler)
	o.Key = [32]byte{1, 2, 3}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := track.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var (
	linkPattern  = regexp.MustCompile(`https://track\.plat\.example(/c/[0-9A-Za-z_-]+)`)
	pixelPattern = regexp.MustCompile(`<img src="https://track\.plat\.example/o/[0-9A-Za-z_-]+" width="1" height="1" alt="" border="0">`)
)

// readable puts {n destination} where a tracking link is, and {open} for the
// picture.
func readable(s *track.Server, text string) string {
	text = pixelPattern.ReplaceAllString(text, "{open}")
	return linkPattern.ReplaceAllStringFunc(text, func(found string) string {
		path := found[len("https://track.plat.example"):]
		_, url, _, ok := s.ReadLink(platform, path)
		if !ok {
			return "{unreadable}"
		}
		return "{" + url + "}"
	})
}

// TestHTML shows what becomes of single pieces of HTML; what has no braces on the
// right is as on the left.
func TestHTML(t *testing.T) {
	s := newServer(t, track.Options{})
	for _, tt := range []struct{ name, html, want string }{
		{"double quotes", `<a href="https://a.example/x">y</a>`, `<a href="{https://a.example/x}">y</a>`},
		{"single quotes", `<A class=x HREF='http://a.example/'>`, `<A class=x HREF='{http://a.example/}'>`},
		{"no quotes", `<a href=https://a.example/x?y=1&z=2 id=q>`, `<a href={https://a.example/x?y=1&z=2} id=q>`},
		{"no quotes at the end", `<a href=https://a.example/x>`, `<a href={https://a.example/x}>`},
		{"white space around =", "<a\r\n href\t= \"https://a.example\" >", "<a\r\n href\t= \"{https://a.example}\" >"},
		{"white space in the value", `<a href=" https://a.example/ ">`, `<a href=" {https://a.example/} ">`},
		{"character references", `<a href="https://a.example/?a=1&amp;b=2&#38;c=3">`, `<a href="{https://a.example/?a=1&b=2&c=3}">`},
		{"no reference in an attribute", `<a href="https://a.example/?a=1&copy=2&lt;x">`, `<a href="https://a.example/?a=1&copy=2&lt;x">`},
		{"looks like a reference", `<a href="https://a.example/?a=1&copy=2">`, `<a href="{https://a.example/?a=1&copy=2}">`},
		{"the first of two counts", `<a href="https://a.example" href="https://b.example">`, `<a href="{https://a.example}" href="https://b.example">`},
		{"image map", `<area shape="rect" href="https://a.example">`, `<area shape="rect" href="{https://a.example}">`},
		{"no link", `<link href="https://a.example/x.css"><img src="https://a.example/x.png"><form action="https://a.example">`, ""},
		{"other schemes", `<a href="mailto:a@b.example"><a href="tel:+81312345678"><a href="sms:1"><a href="javascript:x()"><a href="cid:1"><a href="ftp://a.example">`, ""},
		{"anchors and relative", `<a href="#top"><a href="/x"><a href="x.html"><a href="//a.example"><a href="">`, ""},
		{"template tags", `<a href="{{url}}"><a href="https://a.example/{{id}}"><a href="https://a.example/%%id%%"><a href="*|UNSUB|*"><a href="https://*|X|*/"><a href="[[u]]">`, ""},
		{"user in front", `<a href="https://bank.example@evil.example/">`, ""},
		{"backslash", `<a href="https://a.example\@b.example">`, ""},
		{"IRI", `<a href="https://例え.jp/道">`, ""},
		{"white space within", `<a href="https://a.example/a b">`, ""},
		{"port and IPv6", `<a href="https://a.example:8443/"><a href="http://[2001:db8::1]/">`, `<a href="{https://a.example:8443/}"><a href="{http://[2001:db8::1]/}">`},
		{"opted out", `<a href="https://a.example" data-myodai-track="off" class="x">`, `<a href="https://a.example" class="x">`},
		{"opted out before", "<a\r\n data-myodai-track=off href=https://a.example>", `<a href=https://a.example>`},
		{"opted in is nothing", `<a data-myodai-track="on" href="https://a.example">`, `<a data-myodai-track="on" href="{https://a.example}">`},
		{"comment", `<!-- <a href="https://a.example"> --><a href="https://b.example">`, `<!-- <a href="https://a.example"> --><a href="{https://b.example}">`},
		{"conditional comment", `<!--[if mso]><a href="https://a.example"><![endif]-->`, `<!--[if mso]><a href="{https://a.example}"><![endif]-->`},
		{"VML button", `<!--[if (gte mso 9)|(IE)]><v:roundrect xmlns:v="urn:x" href="https://a.example/?a&amp;b" arcsize="10%"><center>Go</center></v:roundrect><![endif]-->`,
			`<!--[if (gte mso 9)|(IE)]><v:roundrect xmlns:v="urn:x" href="{https://a.example/?a&b}" arcsize="10%"><center>Go</center></v:roundrect><![endif]-->`},
		{"revealed to others", `<!--[if !mso]><!--><a href="https://a.example"><!--<![endif]--><![if !mso]><a href="https://b.example"><![endif]>`,
			`<!--[if !mso]><!--><a href="{https://a.example}"><!--<![endif]--><![if !mso]><a href="{https://b.example}"><![endif]>`},
		{"script and style", `<script>x='<a href="https://a.example">'</script><style>a{}/*<a href="https://a.example">*/</style><title><a href="https://a.example"></title>`, ""},
		{"a quote that does not end", `<a href="https://a.example>`, ""},
		{"a tag that does not end", `<a href="https://a.example"`, ""},
		{"less than is no tag", `1 < 2 <3 <a href="https://a.example">`, `1 < 2 <3 <a href="{https://a.example}">`},
		{"greater than in a value", `<a title="a>b" href="https://a.example">`, `<a title="a>b" href="{https://a.example}">`},
		{"ours already", `<a href="https://track.plat.example/x/abc">`, ""},
		{"a link that is signed stays exact", `<a href="https://s3.example/k?X-Amz-Signature=a%2Fb%2b&amp;e=%E3%81%82#f?g">`, `<a href="{https://s3.example/k?X-Amz-Signature=a%2Fb%2b&e=%E3%81%82#f?g}">`},
		{"too long", `<a href="https://a.example/` + strings.Repeat("x", 1400) + `">`, ""},
		{"other elements", `<abbr href="https://a.example"><svg:a href="https://a.example">`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const header = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
			if tt.want == "" {
				tt.want = tt.html
			}
			// Long ones are put into lines of their own.
			out := string(s.Rewrite([]byte(header+strings.ReplaceAll(tt.html, "><", "><")), newCopy(), author, clicks))
			if got := readable(s, strings.TrimPrefix(out, header)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestPlainText(t *testing.T) {
	s := newServer(t, track.Options{})
	for _, tt := range []struct{ name, text, want string }{
		{"in a sentence", "See https://a.example/x, or http://b.example.", "See {https://a.example/x}, or {http://b.example}."},
		{"in brackets", "(https://a.example/x) <https://b.example/?a=(1)> [https://c.example/]", "({https://a.example/x}) <{https://b.example/?a=(1)}> [{https://c.example/}]"},
		{"a bracket of its own", "https://a.example/x_(y)", "{https://a.example/x_(y)}"},
		{"in Japanese brackets", "詳しくは（https://a.example/x）。「https://b.example/」　https://c.example/　です", "詳しくは（{https://a.example/x}）。「{https://b.example/}」　{https://c.example/}　です"},
		{"nobody knows where it ends", "https://a.example/をご覧ください https://a.example/道", ""},
		{"part of a word", "xhttps://a.example +https://a.example", ""},
		{"no scheme", "www.a.example a@b.example mailto:a@b.example", ""},
		{"broken over lines", "<https://a.example/aaaa\r\nbbbb>", ""},
		{"signed within", "-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nhttps://a.example\r\n-----BEGIN PGP SIGNATURE-----", ""},
		{"within another", "https://a.example/?u=https://b.example/", "{https://a.example/?u=https://b.example/}"},
		{"template", "https://a.example/{{id}} http://${x}/", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const header = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
			if tt.want == "" {
				tt.want = tt.text
			}
			out := string(s.Rewrite([]byte(header+tt.text), newCopy(), author, both))
			if got := readable(s, strings.TrimPrefix(out, header)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// The picture goes before </body>, not into a comment, and once.
func TestPicture(t *testing.T) {
	s := newServer(t, track.Options{})
	for _, tt := range []struct{ html, want string }{
		{"<body>x</body></html>", "<body>x{open}</body></html>"},
		{"x", "x{open}"},
		{"<!--[if mso]></body><![endif]-->x</BODY >", "<!--[if mso]></body><![endif]-->x{open}</BODY >"},
		{"<!-- </body> -->x", "<!-- </body> -->x{open}"},
		{"<body>x</body>y</body>z", "<body>x</body>y{open}</body>z"},
	} {
		const header = "Content-Type: text/html\r\n\r\n"
		out := string(s.Rewrite([]byte(header+tt.html), newCopy(), author, myodai.Track{Opens: true}))
		if got := readable(s, strings.TrimPrefix(out, header)); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
