package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
)

// Connect says whether a domain's DNS host writes records itself.
type Connect struct {
	Supported bool            `json:"supported"`
	Why       string          `json:"why,omitempty" doc:"Why it does not, and what to do instead."`
	Host      string          `json:"host,omitempty" doc:"What the DNS host calls itself."`
	At        string          `json:"at,omitempty" doc:"The host name that people are sent to." example:"connect.host.example"`
	Records   []PlannedRecord `json:"records" doc:"Open records that it would write."`
	Left      []PlannedRecord `json:"left" doc:"Open records that it would not."`
}

// NewConnectLink is where people come back to.
type NewConnectLink struct {
	RedirectURI string `json:"redirect_uri,omitempty" maxLength:"1000" doc:"Where the DNS host sends people back to; its host has to be one the platform operator has told DNS hosts of. Left out: nowhere." example:"https://app.plat.example/domains"`
	State       string `json:"state,omitempty" maxLength:"500" doc:"Comes back as it is, with redirect_uri: something unguessable, so that nobody else can send people there."`
}

// ConnectLink leads a person to their DNS host.
type ConnectLink struct {
	Connect
	URL string `json:"url" doc:"The signed link. Whoever opens it signs in at the DNS host and agrees to what is written there."`
}

func showOffer(o domains.Offer) Connect {
	return Connect{Supported: true, Host: o.Host, At: string(o.At), Records: showPlanned(o.Records), Left: showPlanned(o.Left)}
}

func (s *Server) registerConnect() {
	register(s, operation{
		id: "get-connect", method: http.MethodGet, path: "/domains/{domain_id}/connect", tag: "domains", scope: scopeTenant,
		summary: "Say whether the DNS host writes the open records itself (Domain Connect)",
		details: "Asks the DNS host; its answer is remembered for ten minutes.",
	}, s.getConnect)
	register(s, operation{
		id: "create-connect-link", method: http.MethodPost, path: "/domains/{domain_id}/connect", tag: "domains", scope: scopeTenant,
		summary: "Make the link by which the DNS host writes the open records", status: http.StatusCreated,
		details: "When people come back, with or without the parameter error, check the domain: with connected when there is no error. What stands in DNS decides.",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		DomainPath
		Body NewConnectLink
	}) (*output[ConnectLink], error) {
		id, err := s.mayAskHost(ctx, who, &in.DomainPath)
		if err != nil {
			return nil, err
		}
		l, err := s.o.Handover.Link(ctx, who.TenantID, id, domains.Back{URI: in.Body.RedirectURI, State: in.Body.State})
		return outputOf(ConnectLink{showOffer(l.Offer), l.URL}), err
	})
}

// mayAskHost says whose DNS host is to be asked, unless that is too often.
func (s *Server) mayAskHost(ctx context.Context, who myodai.Credential, in *DomainPath) (myodai.DomainID, error) {
	id, err := s.ownDomain(ctx, who, in)
	if err != nil {
		return "", err
	}
	if pause := s.checks.take("connect "+string(id), time.Now()); pause > 0 {
		return "", limited(pause, "the DNS host of this domain was just asked")
	}
	return id, nil
}

func (s *Server) getConnect(ctx context.Context, who myodai.Credential, in *DomainPath) (*output[Connect], error) {
	id, err := s.mayAskHost(ctx, who, in)
	if err != nil {
		return nil, err
	}
	o, err := s.o.Handover.Offered(ctx, who.TenantID, id)
	if refusal, ok := errors.AsType[*myodai.Error](err); ok && (refusal.Code == myodai.CodeConflict || refusal.Code == myodai.CodeUnavailable) {
		return outputOf(Connect{Why: refusal.Message, Records: []PlannedRecord{}, Left: []PlannedRecord{}}), nil
	}
	return outputOf(showOffer(o)), err
}
