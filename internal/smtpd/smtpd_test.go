package smtpd_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/smtpd"
)

// office is what stands behind the servers of the tests: it knows one user and
// two recipients, and keeps what it was given.
type office struct {
	mu      sync.Mutex
	taken   []taken
	revoked bool
}

// taken is a message the office took, at either face.
type taken struct {
	user       myodai.CredentialID // at the submission face
	from       myodai.Address      // at the MX face
	recipients []myodai.Address
	envelope   smtpd.Envelope // at the submission face
	raw        string
}

const (
	user     = "crd_01hzy3v7k2x9m4n8p6q5r0s1t2"
	password = "myo_secret"
)

func (o *office) Authenticate(_ context.Context, name, secret string) (myodai.Credential, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case name == "broken":
		return myodai.Credential{}, errors.New("dial tcp 10.0.0.5:5432: connection refused")
	case name != user || secret != password || o.revoked:
		return myodai.Credential{}, myodai.Refuse(myodai.CodeUnauthorized, "", "no such credential")
	}
	return myodai.Credential{ID: user, TenantID: "ten_x", Kind: myodai.CredentialSMTP}, nil
}

func (o *office) Submit(_ context.Context, c myodai.Credential, e smtpd.Envelope, raw []byte) (myodai.MessageID, error) {
	if err := judge(raw); err != nil {
		return "", err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken = append(o.taken, taken{user: c.ID, recipients: e.Recipients, envelope: e, raw: string(raw)})
	return "msg_01hzy3v7k2x9m4n8p6q5r0s1t2", nil
}

func (o *office) Accepts(_ context.Context, rcpt myodai.Address) error {
	switch rcpt.String() {
	case "b-token@rp.plat.example", "postmaster@mx.plat.example", "jürgen@rp.plat.example":
		return nil
	case "slow@rp.plat.example":
		return myodai.Refuse(myodai.CodeLimited, "", "too much mail for this address; try again in an hour")
	case "broken@rp.plat.example":
		return errors.New("dial tcp 10.0.0.5:5432: connection refused")
	}
	return myodai.Refuse(myodai.CodeNotFound, "", "no such mailbox here")
}

func (o *office) Receive(_ context.Context, m smtpd.Incoming) error {
	if err := judge(m.Raw); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken = append(o.taken, taken{from: m.From, recipients: m.Recipients, raw: string(m.Raw)})
	return nil
}

// judge lets a message say what is to become of it.
func judge(raw []byte) error {
	switch {
	case strings.Contains(string(raw), "please refuse"):
		return myodai.Refuse(myodai.CodeForbidden, "from", "example.net is not a verified domain of yours;\r\n250 register it, für immer")
	case strings.Contains(string(raw), "please break"):
		return errors.New("pq: deadlock detected at 10.0.0.5")
	case strings.Contains(string(raw), "please panic"):
		panic("index out of range")
	}
	return nil
}

func (o *office) messages() []taken {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]taken(nil), o.taken...)
}

// options are those of both faces.
func options(t testing.TB, o *office) smtpd.Options {
	t.Helper()
	return smtpd.Options{
		Hostname: "mx.plat.example", TLS: serverTLS(t),
		Limits:       smtpd.Limits{MaxSize: 100_000, AuthDelay: time.Millisecond},
		Authenticate: o.Authenticate, Submit: o.Submit, Accepts: o.Accepts, Receive: o.Receive,
	}
}

// start serves on loopback until the test ends, and returns the address.
func start(t testing.TB, s *smtpd.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, s, l)
	return l.Addr().String()
}

func serveOn(t testing.TB, s *smtpd.Server, l net.Listener) {
	t.Helper()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // whoever is left is cut off
		_ = s.Shutdown(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	})
}

var serverTLS = func() func(t testing.TB) *tls.Config {
	var once sync.Once
	var config *tls.Config
	return func(t testing.TB) *tls.Config {
		once.Do(func() {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			template := &x509.Certificate{
				SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mx.plat.example"},
				NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
				DNSNames: []string{"mx.plat.example"},
			}
			der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
			if err != nil {
				t.Fatal(err)
			}
			config = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
		})
		return config
	}
}()

// talker is a client that says what it is told to.
type talker struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func dial(t testing.TB, addr string) *talker {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return talk(t, conn)
}

func talk(t testing.TB, conn net.Conn) *talker {
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return &talker{t: t, conn: conn, r: bufio.NewReader(conn)}
}

// send writes octets as they are.
func (c *talker) send(octets string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(octets)); err != nil {
		c.t.Fatalf("send %.40q: %v", octets, err)
	}
}

// line reads one reply line; "EOF" when the server closed the connection.
func (c *talker) line() string {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		return "EOF"
	}
	if !strings.HasSuffix(line, "\r\n") {
		c.t.Fatalf("reply %q does not end in CRLF", line)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// reply reads one reply of any number of lines and returns the last.
func (c *talker) reply() string {
	c.t.Helper()
	for {
		if line := c.line(); len(line) < 4 || line[3] != '-' {
			return line
		}
	}
}

// say sends a line and returns the reply.
func (c *talker) say(line string) string {
	c.t.Helper()
	c.send(line + "\r\n")
	return c.reply()
}

// must is say with the reply that has to come, or its beginning.
func (c *talker) must(line, want string) {
	c.t.Helper()
	if got := c.say(line); !strings.HasPrefix(got, want) {
		c.t.Fatalf("%q got %q, want %q", line, got, want)
	}
}

// startTLS goes on in TLS.
func (c *talker) startTLS() {
	c.t.Helper()
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true}) // the name is not what is tested
	if err := conn.Handshake(); err != nil {
		c.t.Fatalf("handshake: %v", err)
	}
	c.conn, c.r = conn, bufio.NewReader(conn)
}
