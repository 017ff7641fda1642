package main

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"time"
)

// door is where mail is submitted.
type door struct {
	address        string
	user, password string // with TLS from the start; "" for neither
}

// client is one submission session.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
}

// open connects, logs in if need be, and is ready for messages.
func (d door) open() (*client, error) {
	conn, err := net.DialTimeout("tcp", d.address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	if d.user != "" {
		// The certificate is self-signed here.
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) // #nosec G402
	}
	c := &client{conn: conn, r: bufio.NewReader(conn), w: bufio.NewWriterSize(conn, 64<<10)}
	if err := c.reply("220"); err != nil {
		return nil, err
	}
	if err := c.ask("EHLO source.example", "250"); err != nil {
		return nil, err
	}
	if d.user != "" {
		secret := base64.StdEncoding.EncodeToString([]byte("\x00" + d.user + "\x00" + d.password))
		if err := c.ask("AUTH PLAIN "+secret, "235"); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// send submits a message, the commands before it in one packet (RFC 2920).
func (c *client) send(message []byte) error {
	_ = c.conn.SetDeadline(time.Now().Add(time.Minute))
	const envelope = "MAIL FROM:<sales@acme.example>\r\nRCPT TO:<you@receiver.example>\r\nDATA\r\n"
	if _, err := c.w.WriteString(envelope); err != nil {
		return err
	}
	if err := c.w.Flush(); err != nil {
		return err
	}
	for _, code := range []string{"250", "250", "354"} {
		if err := c.reply(code); err != nil {
			return err
		}
	}
	if _, err := c.w.Write(message); err != nil {
		return err
	}
	return c.ask(".", "250")
}

func (c *client) ask(line, code string) error {
	if _, err := c.w.WriteString(line + "\r\n"); err != nil {
		return err
	}
	if err := c.w.Flush(); err != nil {
		return err
	}
	return c.reply(code)
}

// reply takes one reply, which must have the given code.
func (c *client) reply(code string) error {
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return err
		}
		if !strings.HasPrefix(line, code) {
			return fmt.Errorf("want %s, got %q", code, line)
		}
		if len(line) > 3 && line[3] == ' ' {
			return nil
		}
	}
}

func (c *client) close() { _ = c.conn.Close() }

// mark is the field that numbers a message.
const mark = "X-Bench: "

var filling = strings.Repeat("The quick brown fox jumps over the lazy dog, again and again and again.\r\n", 1000)

// letter appends the message with the given number, about size octets long.
func letter(to []byte, n, size int) []byte {
	now := time.Now()
	to = fmt.Appendf(to, "From: Sales <sales@acme.example>\r\nTo: You <you@receiver.example>\r\nSubject: Your order %d\r\n"+
		"Date: %s\r\nMessage-ID: <%d.%d@acme.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"+
		mark+"%09d\r\n\r\n", n, now.UTC().Format(time.RFC1123Z), n, now.UnixNano(), n)
	lines := max(1, (size-len(to))/73)
	return append(to, filling[:lines*73]...)
}
