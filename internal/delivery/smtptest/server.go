package smtptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// listener runs serve for every connection until the test ends.
type listener struct {
	net.Listener
	mu    sync.Mutex
	open  map[net.Conn]bool
	count int
	group sync.WaitGroup
}

func listen(t testing.TB, serve func(net.Conn)) *listener {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Listener: inner, open: map[net.Conn]bool{}}
	l.group.Go(func() {
		for {
			conn, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Errorf("accept: %v", err)
				return
			}
			l.track(conn, true)
			l.group.Go(func() {
				defer l.track(conn, false)
				defer func() { _ = conn.Close() }() // the client may have closed it first
				serve(conn)
			})
		}
	})
	t.Cleanup(l.stop)
	return l
}

func (l *listener) track(conn net.Conn, open bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if open {
		l.open[conn] = true
		l.count++
		return
	}
	delete(l.open, conn)
}

func (l *listener) stop() {
	_ = l.Close() // stop may be called again by the test's end
	l.mu.Lock()
	for conn := range l.open {
		_ = conn.Close() // its goroutine closes it too
	}
	l.mu.Unlock()
	l.group.Wait()
}

// finish lets connections come to their own end for two seconds, then stops.
func (l *listener) finish() {
	_ = l.Close() // stop closes it again
	over := make(chan struct{})
	go func() {
		l.group.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-time.After(2 * time.Second):
	}
	l.stop()
}

// addr is where the server listens.
func (l *listener) addr() netip.AddrPort {
	return l.Listener.Addr().(*net.TCPAddr).AddrPort()
}

func (l *listener) connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// Certificate makes a key and a certificate signed by itself for the given host
// names, and the pool that makes it believed.
func Certificate(t testing.TB, names ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "smtptest"}, DNSNames: names,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}
