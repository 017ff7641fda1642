package delivery_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

func keeping(sink *smtptest.Sink, d time.Duration) *delivery.Agent {
	o := oneHost(sink.Addr())
	o.Keep = d
	return delivery.NewAgent(o)
}

func TestJobsShareAConnection(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{Refuse: map[string]string{"u2@example.net": "550 5.1.1 no such user"}})
	agent := keeping(sink, time.Minute)
	for range 3 {
		outcomes := agent.Attempt(t.Context(), jobTo(3))
		for i, want := range []myodai.OutcomeKind{myodai.OutcomeDelivered, myodai.OutcomePermanent, myodai.OutcomeDelivered} {
			if o := outcomes[i]; o.Kind != want || o.Host != "mx.example.net" || o.TLS == "" {
				t.Errorf("outcome %d: %+v", i, o)
			}
		}
	}
	if sink.Connections() != 1 || len(sink.Mails()) != 6 {
		t.Errorf("%d mails over %d connections, want 6 over one", len(sink.Mails()), sink.Connections())
	}
}

// A kept connection that died meanwhile is nobody's failure, and no mail is sent
// twice for it (P04).
func TestKeptConnectionDied(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{Vanish: true})
	agent := keeping(sink, time.Minute)
	for n := range 5 {
		if o := agent.Attempt(t.Context(), jobTo(1))[0]; o.Kind != myodai.OutcomeDelivered {
			t.Errorf("job %d: %+v", n, o)
		}
	}
	if len(sink.Mails()) != 5 {
		t.Errorf("%d mails, want 5", len(sink.Mails()))
	}
}

// The script fails the test unless the connection ends with QUIT.
func TestKeptConnectionSaysGoodBye(t *testing.T) {
	server := smtptest.Play(t, "S: 220 mx\nC: EHLO out1.plat.example\nS: 250 mx\nC: MAIL FROM:<b-1@rp.example.com>\nS: 250 ok\n"+
		"C: RCPT TO:<u1@example.net>\nS: 250 ok\nC: DATA\nS: 354 go\nC: {message}\nS: 250 taken\nC: QUIT\nS: 221 bye\n")
	o := oneHost(server.Addr())
	o.Keep = 10 * time.Millisecond
	if got := delivery.NewAgent(o).Attempt(t.Context(), jobTo(1))[0]; got.Kind != myodai.OutcomeDelivered {
		t.Errorf("outcome: %+v", got)
	}
}
