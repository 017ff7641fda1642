package acme

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// selfSigned is a chain of one certificate, with serial number 7.
func selfSigned(t *testing.T, key crypto.Signer, host string, life time.Duration) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// room is the service with its real store, which wants a certificate for
// mail.plat.example and leases it to the test.
func room(t *testing.T) (*Service, *store.Store, myodai.WantedCertificate) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: filepath.Join(t.TempDir(), "test.db")})
	check(t, err)
	t.Cleanup(func() { _ = st.Close() })
	_, err = st.Migrate(t.Context())
	check(t, err)
	now := time.Now()
	check(t, st.WantCertificates(t.Context(), []myodai.Name{"mail.plat.example"}, now, func() myodai.CertificateID {
		return myodai.NewID[myodai.CertificateID](now, rand.Reader)
	}))
	list, err := st.ClaimCertificates(t.Context(), "n1", 9, now, now.Add(time.Minute))
	check(t, err)
	s := New(Options{Store: st, Owner: "n1", Random: rand.Reader, Log: slog.New(slog.DiscardHandler)})
	return s, st, list[0]
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// T56: whoever asks for a name that we hold gets its certificate, expired or not;
// all others get the alert.
func TestHandshakes(t *testing.T) {
	s, st, w := room(t)
	private, err := s.newKey()
	check(t, err)
	key, err := parseKey(private)
	check(t, err)
	chain := selfSigned(t, key, "mail.plat.example", -time.Minute) // it has lapsed
	got, err := described(chain, key.Public(), "mail.plat.example")
	check(t, err)
	check(t, st.RecordCertificate(t.Context(), "n1", w.ID, &myodai.NewCertificate{Chain: chain, Private: private}, time.Now(),
		func(c myodai.Certificate) (myodai.Certificate, []myodai.Event) {
			c.Serial, c.NotBefore, c.NotAfter = got.Serial, got.NotBefore, got.NotAfter
			return c, nil
		}))
	check(t, s.reload(t.Context()))
	if s.Holds("mail.plat.example", time.Now()) {
		t.Error("a certificate that has lapsed is told to be good")
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: s.GetCertificate})
	check(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = c.(*tls.Conn).Handshake(); _ = c.Close() }()
		}
	}()
	for name, want := range map[string]string{
		"mail.plat.example": "", "MAIL.plat.example": "", "other.plat.example": "unrecognized name", "": "unrecognized name",
		"mail.plat.example.evil.example": "unrecognized name", "xn--mail.plat.example": "unrecognized name",
	} {
		raw, err := net.Dial("tcp", l.Addr().String())
		check(t, err)
		conn := tls.Client(raw, &tls.Config{ServerName: name, InsecureSkipVerify: true}) // #nosec G402 -- it has lapsed
		switch err := conn.Handshake(); {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q", name, err, want)
		}
		_ = raw.Close()
	}
}

// T57: what an authority looks for is shown at its host alone.
func TestChallengesOverHTTP(t *testing.T) {
	s, st, w := room(t)
	check(t, st.AddChallenge(t.Context(), "n1", myodai.Challenge{
		CertificateID: w.ID, Kind: myodai.ChallengeHTTP, Host: "mail.plat.example", Token: "abc-_9", Value: "abc-_9.thumb", MadeAt: time.Now(),
	}))
	server := httptest.NewServer(s)
	defer server.Close()
	for _, tt := range []struct {
		host, path string
		want       int
	}{
		{"mail.plat.example", "/.well-known/acme-challenge/abc-_9", 200},
		{"MAIL.plat.example.:80", "/.well-known/acme-challenge/abc-_9", 200},
		{"other.plat.example", "/.well-known/acme-challenge/abc-_9", 404},
		{"mail.plat.example", "/.well-known/acme-challenge/", 404},
		{"mail.plat.example", "/.well-known/acme-challenge/other", 404},
		{"mail.plat.example", "/.well-known/acme-challenge/%2e%2e/abc-_9", 404},
		{"mail.plat.example", "/.well-known/acme-challenge/" + strings.Repeat("a", 4000), 404},
		{"mail.plat.example", "/abc-_9", 404},
	} {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, server.URL+tt.path, nil)
		check(t, err)
		r.Host = tt.host
		resp, err := http.DefaultTransport.RoundTrip(r)
		check(t, err)
		body, err := io.ReadAll(resp.Body)
		check(t, err)
		_ = resp.Body.Close()
		if resp.StatusCode != tt.want || (string(body) == "abc-_9.thumb") != (tt.want == 200) {
			t.Errorf("%s %s: %d %q", tt.host, tt.path, resp.StatusCode, body)
		}
	}
}
