package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"
)

// authority is Pebble: a certificate authority that rejects nonces, takes its
// time, resolves names by the DNS of the test, and issues nothing for refusedHost.
type authority struct {
	directory string
	roots     string // PEM file that vouches for its own server
	cmd       *exec.Cmd
	issued    *x509.CertPool // its own roots
}

// life is how long certificates are valid here: long enough for a test to use
// one, and short enough to see it renewed and lapse.
const life = 24 * time.Second

func (w *world) startPebble(t *testing.T) *authority {
	t.Helper()
	cert, key := w.serverCertificate(t, "ca.example")
	config := w.write(t, "pebble.json", fmt.Sprintf(`{"pebble": {
  "listenAddress": "%[1]s:14000", "managementListenAddress": "%[1]s:15000", "certificate": %[2]q, "privateKey": %[3]q,
  "httpPort": 80, "tlsPort": 443, "keyAlgorithm": "ecdsa", "retryAfter": {"authz": 1, "order": 1}, "domainBlocklist": [%[5]q],
  "profiles": {"default": {"description": "long", "validityPeriod": 7776000}, "brief": {"description": "brief", "validityPeriod": %[4]d}}
}}`, caAddress, cert, key, int(life/time.Second), refusedHost))
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "20")
	t.Setenv("PEBBLE_VA_SLEEPTIME", "1")
	a := &authority{directory: "https://ca.example:14000/dir", roots: cert, issued: x509.NewCertPool()}
	a.cmd = w.start(t, "pebble", os.Getenv(pebbleVar), "-config", config, "-dnsserver", "127.0.0.1:53")
	waitTCP(t, caAddress+":14000")
	a.issued.AppendCertsFromPEM(a.managed(t, cert, "/roots/0"))
	return a
}

// managed asks Pebble's own management.
func (a *authority) managed(t *testing.T, roots, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(roots)
	check(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "ca.example"}}}
	resp, err := client.Get("https://" + caAddress + ":15000" + path)
	check(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	check(t, err)
	return body
}

// serverCertificate makes a certificate that vouches for itself.
func (w *world) serverCertificate(t *testing.T, host string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	certFile = w.write(t, "server.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return certFile, w.write(t, "server.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
}
