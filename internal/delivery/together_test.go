package delivery_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// sharedJob is one message to n recipients at a domain, who share a return path.
func sharedJob(n int, domain myodai.Name) myodai.Job {
	job := myodai.Job{Domain: domain}
	for i := range n {
		one := item(i+1, myodai.Address{Local: fmt.Sprintf("u%d", i+1), Domain: domain}, "")
		one.Delivery.MessageID, one.Delivery.ReturnPath.Local = "msg_1", "shared"
		job.Items = append(job.Items, one)
	}
	return job
}

// TestServerLimits has servers announce what they take (RFC 9422), and jobs what
// they may ask for; the sink fails the test for whatever is past its limits.
func TestServerLimits(t *testing.T) {
	for _, tt := range []struct {
		name               string
		limits             smtptest.Limits
		recipients         int // of the job
		mails, connections int
	}{
		{"none", smtptest.Limits{}, 0, 1, 1},
		{"recipients of a transaction", smtptest.Limits{Recipients: 4}, 0, 3, 1},
		{"transactions of a session", smtptest.Limits{Recipients: 3, Mails: 2}, 0, 4, 2},
		{"one of each", smtptest.Limits{Recipients: 1, Mails: 1, Domains: 1}, 0, 10, 10},
		{"more than we have", smtptest.Limits{Recipients: 999_999, Mails: 999_999, Domains: 999_999}, 0, 1, 1},
		{"the site's own rule", smtptest.Limits{}, 5, 2, 1},
		{"the site's own rule is stricter", smtptest.Limits{Recipients: 5}, 2, 5, 1},
	} {
		sink := smtptest.NewSink(t, smtptest.SinkOptions{Limits: tt.limits})
		job := sharedJob(10, "example.net")
		job.Recipients = tt.recipients
		for i, o := range keeping(sink, -1).Attempt(t.Context(), job) {
			if o.Kind != myodai.OutcomeDelivered {
				t.Errorf("%s: outcome %d: %+v", tt.name, i, o)
			}
		}
		if len(sink.Mails()) != tt.mails || sink.Connections() != tt.connections {
			t.Errorf("%s: %d mails over %d connections, want %d over %d", tt.name, len(sink.Mails()), sink.Connections(), tt.mails, tt.connections)
		}
	}
}

// A connection that waits for the next job is one session still: its server counts
// the domains of all of them.
func TestDomainsOfOneSession(t *testing.T) {
	for limit, connections := range map[int]int{0: 1, 1: 3, 2: 2, 3: 1} {
		sink := smtptest.NewSink(t, smtptest.SinkOptions{Limits: smtptest.Limits{Domains: limit}})
		o := oneHost(sink.Addr())
		o.Keep, o.Lookup = time.Minute, parseZone("MX example.net 10 mx.example.net\nMX example.org 10 mx.example.net\n"+
			"MX example.com 10 mx.example.net\nA mx.example.net 192.0.2.1").lookup
		agent := delivery.NewAgent(o)
		for _, domain := range []myodai.Name{"example.net", "example.org", "example.net", "example.com", "example.org", "example.com"} {
			if o := agent.Attempt(t.Context(), sharedJob(2, domain))[1]; o.Kind != myodai.OutcomeDelivered {
				t.Errorf("to %s: %+v", domain, o)
			}
		}
		if sink.Connections() != connections || len(sink.Mails()) != 6 {
			t.Errorf("%d domains: %d mails over %d connections, want 6 over %d", limit, len(sink.Mails()), sink.Connections(), connections)
		}
	}
}
