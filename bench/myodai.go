package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/demo"
	"github.com/myodai/myodai/internal/plan"
)

// startMyodai runs Myodai on SQLite, or on a database of its own on the given
// PostgreSQL server, with a tenant whose domain is verified in the name space of
// the demo.
func startMyodai(program string, environ []string, dir, postgres string, s *sink) (*peer, error) {
	space, err := demo.OpenSpace()
	if err != nil {
		return nil, err
	}
	args := []string{"--data", filepath.Join(dir, "data"), "--log-level", "warn"}
	stop := func() { _ = space.Close() }
	var processes []int
	var counted func() (written, error)
	if postgres != "" {
		address, server, drop, err := newDatabase(postgres)
		if err != nil {
			return nil, err
		}
		processes = append(processes, server)
		args = append(args, "--database", address)
		read, done, err := countWritten(address)
		if err != nil {
			drop()
			stop()
			return nil, err
		}
		counted = read
		closeSpace := stop
		stop = func() { done(); drop(); closeSpace() }
	}
	doors := map[string]string{}
	for _, name := range []string{"api", "metrics", "mx", "submission", "submissions", "dns"} {
		if doors[name], err = freeAddress(); err != nil {
			return nil, err
		}
		args = append(args, "--listen-"+name, doors[name])
	}
	args = append(args, "--listen-track", "", "--listen-track-tls", "")
	args = append(args, "--zone", string(demo.Zone), "--hostname", string(demo.MailHost), "--name-servers", string(demo.NameServer),
		"--addresses", demo.PlatformAddress, "--root-hints", demo.HostAddress, "--default-shape", "txt", "--smarthost", s.address,
		"--allow-egress", "198.51.100.0/24,127.0.0.0/8",
		"--egress-map", demo.HostAddress+":53="+space.Address()+","+demo.PlatformAddress+":53="+doors["dns"])
	cmd, err := begin(filepath.Join(dir, "log"), environ, program, append([]string{"serve"}, args...)...)
	if err != nil {
		return nil, err
	}
	closeAll := stop
	stop = func() { end(cmd); closeAll() }
	err = eventually("Myodai is ready", func() bool {
		resp, err := http.Get("http://" + doors["metrics"] + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	if err == nil {
		var ready *peer
		if ready, err = prepare(filepath.Join(dir, "data"), doors, space); err == nil {
			ready.written = counted
			ready.processes, ready.stop = append(processes, cmd.Process.Pid), stop
			return ready, nil
		}
	}
	stop()
	log, _ := os.ReadFile(filepath.Join(dir, "log")) // #nosec G304 -- our own
	return nil, fmt.Errorf("%w\n%s", err, log)
}

// prepare makes a tenant, a login and a verified domain.
func prepare(data string, doors map[string]string, space *demo.Space) (*peer, error) {
	secret, err := os.ReadFile(filepath.Join(data, "operator.key")) // #nosec G304 -- our own
	if err != nil {
		return nil, err
	}
	var tenant struct{ ID string }
	var key, login struct{ ID, Secret string }
	var domain struct {
		ID      string
		Records []struct{ Name, Type, Value string }
	}
	var check struct{ State string }
	api := caller{"http://" + doors["api"], strings.TrimSpace(string(secret))}
	if err := api.post("/v1/tenants", map[string]any{"name": "Acme"}, &tenant); err != nil {
		return nil, err
	}
	if err := api.post("/v1/tenants/"+tenant.ID+"/credentials", map[string]any{"kind": "api"}, &key); err != nil {
		return nil, err
	}
	if err := api.post("/v1/tenants/"+tenant.ID+"/credentials", map[string]any{"kind": "smtp"}, &login); err != nil {
		return nil, err
	}
	api.key = key.Secret
	if err := api.post("/v1/domains", map[string]any{"name": string(signed)}, &domain); err != nil {
		return nil, err
	}
	records := plan.Plan{Domain: signed}
	texts := map[myodai.Name][]string{}
	for _, r := range domain.Records {
		item := plan.Item{Name: myodai.Name(r.Name), Type: myodai.RecordType(r.Type), Value: r.Value}
		records.Items = append(records.Items, item)
		texts[item.Name] = append(texts[item.Name], r.Value)
	}
	if err := space.Publish(records); err != nil {
		return nil, err
	}
	if err := api.post("/v1/domains/"+domain.ID+"/check", nil, &check); err != nil {
		return nil, err
	}
	if check.State != "verified" {
		return nil, fmt.Errorf("the domain is %s after its records were published", check.State)
	}
	return &peer{
		submission: door{address: doors["submissions"], user: login.ID, password: login.Secret},
		key:        func(name myodai.Name) ([]string, error) { return texts[name], nil },
	}, nil
}

// caller asks the API with a key.
type caller struct{ url, key string }

func (c caller) post(path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if in == nil {
		req.Body, req.ContentLength = nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s: %s", path, resp.Status, text)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// get asks for a page of something.
func (c caller) get(path string, out any) error {
	req, err := http.NewRequest(http.MethodGet, c.url+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// freeAddress finds a port that is free for TCP.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// newDatabase makes a database and finds the server's process.
func newDatabase(server string) (address string, process int, drop func(), err error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", 0, nil, err
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		return "", 0, nil, err
	}
	name := fmt.Sprintf("bench_%d", time.Now().UnixNano())
	if _, err := db.Exec("create database " + name + " template template0 lc_collate 'C' lc_ctype 'C' encoding 'UTF8'"); err != nil {
		return "", 0, nil, err
	}
	drop = func() {
		_, _ = db.Exec("drop database " + name + " with (force)")
		_ = db.Close()
	}
	var file string
	if err := db.QueryRow("select pg_read_file('postmaster.pid')").Scan(&file); err != nil {
		return "", 0, nil, err
	}
	first, _, _ := strings.Cut(file, "\n")
	if process, err = strconv.Atoi(first); err != nil {
		return "", 0, nil, err
	}
	u.Path = "/" + name
	return u.String(), process, drop, nil
}
