package delivery_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// stsWorld is example.net with its MX and the web server of its policy.
type stsWorld struct {
	sink    *smtptest.Sink
	id      string           // of the TXT record; "" for no record
	policy  http.HandlerFunc // nil: nobody listens
	fetched int
	agent   *delivery.Agent
}

func newSTSWorld(t *testing.T, mx string, o smtptest.SinkOptions) *stsWorld {
	t.Helper()
	w := &stsWorld{sink: smtptest.NewSink(t, o)}
	certificate, roots := smtptest.Certificate(t, "mta-sts.example.net")
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.fetched++
		w.policy(rw, r)
	}))
	web.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	t.Cleanup(web.Close)
	roots.AddCert(w.sink.Authority())
	at := netip.MustParseAddrPort(web.Listener.Addr().String())
	w.agent = delivery.NewAgent(delivery.Options{
		Lookup: func(ctx context.Context, name myodai.Name, kind myodai.RecordType) myodai.Answer {
			lines := "MX example.net 10 " + mx + "\nA " + mx + " 192.0.2.1\nA mta-sts.example.net 192.0.2.2\n"
			if w.id != "" {
				lines += "TXT _mta-sts.example.net v=STSv1; id=" + w.id + ";\n"
			}
			return parseZone(lines).lookup(ctx, name, kind)
		},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			switch {
			case address == "192.0.2.1:25":
				return new(net.Dialer).DialContext(ctx, network, w.sink.Addr().String())
			case address == "192.0.2.2:443" && w.policy != nil:
				return new(net.Dialer).DialContext(ctx, network, at.String())
			}
			return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError("nobody")}
		},
		Hostname: "out1.plat.example", Keep: -1, Roots: roots,
	})
	return w
}

// says makes the web server answer with a policy.
func (w *stsWorld) says(lines ...string) {
	w.policy = func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(rw, strings.Join(lines, "\r\n"))
	}
}

func (w *stsWorld) send(t *testing.T) myodai.Outcome {
	t.Helper()
	return w.agent.Attempt(t.Context(), jobTo(1))[0]
}

// What a domain enforces by MTA-STS is kept to (RFC 8461): mail waits rather
// than go to a host that is not named, is not who it says, or speaks no TLS.
func TestMTASTS(t *testing.T) {
	enforce := []string{"version: STSv1", "mode: enforce", "mx: mx.example.net", "max_age: 86400"}
	for _, tt := range []struct {
		name   string
		mx     string
		server smtptest.SinkOptions
		policy []string // nil: nobody listens
		want   string   // of the text of a transient outcome; "" for delivered
		tls    string
	}{
		{"as the policy says", "mx.example.net", smtptest.SinkOptions{}, enforce, "", "TLS 1.3, certificate verified"},
		{"named by a pattern", "mx.example.net", smtptest.SinkOptions{},
			[]string{"version: STSv1", "mode: enforce", "mx: *.example.net", "max_age: 86400"}, "", "TLS 1.3, certificate verified"},
		{"a host the policy does not name", "other.example.net", smtptest.SinkOptions{}, enforce, "does not name the host other.example.net", ""},
		{"a certificate for another name", "evil.example.net", smtptest.SinkOptions{Distrusted: true},
			[]string{"version: STSv1", "mode: enforce", "mx: evil.example.net", "max_age: 86400"}, "certificate is not valid", ""},
		{"TLS is not offered", "mx.example.net", smtptest.SinkOptions{Without: []string{"STARTTLS"}}, enforce, "offers no TLS", ""},
		{"only a test", "other.example.net", smtptest.SinkOptions{},
			[]string{"version: STSv1", "mode: testing", "mx: mx.example.net", "max_age: 86400"}, "", "TLS 1.3, certificate not verified"},
		{"no policy any more", "other.example.net", smtptest.SinkOptions{}, []string{"version: STSv1", "mode: none", "max_age: 86400"}, "", "TLS 1.3, certificate not verified"},
		{"a policy that is not valid", "other.example.net", smtptest.SinkOptions{}, []string{"version: STSv2", "mode: enforce", "mx: a", "max_age: 1"}, "", "TLS 1.3, certificate not verified"},
		{"the web server is away", "other.example.net", smtptest.SinkOptions{}, nil, "", "TLS 1.3, certificate not verified"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newSTSWorld(t, tt.mx, tt.server)
			w.id = "1"
			if tt.policy != nil {
				w.says(tt.policy...)
			}
			o := w.send(t)
			if tt.want == "" && (o.Kind != myodai.OutcomeDelivered || o.TLS != tt.tls) {
				t.Errorf("outcome %+v", o)
			}
			if tt.want != "" && (o.Kind != myodai.OutcomeTransient || !strings.Contains(o.Text, tt.want)) {
				t.Errorf("outcome %+v, want transient: %s", o, tt.want)
			}
		})
	}
}

// A policy that was seen once holds while DNS and the web say nothing or
// something worse, and changes only with its id.
func TestMTASTSIsRemembered(t *testing.T) {
	w := newSTSWorld(t, "other.example.net", smtptest.SinkOptions{})
	w.id = "1"
	w.says("version: STSv1", "mode: enforce", "mx: mx.example.net", "max_age: 86400")
	held := func(when string, fetched int) {
		t.Helper()
		if o := w.send(t); o.Kind != myodai.OutcomeTransient || w.fetched != fetched {
			t.Errorf("%s: %d times fetched, %+v", when, w.fetched, o)
		}
	}
	held("first", 1)
	held("the same id", 1)
	w.id = ""
	held("without a record", 1)
	w.id = "2"
	w.policy = func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "https://evil.example/", http.StatusFound)
	}
	held("a redirect instead of a policy", 2)
	held("the next message asks for it no more", 2)
	w.id = "3"
	w.policy = func(rw http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(rw, "<html>mode: none") }
	held("a page instead of a policy", 3)
	w.id = "4"
	w.says("version: STSv1", "mode: none", "max_age: 86400")
	if o := w.send(t); o.Kind != myodai.OutcomeDelivered {
		t.Errorf("after the policy was taken back: %+v", o)
	}
}
