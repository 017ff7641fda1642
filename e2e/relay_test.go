package e2e

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// TestSmarthostIsPostfix: a Postfix that relays only for those who log in with
// SASL over TLS, as the platform's existing mail server may be.
func TestSmarthostIsPostfix(t *testing.T) {
	w := emptyWorld(t)
	certificate, roots := smtptest.Certificate(t, "relay.example")
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	check(t, err)
	w.write(t, "relay.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))+
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})))
	add := exec.Command(find("saslpasswd2"), "-c", "-p", "-f", w.path("sasldb"), "-u", "relay.example", "us")
	add.Stdin = strings.NewReader("secret")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("saslpasswd2: %v\n%s", err, out)
	}
	w.give(t, "postfix", "sasldb")
	// Debian's Postfix looks for passwords nowhere else; the package makes the file.
	check(t, syscall.Mount(w.path("sasldb"), "/etc/sasldb2", "", syscall.MS_BIND, ""))
	t.Cleanup(func() { _ = syscall.Unmount("/etc/sasldb2", syscall.MNT_DETACH) })
	for address, mechanisms := range map[string]string{"127.0.0.1:2587": "plain login", "127.0.0.1:2588": "login"} {
		w.runPostfix(t, "relay-"+strings.ReplaceAll(mechanisms, " ", "-"), address, `myhostname = relay.example
mydestination =
mynetworks =
default_transport = discard
smtpd_tls_cert_file = `+w.path("relay.pem")+`
smtpd_tls_key_file = `+w.path("relay.pem")+`
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_mechanism_filter = `+mechanisms+`
smtpd_relay_restrictions = permit_sasl_authenticated, reject
`)
	}
	for _, tt := range []struct {
		name, password, text string
		port                 uint16
	}{
		{"PLAIN", "secret", "queued as", 2587},
		{"LOGIN", "secret", "queued as", 2588},
		{"a wrong password", "guess", "the smarthost does not accept the password", 2587},
		{"nobody", "", "Recipient address rejected: Access denied", 2587},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host := &delivery.Smarthost{Host: "relay.example", Port: tt.port, User: "us@relay.example", Password: tt.password}
			if tt.password == "" {
				host.User = ""
			}
			agent := delivery.NewAgent(delivery.Options{
				Lookup: func(_ context.Context, name myodai.Name, kind myodai.RecordType) myodai.Answer {
					a := myodai.Answer{Question: myodai.Question{Name: name, Type: kind, Recursive: true}, RCode: "NOERROR"}
					if kind == myodai.TypeA {
						a.Records = []myodai.Record{{Name: name, Type: kind, Data: "127.0.0.1"}}
					}
					return a
				},
				Dial: new(net.Dialer).DialContext, Hostname: "out.plat.example", Smarthost: host, Roots: roots, Keep: -1,
			})
			o := agent.Attempt(t.Context(), myodai.Job{Domain: "example.net", Items: []myodai.JobItem{asItem("Subject: x\r\n\r\nx\r\n")}})[0]
			if !strings.Contains(o.Text, tt.text) {
				t.Errorf("%+v", o)
			}
		})
	}
}
