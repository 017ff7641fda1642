package delivery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// messages are what the "send:" lines of dialogues name.
var messages = map[string]string{
	"":              "From: a@example.com\r\nSubject: hello\r\n\r\nHello from here.\r\n",
	"dots":          "Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nb.\r\n. \r\n\r\n.\r\n",
	"eight":         "Subject: hello\r\n\r\nGrüße\r\n",
	"utf8":          "Subject: Grüße\r\n\r\nhello\r\n",
	"not-canonical": "a\n\n",
	"huge":          "Subject: much\r\n\r\n" + strings.Repeat(strings.Repeat("x", 900)+"\r\n", 20_000),
}

// items reads the "send:" lines of a dialogue.
func items(t *testing.T, dialogue string) []myodai.JobItem {
	t.Helper()
	var list []myodai.JobItem
	for _, line := range fields(dialogue, "send: ") {
		at := strings.LastIndexByte(line, '@')
		host, name, _ := strings.Cut(line[at:], " ")
		to, err := myodai.ParseAddress(line[:at] + host)
		if err != nil {
			t.Fatal(err)
		}
		one := item(len(list)+1, to, name)
		if shared := fields(dialogue, "message: "); len(shared) > 0 { // of all, with one return path
			one.Delivery.MessageID, one.Delivery.ReturnPath.Local = myodai.MessageID("msg_"+shared[0]), shared[0]
		}
		for _, text := range fields(dialogue, "terms: ") { // of all
			if err := json.Unmarshal([]byte(text), &one.Delivery.Terms); err != nil {
				t.Fatal(err)
			}
		}
		if own := fields(dialogue, "notify: "); len(list) < len(own) {
			one.Delivery.Terms.Notify = myodai.Notify(own[len(list)])
		}
		if own := fields(dialogue, "original: "); len(list) < len(own) {
			one.Delivery.Terms.Original = own[len(list)]
		}
		list = append(list, one)
	}
	return list
}

func item(n int, to myodai.Address, name string) myodai.JobItem {
	return myodai.JobItem{
		Delivery: myodai.Delivery{
			ID: myodai.DeliveryID(fmt.Sprint("dlv_", n)), Recipient: to,
			ReturnPath: myodai.Address{Local: fmt.Sprintf("b-%d", n), Domain: "rp.example.com"},
		},
		Load: func(context.Context) ([]byte, error) {
			switch name {
			case "held":
				return nil, myodai.Refuse(myodai.CodeForbidden, "", "the domain example.com is not verified")
			case "broken":
				return nil, errors.New("disk on fire")
			}
			return []byte(messages[name]), nil
		},
	}
}

// fields lists what follows the given beginning of lines.
func fields(text, beginning string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), beginning); ok {
			list = append(list, rest)
		}
	}
	return list
}

// oneHost is a world in which example.net is served by one MX at addr.
func oneHost(addr netip.AddrPort) delivery.Options {
	w := parseZone("MX example.net 10 mx.example.net\nA mx.example.net 192.0.2.1")
	return delivery.Options{
		Lookup: w.lookup, Hostname: "out1.plat.example", Keep: -1,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr.String())
		},
		Timeouts: delivery.Timeouts{Quit: time.Second},
	}
}

func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.smtp")
	if err != nil || len(files) == 0 {
		t.Fatal("no dialogues", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".smtp"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dialogue := string(raw)
			server := smtptest.Play(t, dialogue)
			job := myodai.Job{Domain: "example.net", Items: items(t, dialogue)}
			told := make([]int, len(job.Items))
			job.Settled = func(i int, _ myodai.Outcome) { told[i]++ }
			got := delivery.NewAgent(oneHost(server.Addr())).Attempt(t.Context(), job)

			want := fields(dialogue, "outcome: ")
			if len(want) != len(got) {
				t.Fatalf("%d outcomes, want %d", len(got), len(want))
			}
			for i, o := range got {
				if line := line(o); line != want[i] {
					t.Errorf("outcome %d\n got %s\nwant %s\n%s", i+1, line, want[i], o.Dialogue)
				}
				if told[i] != 1 {
					t.Errorf("outcome %d was told %d times", i+1, told[i])
				}
				if o.Host != "mx.example.net" || o.Address != "192.0.2.1:25" || o.At.IsZero() || o.Took <= 0 || o.Dialogue == "" {
					t.Errorf("outcome %d is incomplete: %+v", i+1, o)
				}
			}
			for _, line := range fields(dialogue, "tls: ") {
				if got[0].TLS != line {
					t.Errorf("TLS = %q, want %q", got[0].TLS, line)
				}
			}
			for _, line := range fields(dialogue, "dialogue: ") {
				if !strings.Contains(got[0].Dialogue, line+"\n") {
					t.Errorf("dialogue lacks %q:\n%s", line, got[0].Dialogue)
				}
			}
			for i, line := range fields(dialogue, "asked: ") { // for DSNs
				if fmt.Sprint(got[i].DSN) != line {
					t.Errorf("outcome %d: DSN = %t, want %s", i+1, got[i].DSN, line)
				}
			}
			for _, line := range fields(dialogue, "without: ") {
				if strings.Contains(got[0].Dialogue, line) {
					t.Errorf("dialogue has %q:\n%s", line, got[0].Dialogue)
				}
			}
			if strings.Contains(dialogue, " dots\n") && !bytes.Equal(server.Messages()[0], []byte(messages["dots"])) {
				t.Errorf("message = %q, want %q", server.Messages()[0], messages["dots"])
			}
		})
	}
}

// line is an outcome as dialogues write it.
func line(o myodai.Outcome) string {
	enhanced := o.Enhanced
	if enhanced == "" {
		enhanced = "-"
	}
	return fmt.Sprintf("%s %d %s %s", o.Kind, o.Code, enhanced, o.Text)
}
