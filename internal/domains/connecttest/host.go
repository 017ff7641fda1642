package connecttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options are what a Host is made of. Name and Text are needed.
type Options struct {
	Name        string                     // of its web server, such as connect.host.example
	Listen      string                     // "" means a port of the system's choice on 127.0.0.1
	NameServers []string                   // of the zones that it serves; none are told when it is empty
	Text        func(name string) []string // looks up TXT records
	Write       func([]Record) error       // puts records into the zone; nil forgets them
	// Settings changes what it says of itself, nil for nothing: a host that lies.
	Settings func(settings map[string]any)
}

// Host is a DNS host that speaks Domain Connect.
type Host struct {
	Authority string // for the TXT record of its zones
	PEM       []byte // the certificate that vouches for it

	t      testing.TB
	o      Options
	server *httptest.Server
	mu     sync.Mutex
	known  Template
	asked  []string
}

// Start starts a host that stops when the test ends.
func Start(t testing.TB, o Options) *Host {
	t.Helper()
	h := &Host{t: t, o: o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/{zone}/settings", h.settings)
	mux.HandleFunc("GET /api/v2/domainTemplates/providers/{provider}/services/{service}", h.template)
	mux.HandleFunc("GET /sync/v2/domainTemplates/providers/{provider}/services/{service}/apply", h.consent)
	mux.HandleFunc("POST /sync/v2/domainTemplates/providers/{provider}/services/{service}/apply", h.apply)
	h.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.asked = append(h.asked, r.URL.Path)
		h.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	if o.Listen != "" {
		l, err := net.Listen("tcp", o.Listen)
		if err != nil {
			t.Fatal(err)
		}
		_ = h.server.Listener.Close()
		h.server.Listener = l
	}
	certificate := h.certificate()
	h.server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	h.server.StartTLS()
	t.Cleanup(h.server.Close)
	_, port, _ := net.SplitHostPort(h.server.Listener.Addr().String())
	if h.Authority = o.Name; port != "443" {
		h.Authority = net.JoinHostPort(o.Name, port)
	}
	return h
}

// certificate makes one for the host's name, signed by itself.
func (h *Host) certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{h.o.Name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}, &x509.Certificate{SerialNumber: big.NewInt(1)}, &key.PublicKey, key)
	if err != nil {
		h.t.Fatal(err)
	}
	h.PEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Client trusts the host and finds it, by whatever name.
func (h *Host) Client() *http.Transport {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(h.PEM)
	address := h.server.Listener.Addr().String()
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext:     (&dialer{address}).dial,
	}
}

// Onboard lets the host know a template, as an operator would have it done.
func (h *Host) Onboard(template any) {
	h.t.Helper()
	text, err := json.Marshal(template)
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := json.Unmarshal(text, &h.known); err != nil {
		h.t.Fatal(err)
	}
}

// Asked lists the paths of the requests that have come.
func (h *Host) Asked() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.asked)
}

func (h *Host) settings(w http.ResponseWriter, _ *http.Request) {
	settings := map[string]any{
		"providerId": "host.example", "providerName": "Host & Sons", "urlSyncUX": "https://" + h.Authority + "/sync",
		"urlAPI": "https://" + h.Authority + "/api", "width": 750,
	}
	if len(h.o.NameServers) > 0 {
		settings["nameServers"] = h.o.NameServers
	}
	if h.o.Settings != nil {
		h.o.Settings(settings)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(settings)
}

// find is the template that a request names; ok is false for another one.
func (h *Host) find(r *http.Request) (t Template, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.known, h.known.Field("providerId") == r.PathValue("provider") && h.known.Field("serviceId") == r.PathValue("service")
}

func (h *Host) template(w http.ResponseWriter, r *http.Request) {
	t, ok := h.find(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"version": t["version"]})
}

// consent asks the customer, who is signed in.
func (h *Host) consent(w http.ResponseWriter, r *http.Request) {
	records, ok := h.read(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!DOCTYPE html><html lang=en><title>Host</title><form method=post><ul>")
	for _, record := range records {
		_, _ = fmt.Fprintf(w, "<li>%s", html.EscapeString(record.String()))
	}
	_, _ = fmt.Fprintf(w, "</ul><button name=answer value=yes>Yes</button><button name=answer value=no>No</button></form>")
}

// apply writes the records, or not, and sends the customer back.
func (h *Host) apply(w http.ResponseWriter, r *http.Request) {
	records, ok := h.read(w, r)
	if !ok {
		return
	}
	back, err := url.Parse(r.URL.Query().Get("redirect_uri"))
	query := back.Query()
	if state := r.URL.Query().Get("state"); state != "" {
		query.Set("state", state)
	}
	switch {
	case err != nil:
	case r.FormValue("answer") != "yes":
		query.Set("error", "access_denied")
		query.Set("error_description", "user_cancel")
	case h.o.Write != nil:
		err = h.o.Write(records)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if back.Host == "" {
		_, _ = fmt.Fprint(w, "Done.")
		return
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

// read checks a link; ok is false when it has been answered.
func (h *Host) read(w http.ResponseWriter, r *http.Request) (records []Record, ok bool) {
	t, ok := h.find(r)
	if !ok {
		http.NotFound(w, r)
		return nil, false
	}
	records, err := t.Read(r.URL.RawQuery, h.o.Text)
	if back, parseErr := url.Parse(r.URL.Query().Get("redirect_uri")); err == nil && (parseErr != nil ||
		back.Host != "" && !slices.Contains(strings.Split(t.Field("syncRedirectDomain"), ","), back.Hostname())) {
		err = fmt.Errorf("the template names no place such as %s to go back to", back)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return nil, false
	}
	return records, true
}
