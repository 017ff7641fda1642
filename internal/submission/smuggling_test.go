package submission_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
	"github.com/myodai/myodai/internal/submission"
)

// smuggled is what stands behind the string of the matrix: header fields for who
// takes it for the end of a line, and a message for who takes it for the end of one.
const smuggled = "Bcc: victim@example.net\r\nMAIL FROM:<smuggled@example.net>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"

// TestNoTextBecomesAnotherMessage puts all 19,530 strings at the start, in the middle
// and at the end of a text and an HTML text, and of a message that comes whole, and
// into a header value of that; and sends what was accepted to a strict server. It
// takes exactly those messages, octet by octet, from us and to whom we said; a text
// is read there as it was written, and no header has a field more (P24, T28, T31).
func TestNoTextBecomesAnotherMessage(t *testing.T) {
	all := smtptest.Smugglers(6)
	if len(all) != 19_530 {
		t.Fatalf("%d strings", len(all))
	}
	const at, together = 2000, 10 // strings at a time, and in a message that is sent
	for some := range slices.Chunk(all, at) {
		t.Run(fmt.Sprintf("from %q", some[0]), func(t *testing.T) {
			t.Parallel()
			l := newLedger()
			for _, list := range l.signers {
				list[0].Key = scrawl{list[0].Key}
			}
			e := engine(l)
			for _, s := range some {
				compose(t, s+smuggled+"head"+s+smuggled+"body"+s)
				submitWhole(t, e, s)
			}
			for several := range slices.Chunk(some, together) {
				submitTexts(t, l, e, strings.Join(several, smuggled))
			}
			sendAll(t, l.accepted)
		})
	}
}

// compose composes a draft with both texts, and reads it.
func compose(t *testing.T, text string) (raw []byte, to []myodai.Address) {
	d := letter()
	d.Text, d.HTML = text, text
	raw, to, err := submission.Compose(d, noon, rand.Reader)
	if err != nil {
		t.Errorf("%q: %v", text, err)
		return nil, nil
	}
	if got := fieldNames(t, raw); got != "Date From To Subject MIME-Version Content-Type" {
		t.Errorf("%q: fields %s", text, got)
	}
	want := asRead(text)
	if _, parts := read(t, raw); len(parts) != 3 || parts[1].text != want || parts[2].text != want {
		t.Errorf("%q: read as %q", text, parts)
	}
	return raw, to
}

// submitTexts submits a draft with both texts.
func submitTexts(t *testing.T, l *ledger, e *submission.Engine, text string) {
	raw, to := compose(t, text)
	r := request(string(raw))
	r.Recipients = to
	if _, err := e.Submit(context.Background(), r); err != nil {
		t.Errorf("%q: %v", text, err)
		return
	}
	body := l.accepted[len(l.accepted)-1].Body
	if got := fieldNames(t, body); got != "DKIM-Signature DKIM-Signature Received Date From To Subject MIME-Version Content-Type Message-ID" {
		t.Errorf("%q: fields %s", text, got)
	}
}

// scrawl is a key whose signatures say nothing, and cost nothing.
type scrawl struct{ crypto.Signer }

func (scrawl) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, 64), nil
}

// asRead is a text with the line ends that it has when it is read.
func asRead(text string) string {
	text = strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n").Replace(text)
	if text != "" && !strings.HasSuffix(text, "\r\n") {
		text += "\r\n"
	}
	return text
}

// submitWhole submits messages with s in them as they are.
func submitWhole(t *testing.T, e *submission.Engine, s string) {
	const header = "From: news@example.com\r\nSubject: x"
	for _, raw := range []string{
		header + "\r\n\r\n" + s + smuggled, header + "\r\n\r\nhead" + s + smuggled, header + "\r\n\r\nbody" + s, header + s + "\r\n\r\nbody\r\n",
	} {
		canonical := !strings.ContainsAny(strings.ReplaceAll(raw, "\r\n", ""), "\r\n\x00")
		_, err := e.Submit(context.Background(), request(raw))
		inHeader := strings.HasPrefix(raw, header+s)
		if (err == nil) != canonical && !(inHeader && canonical) { // a line of a header that is none
			t.Errorf("%q: %v", raw, err)
		}
		if refusal := err; refusal != nil && !refuses(refusal, myodai.CodeInvalid) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// fieldNames are the names of a message's header fields. A line that is neither a
// field nor part of one fails the test, as does a line end that is none.
func fieldNames(t *testing.T, message []byte) string {
	if bytes.ContainsAny(bytes.ReplaceAll(message, []byte("\r\n"), nil), "\r\n\x00") || !bytes.HasSuffix(message, []byte("\r\n")) {
		t.Errorf("not in wire form: %q", message)
	}
	section, _, _ := strings.Cut(string(message), "\r\n\r\n")
	var names []string
	for line := range strings.SplitSeq(section, "\r\n") {
		name, _, ok := strings.Cut(line, ":")
		switch {
		case line != "" && (line[0] == ' ' || line[0] == '\t') && strings.TrimSpace(line) != "":
		case !ok || name == "" || strings.ContainsAny(name, " \t"):
			t.Errorf("%q is no header field", line)
		default:
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// sendAll sends what was accepted by delivery to a strict server, over one
// connection.
func sendAll(t *testing.T, accepted []myodai.Accepted) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{Without: []string{"STARTTLS"}})
	at := sink.Addr()
	agent := delivery.NewAgent(delivery.Options{
		Lookup:   func(context.Context, myodai.Name, myodai.RecordType) myodai.Answer { return myodai.Answer{} },
		Dial:     new(net.Dialer).DialContext,
		Hostname: "out.plat.example", Smarthost: &delivery.Smarthost{Host: at.Addr().String(), Port: at.Port()}, Keep: -1,
	})
	job := myodai.Job{Domain: "example.net"}
	for _, a := range accepted {
		job.Items = append(job.Items, myodai.JobItem{
			Delivery: a.Deliveries[0], Load: func(context.Context) ([]byte, error) { return a.Body, nil },
		})
	}
	for i, o := range agent.Attempt(context.Background(), job) {
		if o.Kind != myodai.OutcomeDelivered {
			t.Errorf("%q: %+v", accepted[i].Body, o)
		}
	}
	taken := sink.Mails()
	if len(taken) != len(accepted) || sink.Connections() != 1 {
		t.Fatalf("%d messages were sent, %d taken over %d connections", len(accepted), len(taken), sink.Connections())
	}
	for i, m := range taken {
		d := accepted[i].Deliveries[0]
		if m.From != d.ReturnPath.String() || !slices.Equal(m.All, []string{"someone@example.net"}) || !bytes.Equal(m.Data, accepted[i].Body) {
			t.Errorf("sent %q, taken %q from %s to %s", accepted[i].Body, m.Data, m.From, m.All)
		}
	}
}

// TestNoValueBecomesAnotherField composes drafts with all 19,530 strings in whatever
// stands on one line: subject, names, addresses, header values and names, file names
// and types. What has a CR, LF or NUL in it is refused; the rest adds no field, and
// comes back as it was (T31).
func TestNoValueBecomesAnotherField(t *testing.T) {
	file := submission.Attachment{Filename: "a.txt", ContentType: "text/plain", Content: []byte("x")}
	for _, place := range []struct {
		name string
		put  func(d *submission.Draft, s string) error
		free bool // whatever has no control character is taken
	}{
		{"subject", func(d *submission.Draft, s string) error { d.Subject = s; return nil }, true},
		{"X- header", func(d *submission.Draft, s string) error { d.Headers = map[string]string{"X-Note": s}; return nil }, true},
		{"header", func(d *submission.Draft, s string) error { d.Headers = map[string]string{"Comments": s}; return nil }, true},
		{"header name", func(d *submission.Draft, s string) error { d.Headers = map[string]string{"X-" + s: "x"}; return nil }, false},
		{"name of the author", func(d *submission.Draft, s string) error { d.From.Name = s; return nil }, true},
		{"name of a recipient", func(d *submission.Draft, s string) error { d.To[0].Name = s; return nil }, true},
		{"name to answer to", func(d *submission.Draft, s string) error {
			d.ReplyTo = []submission.Mailbox{{Name: s, Address: d.From.Address}}
			return nil
		}, true},
		{"address", func(d *submission.Draft, s string) error { d.To[0].Address.Local = s; return nil }, false},
		{"author as written", func(d *submission.Draft, s string) (err error) {
			d.From, err = submission.ParseMailbox(s + " <news@example.com>")
			return err
		}, false},
		{"author in quotes", func(d *submission.Draft, s string) (err error) {
			d.From, err = submission.ParseMailbox(`"` + s + `" <news@example.com>`)
			return err
		}, false},
		{"file name", func(d *submission.Draft, s string) error {
			d.Attachments = []submission.Attachment{file}
			d.Attachments[0].Filename = s + "x"
			return nil
		}, true},
		{"file type", func(d *submission.Draft, s string) error {
			d.Attachments = []submission.Attachment{file}
			d.Attachments[0].ContentType = "text/" + s
			return nil
		}, false},
		{"parameter of a file type", func(d *submission.Draft, s string) error {
			d.Attachments = []submission.Attachment{file}
			d.Attachments[0].ContentType = `text/plain; x="` + s + `"`
			return nil
		}, true},
	} {
		taken := 0
		for _, s := range smtptest.Smugglers(6) {
			taken += composed(t, place.name, s, place.put, place.free)
		}
		if place.free && taken != 126 {
			t.Errorf("%s: %d strings were taken, want those of dots and letters alone", place.name, taken)
		}
	}
}

// composed composes a draft with a value in one place; 1 when it was taken.
func composed(t *testing.T, place, value string, put func(*submission.Draft, string) error, free bool) int {
	d := letter()
	err := put(&d, value)
	var raw []byte
	if err == nil {
		raw, _, err = submission.Compose(d, noon, zero{})
	}
	clean := !strings.ContainsAny(value, "\r\n\x00")
	switch {
	case err != nil && !refuses(err, myodai.CodeInvalid):
		t.Errorf("%s: %q: %v", place, value, err)
	case err != nil && clean && free, err == nil && !clean:
		t.Errorf("%s: %q: %v", place, value, err)
	case err == nil:
		for _, name := range strings.Fields(fieldNames(t, raw)) {
			if !slices.Contains([]string{"Date", "From", "To", "Reply-To", "Subject", "Comments", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}, name) &&
				!strings.HasPrefix(name, "X-") {
				t.Errorf("%s: %q added the field %s", place, value, name)
			}
		}
		return 1
	}
	return 0
}

// zero is no randomness at all.
type zero struct{}

func (zero) Read(p []byte) (int, error) { return len(p), nil }
