package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
)

// readMasterKey reads the key that private keys are sealed under, or makes one;
// fresh says that it is not in the file yet.
func readMasterKey(name string) (key [32]byte, fresh bool, err error) {
	text, err := os.ReadFile(name) // #nosec G304 -- the operator names it
	if errors.Is(err, fs.ErrNotExist) {
		_, err = rand.Read(key[:])
		return key, true, err
	}
	if err != nil {
		return key, false, fmt.Errorf("read master key: %w", err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != len(key) {
		return key, false, usage("key_file: %s is not a master key, which is %d hexadecimal digits", name, 2*len(key))
	}
	info, err := os.Stat(name)
	if err != nil {
		return key, false, fmt.Errorf("read master key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return key, false, usage("key_file: others can read %s; take that away from them: chmod 600 %s", name, name)
	}
	copy(key[:], raw)
	return key, false, nil
}

// writeSecret writes a file that only we can read, and that is on disk when
// writeSecret returns. It never overwrites one.
func writeSecret(name, text string) error {
	// It gets its name when it is whole: half a master key would be refused at
	// every start.
	fresh := name + ".new"
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- the operator names it
	if err != nil {
		return err
	}
	crash.Point("secret", "before the write")
	_, err = f.WriteString(text + "\n")
	crash.Point("secret", "before the fsync")
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	crash.Point("secret", "before it has its name")
	if err := os.Link(fresh, name); err != nil {
		return err
	}
	if err := os.Remove(fresh); err != nil {
		return err
	}
	crash.Point("secret", "after it has its name")
	return syncDirectory(filepath.Dir(name))
}

// syncDirectory makes the names of new files in a directory durable.
func syncDirectory(name string) error {
	d, err := os.Open(name) // #nosec G304 -- a directory of the configuration
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// certificate is a certificate in files, read again when they change, so that
// it can be renewed without a restart.
type certificate struct {
	cert, key string

	mu      sync.Mutex
	loaded  *tls.Certificate
	written time.Time // when the file was written that is loaded
	looked  time.Time
}

// certificateLook is how often the files are looked at.
const certificateLook = time.Minute

// openCertificate reads the operator's certificate, or a self-signed one in the
// data directory, which is made when it is missing or about to expire. That is
// as good as any for return mail, where nobody checks (RFC 7435).
func openCertificate(c config) (*certificate, error) {
	pair := &certificate{cert: c.TLSCert, key: c.TLSKey}
	if pair.cert == "" {
		pair.cert, pair.key = filepath.Join(c.Data, "self-signed.crt"), filepath.Join(c.Data, "self-signed.key")
		if err := selfSign(pair.cert, pair.key, c.Hostname, time.Now()); err != nil {
			return nil, fmt.Errorf("make a self-signed certificate: %w", err)
		}
	}
	if err := pair.load(time.Now()); err != nil {
		return nil, usage("tls_cert: %v", err)
	}
	return pair, nil
}

func (c *certificate) load(now time.Time) error {
	info, err := os.Stat(c.cert)
	if err != nil {
		return err
	}
	c.looked = now
	if c.loaded != nil && info.ModTime().Equal(c.written) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.loaded, c.written = &pair, info.ModTime()
	return nil
}

// get is for tls.Config.GetCertificate. While new files cannot be read, the old
// certificate is used.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= certificateLook {
		c.looked = now
		_ = c.load(now) // half-written files are whole at the next look
	}
	return c.loaded, nil
}

// selfSign makes a certificate for a host, unless there is one that is good for
// another month.
func selfSign(certFile, keyFile string, host myodai.Name, now time.Time) error {
	if old, err := tls.LoadX509KeyPair(certFile, keyFile); err == nil {
		leaf := old.Leaf
		if leaf.VerifyHostname(string(host)) == nil && now.Before(leaf.NotAfter.AddDate(0, -1, 0)) {
			return nil
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: string(host)}, DNSNames: []string{string(host)},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for _, file := range []struct {
		name, kind string
		der        []byte
	}{{keyFile, "PRIVATE KEY", keyDER}, {certFile, "CERTIFICATE", der}} {
		block := pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.der})
		if err := os.WriteFile(file.name, block, 0o600); err != nil {
			return err
		}
	}
	return nil
}
