package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/hygiene"
	"github.com/myodai/myodai/internal/senders"
	"github.com/myodai/myodai/internal/store"
	"github.com/myodai/myodai/internal/submission"
	"github.com/myodai/myodai/internal/webhook"
)

// Options are what a Server is made of. Store, Domains, Handover, Random, Key and
// Log are needed; Access, too, for people to sign in.
type Options struct {
	Store    *store.Store
	Domains  *domains.Service
	Handover *domains.Handover
	Tracking *domains.Tracking // nil: no tracking domains
	// Senders keeps sender addresses, and Submission says which way mail goes; nil:
	// there are no such pages.
	Senders    *senders.Service
	Submission *submission.Engine
	Webhooks   *webhook.Service // nil: there are no such pages
	Hygiene    *hygiene.Service // audits addresses; nil: there are no such pages
	Access     *access.Service
	Wake       func()    // has the queue look at once; nil: it looks by itself, later
	Routes     []string  // names of the smarthosts there are
	Lookup     Lookup    // asks DNS while somebody types a domain; nil: nobody does
	Sessions   Sessions  // nil: those of Access
	Random     io.Reader // of ids of requests; must not fail
	Key        [32]byte  // what we let browsers keep is sealed under it
	Log        *slog.Logger
	BaseURL    string        // where people reach us, such as https://console.example; "" for http and any host
	Pause      time.Duration // between checks of one domain that people ask for; 0 means a second
	Look       time.Duration // between looks of a page that watches, which checks every fifth time; 0 means two seconds
	Settings   []Setting     // of the program, for operators to read
	Platform   string        // what the platform is called; "" means Myodai
}

// Lookup asks DNS, with whatever is remembered.
type Lookup func(ctx context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer

// Server answers with pages.
type Server struct {
	o        Options
	log      *slog.Logger
	mux      *http.ServeMux
	routes   []route
	has      map[string]bool // by pattern
	words    words
	assets   assets
	pages    map[Lang]pages
	sealer   sealer
	foreign  *http.CrossOriginProtection
	security []header
	watchers watchers
}

// New makes a server. It fails when the base URL is none.
func New(o Options) (*Server, error) {
	if o.Pause == 0 {
		o.Pause = time.Second
	}
	if o.Look == 0 {
		o.Look = 2 * time.Second
	}
	if o.Platform == "" {
		o.Platform = "Myodai"
	}
	s := &Server{
		o: o, log: o.Log.With("room", "console"), mux: http.NewServeMux(), has: map[string]bool{},
		words: loadWords(), assets: loadAssets(), sealer: newSealer(o.Key),
	}
	if s.o.Sessions == nil && o.Access != nil {
		s.o.Sessions = admitted{o.Access, o.Store}
	}
	base, err := parseBase(o.BaseURL)
	if err != nil {
		return nil, err
	}
	s.security = securityHeaders(base)
	if s.foreign, err = newForeign(base); err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	s.pages = loadPages()
	s.route()
	return s, nil
}
