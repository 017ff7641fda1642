package e2e

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// service is Myodai, run as a platform operator would.
type service struct {
	w        *world
	data     string
	args     []string
	cmd      *exec.Cmd
	operator string // the operator's key
}

const apiURL = "http://127.0.0.1:8025"

// databases are the URLs to run a journey on; a function makes each, since a
// PostgreSQL database has to be made for it.
func databases(t *testing.T) map[string]string {
	t.Helper()
	urls := map[string]string{"sqlite": ""}
	server := os.Getenv("MYODAI_TEST_POSTGRES")
	if server == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("MYODAI_TEST_POSTGRES is not set")
		}
		t.Log("no PostgreSQL (MYODAI_TEST_POSTGRES is not set): only SQLite is tested")
		return urls
	}
	name := fmt.Sprintf("e2e_%d", time.Now().UnixNano())
	psql := func(sql string) error { return run("psql", "-q", server, "-c", sql) }
	check(t, psql("create database "+name+" template template0 lc_collate 'C' lc_ctype 'C' encoding 'UTF8'"))
	t.Cleanup(func() { _ = psql("drop database " + name + " with (force)") })
	urls["postgres"] = strings.Replace(server, "/postgres?", "/"+name+"?", 1)
	return urls
}

// newService starts Myodai on the given database URL ("" for SQLite).
func newService(t *testing.T, w *world, database string, more ...string) *service {
	t.Helper()
	s := &service{w: w, data: w.path(fmt.Sprintf("data-%d", time.Now().UnixNano()))}
	s.args = append([]string{
		"serve", "--data", s.data, "--zone", "plat.example", "--hostname", "mail.plat.example",
		"--addresses", platformAddress, "--name-servers", "ns1.plat.example",
		"--listen-dns", platformAddress + ":53", "--listen-mx", platformAddress + ":25",
		"--listen-submission", platformAddress + ":587", "--listen-submissions", platformAddress + ":465",
		"--root-hints", rootAddress,
	}, more...)
	if database != "" {
		s.args = append(s.args, "--database", database)
	}
	s.begin(t)
	key, err := os.ReadFile(filepath.Join(s.data, "operator.key"))
	check(t, err)
	s.operator = strings.TrimSpace(string(key))
	return s
}

// begin starts the process and waits until it says it is ready.
func (s *service) begin(t *testing.T) {
	t.Helper()
	s.cmd = s.w.start(t, "myodai", os.Getenv(binaryVar), s.args...)
	s.ready(t)
}

// ready waits until the service says so.
func (s *service) ready(t *testing.T) {
	t.Helper()
	eventually(t, 30*time.Second, "Myodai is ready", func() bool {
		resp, err := http.Get("http://127.0.0.1:9025/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// cli runs the command line with the given key and returns its output.
func (s *service) cli(t *testing.T, key string, args ...string) string {
	t.Helper()
	out, err := s.try(key, args...)
	if err != nil {
		t.Fatalf("myodai %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (s *service) try(key string, args ...string) (string, error) {
	cmd := exec.Command(os.Getenv(binaryVar), append(args, "--data", s.data)...)
	cmd.Env = append(os.Environ(), "MYODAI_KEY="+key, "MYODAI_SERVER="+apiURL)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String() + stderr.String(), err
	}
	return stdout.String(), nil
}

// call asks the API and decodes the answer into out, when out is not nil.
func (s *service) call(t *testing.T, key, method, path string, in, out any) int {
	t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		check(t, err)
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, apiURL+path, body)
	check(t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	check(t, err)
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			t.Fatalf("%s %s: %s: %v", method, path, raw, err)
		}
	}
	return resp.StatusCode
}

// tenant is a customer of the platform with its credentials.
type tenant struct {
	id, key            string
	smtpUser, smtpPass string
	domain             string
}

func (s *service) newTenant(t *testing.T, name string) tenant {
	t.Helper()
	var made struct{ ID string }
	if status := s.call(t, s.operator, "POST", "/v1/tenants", map[string]any{"name": name}, &made); status != 201 {
		t.Fatalf("create tenant: status %d", status)
	}
	credential := func(kind string) (id, secret string) {
		var c struct{ ID, Secret string }
		if status := s.call(t, s.operator, "POST", "/v1/tenants/"+made.ID+"/credentials", map[string]any{"kind": kind}, &c); status != 201 {
			t.Fatalf("create credential: status %d", status)
		}
		return c.ID, c.Secret
	}
	tn := tenant{id: made.ID}
	_, tn.key = credential("api")
	tn.smtpUser, tn.smtpPass = credential("smtp")
	return tn
}

// submit sends a message over SMTP submission with STARTTLS and AUTH.
func (s *service) submit(tn tenant, from, to, raw string) error {
	c, err := smtp.Dial(platformAddress + ":587")
	if err != nil {
		return err
	}
	defer c.Close()
	// The certificate is self-signed in this test.
	if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true, ServerName: "mail.plat.example"}); err != nil { // #nosec G402
		return err
	}
	if err := c.Auth(smtp.PlainAuth("", tn.smtpUser, tn.smtpPass, platformAddress)); err != nil {
		return err
	}
	if err := transfer(c, from, to, raw); err != nil {
		return err
	}
	return c.Quit()
}

// transfer is one mail transaction over a session.
func transfer(c *smtp.Client, from, to, raw string) error {
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	data, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(data, raw); err != nil {
		return err
	}
	return data.Close()
}

// message is what the API says of one.
type message struct {
	ID         string
	State      string
	Deliveries []delivered
}

// delivered is what it says of one recipient's copy.
type delivered struct {
	Recipient string
	State     string
	Last      string
	Attempts  []struct {
		Outcome struct {
			Kind, Text, Dialogue, TLS string
			Code                      int
		}
	}
}

// settled waits until every delivery of a message has come to an end.
func (s *service) settled(t *testing.T, tn tenant, id, state string) message {
	t.Helper()
	var m message
	defer func() {
		if t.Failed() {
			t.Logf("the message: %+v", m)
		}
	}()
	eventually(t, time.Minute, "message "+id+" is "+state, func() bool {
		m = message{}
		s.call(t, tn.key, "GET", "/v1/messages/"+id, nil, &m)
		for _, d := range m.Deliveries {
			if d.State != state {
				return false
			}
		}
		return len(m.Deliveries) > 0
	})
	return m
}
