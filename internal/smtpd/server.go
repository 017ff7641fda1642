package smtpd

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/myodai/myodai"
	"github.com/prometheus/client_golang/prometheus"
)

// Incoming is a message as it arrived at the MX face.
type Incoming struct {
	From       myodai.Address   // MAIL FROM; zero for the null sender
	Recipients []myodai.Address // as accepted at RCPT TO, at least one
	Hello      string           // what the client called itself
	Remote     netip.Addr       // where it connected from
	TLS        bool             // whether the connection was encrypted
	Raw        []byte           // CRLF line ends, dot-stuffing undone, nothing added
}

// Limits bound what clients can take. The zero value of each field means its
// default.
type Limits struct {
	MaxSize        int64         // octets of a message; 25 MiB
	MaxRecipients  int           // of a message; 1000
	MaxConnections int           // at one time; 1000
	MaxPerIP       int           // connections at one time from an IPv4 address or IPv6 /64; 100
	MaxMemory      int64         // octets of all messages being received; 512 MiB
	Command        time.Duration // to wait for a command; 5 min (RFC 5321 §4.5.3.2.7)
	Data           time.Duration // to wait for a whole message; 10 min
	Session        time.Duration // a whole connection; 30 min
	AuthDelay      time.Duration // before a failed login is answered; 1 s
}

// Options are what a Server is made of.
type Options struct {
	Hostname   string                // in the greeting; needed
	TLS        *tls.Config           // nil: no STARTTLS, and so no login on a plain listener
	Limits     Limits                // zero: the defaults
	Log        *slog.Logger          // nil: nothing is logged
	Registerer prometheus.Registerer // nil: not registered

	// Authenticate recognizes a submitter. A refusal means no, whatever it says.
	// It is asked again before every message, so that a revoked credential stops
	// working within a connection (P31). Submission only.
	Authenticate func(ctx context.Context, user, password string) (myodai.Credential, error)
	// Submit takes responsibility for a message. Raw has CRLF line ends only.
	// Submission only.
	Submit func(ctx context.Context, c myodai.Credential, recipients []myodai.Address, raw []byte) (myodai.MessageID, error)

	// Accepts says at RCPT TO whether a recipient exists: nil, or a refusal. MX only.
	Accepts func(ctx context.Context, recipient myodai.Address) error
	// Receive takes responsibility for a message. MX only.
	Receive func(ctx context.Context, m Incoming) error
}

// Server is one face of the SMTP server. It may serve several listeners.
type Server struct{ o Options }

// NewSubmission makes the face for those who log in. On a listener whose
// connections are *tls.Conn it speaks TLS from the start (465), otherwise it
// offers STARTTLS (587). Options.Authenticate and Options.Submit are needed.
func NewSubmission(o Options) *Server { return &Server{o} }

// NewMX makes the face for everybody. Options.Accepts and Options.Receive are
// needed.
func NewMX(o Options) *Server { return &Server{o} }

// Serve accepts connections until Shutdown; it returns nil then, and an error
// when the listener fails.
func (s *Server) Serve(l net.Listener) error { return nil }

// Shutdown stops listening, tells idle clients to come back later, lets
// commands and messages under way finish, and returns when all are gone. When
// ctx ends first it cuts the rest off and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error { return nil }
