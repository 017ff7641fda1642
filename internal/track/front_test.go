package track_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/track"
)

// listen serves on loopback, over TLS if it is to be secure, until the test ends.
func listen(t *testing.T, s *track.Server, secure bool) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve := s.Serve
	if secure {
		serve = s.ServeTLS
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(l) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// pair is a certificate for the platform's host.
func pair(t *testing.T) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{string(platform)}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
	}
}

// dial opens a connection on which nobody waits for ever.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// exchange writes a request and reads the answer to it, without its date.
func exchange(t *testing.T, conn net.Conn, r *bufio.Reader, request string) string {
	t.Helper()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	answer, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	octets, err := io.ReadAll(answer.Body)
	if date, dateErr := http.ParseTime(answer.Header.Get("Date")); err != nil || dateErr != nil || time.Since(date).Abs() > time.Minute {
		t.Errorf("%q: %v, %v", request, err, dateErr)
	}
	answer.Header.Del("Date")
	return fmt.Sprintf("%s %s %v %d close %t %q", answer.Proto, answer.Status, answer.Header, answer.ContentLength, answer.Close, octets)
}

// Whoever answers, the answer is the same: an odd field makes net/http do it.
func TestFrontAnswersAlike(t *testing.T) {
	s := newServer(t, track.Options{})
	address := listen(t, s, false)
	click, open := s.MakeLink(platform, newCopy(), "https://shop.example/?a=b&c=%2f"), s.MakeOpen(platform, newCopy())
	unsubscribe := s.MakeUnsubscribe(platform, newCopy(), myodai.ClassMarketing)
	for _, target := range []string{click, click + "?fbclid=x", open, open + "?", unsubscribe, "/", "/c/x", click + "x", "/style.css", "/c/" + open[3:]} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
			for _, more := range []string{
				"", "Connection: close\r\n", "connection: Keep-Alive\r\nSec-Purpose: prefetch\r\n", "Cookie: " + strings.Repeat("x", 6000) + "\r\n",
				"Content-Length: 0\r\n",
			} {
				var answers []string
				for _, odd := range []string{"", "X.Odd: 1\r\n"} {
					conn := dial(t, address)
					answers = append(answers, exchange(t, conn, bufio.NewReader(conn),
						method+" "+target+" HTTP/1.1\r\nHost: "+string(platform)+"\r\n"+more+odd+"\r\n"))
					_ = conn.Close()
				}
				if answers[0] != answers[1] {
					t.Errorf("%s %s with %.40q:\n%s\nfrom net/http:\n%s", method, target, more, answers[0], answers[1])
				}
			}
		}
	}
	s.SetHosts(nil)
}

// On one connection requests of all sorts follow each other, in pieces and
// several at once, and none is lost where net/http takes over.
func TestFrontHandsOver(t *testing.T) {
	db := newShop(t)
	s := newServer(t, track.Options{Store: db, Certificate: pair(t)})
	click, open := s.MakeLink(platform, db.copy(0), "https://shop.example/"), s.MakeOpen(platform, db.copy(0))
	unsubscribe := s.MakeUnsubscribe(platform, db.copy(0), myodai.ClassMarketing)
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: " + string(platform) + "\r\n\r\n" }
	body := "List-Unsubscribe=One-Click"
	oneClick := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", unsubscribe, platform, urlencoded, len(body), body)
	for _, secure := range []bool{false, true} {
		address := listen(t, s, secure)
		open1 := func() (net.Conn, *bufio.Reader) {
			conn := dial(t, address)
			if secure {
				conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ServerName: string(platform)}) // #nosec G402 -- made a moment ago
			}
			return conn, bufio.NewReader(conn)
		}
		want := func(what, got, part string) {
			t.Helper()
			if !strings.Contains(got, part) {
				t.Errorf("%s, secure %t: %s", what, secure, got)
			}
		}
		conn, r := open1()
		for range 3 {
			want("a click", exchange(t, conn, r, get(click)), "302 Found")
			want("an open", exchange(t, conn, r, get(open)), "image/gif")
		}
		want("one click to unsubscribe", exchange(t, conn, r, oneClick), "This mail has been stopped")
		want("a click after that", exchange(t, conn, r, get(click)), "302 Found")
		want("nothing", exchange(t, conn, r, get("/")), "404 Not Found")

		conn, r = open1()
		want("three at once", exchange(t, conn, r, get(click)+get(open)+get(unsubscribe)+get(click)[:20]), "302 Found")
		want("the second", exchange(t, conn, r, ""), "image/gif")
		want("the third", exchange(t, conn, r, ""), "Stop this mail")
		want("the rest of the fourth", exchange(t, conn, r, get(click)[20:]), "302 Found")

		conn, r = open1()
		for _, c := range get(click) {
			if _, err := io.WriteString(conn, string(c)); err != nil {
				t.Fatal(err)
			}
		}
		want("octet by octet", exchange(t, conn, r, ""), "302 Found")
		conn, r = open1()
		want("line feeds only", exchange(t, conn, r, strings.ReplaceAll(get(click), "\r", "")), "302 Found")
		conn, r = open1()
		want("HTTP/1.0", exchange(t, conn, r, strings.Replace(get(click), "1.1", "1.0", 1)), "302 Found")
		conn, r = open1()
		if _, err := io.WriteString(conn, "rubbish\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		line, _ := r.ReadString('\n')
		want("rubbish", line, "400 Bad Request")
	}
}

// HTTP/2 goes on being spoken.
func TestFrontSpeaksHTTP2(t *testing.T) {
	s := newServer(t, track.Options{Certificate: pair(t)})
	address := listen(t, s, true)
	client := http.Client{
		Transport: &http.Transport{
			ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: string(platform)}, // #nosec G402 -- made a moment ago
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	r, err := http.NewRequest("GET", "https://"+address+s.MakeLink(platform, newCopy(), "https://shop.example/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = string(platform)
	for range 2 {
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.ProtoMajor != 2 || answer.StatusCode != http.StatusFound || answer.Header.Get("Location") != "https://shop.example/" {
			t.Errorf("%s %s %v", answer.Proto, answer.Status, answer.Header)
		}
	}
}

// pipes is a listener in memory, for a clock of its own.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error {
	defer func() { _ = recover() }() // closed twice
	close(p)
	return nil
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// T73: who asks nothing is cut off: after seconds at the beginning, after a minute
// when something was asked before, and when the server ends.
func TestFrontCutsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, track.Options{})
		l, ended := make(pipes), make(chan error, 1)
		go func() { ended <- s.Serve(l) }()
		request := "GET " + s.MakeLink(platform, newCopy(), "https://shop.example/") + " HTTP/1.1\r\nHost: " + string(platform) + "\r\n\r\n"
		for _, c := range []struct {
			name        string
			first       string // what is sent at once
			answered    bool
			least, most time.Duration
		}{
			{"nothing", "", false, 5 * time.Second, 5 * time.Second},
			{"a part of a request", request[:30], false, 5 * time.Second, 10 * time.Second},
			{"a request", request, true, 55 * time.Second, time.Minute},
		} {
			client, server := net.Pipe()
			l <- server
			began := time.Now()
			r := bufio.NewReader(client)
			if c.first != "" {
				if _, err := io.WriteString(client, c.first); err != nil {
					t.Fatal(err)
				}
			}
			if c.answered {
				if answer, err := http.ReadResponse(r, nil); err != nil || answer.StatusCode != http.StatusFound {
					t.Errorf("%s: %v", c.name, err)
				}
			}
			if _, err := io.Copy(io.Discard, r); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if took := time.Since(began); took < c.least || took > c.most {
				t.Errorf("%s: cut off after %s", c.name, took)
			}
		}
		client, server := net.Pipe()
		l <- server
		synctest.Wait()
		began := time.Now()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := client.Read(make([]byte, 1)); err != io.EOF || time.Since(began) > time.Second {
			t.Errorf("an idle connection at the end: %v after %s", err, time.Since(began))
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// What the front takes means the same to net/http.
func FuzzAsked(f *testing.F) {
	const rest = "Host: track.plat.example\r\nUser-Agent: x\r\n"
	for _, head := range []string{
		"GET /c/abc-_9 HTTP/1.1\r\n" + rest, "HEAD /o/abc?x=%2f#y HTTP/1.1\r\n" + rest, "GET /c/a//b HTTP/1.1\r\n" + rest,
		"GET /c/a HTTP/1.1\r\nhost:a:80\r\nUSER-AGENT:  \t b\x80 \r\nuser-agent: c\r\nConnection: CLOSE\r\nconnection: keep-alive\r\nX-Moz: Prefetch\r\n",
		"GET /c/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n", "GET /c/a HTTP/1.1\r\n Host: a\r\n", "GET /c/a HTTP/1.1\r\nHost : a\r\n", "GET /c/a HTTP/1.0\r\n" + rest,
		"GET /c/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n", "GET /c/a HTTP/1.1\r\nHost: a\r\nSec-Purpose: prefetch;prerender\r\nsec-purpose: no\r\n",
		"GET /c/a HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n", "GET /c/a HTTP/1.1\r\nHost: a\nX: b\r\n", "GET  /c/a HTTP/1.1\r\n" + rest, "get /c/a HTTP/1.1\r\n" + rest,
	} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		if bytes.Contains(head, []byte("\r\n\r\n")) {
			return // the head ended before
		}
		got, last, ok := track.Asked(head)
		if !ok {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(append(head, "\r\n"...))))
		if err != nil {
			t.Fatalf("%q is not understood: %v", head, err)
		}
		if want := track.AskedOf(r); got != want || last != r.Close || r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
			t.Errorf("%q is\n%s, %t; net/http reads\n%s, %t", head, got, last, want, r.Close)
		}
	})
}
