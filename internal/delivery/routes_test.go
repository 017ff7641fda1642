package delivery_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
)

// D2: each job goes its own way, and a way that is no more makes mail wait.
func TestRoutes(t *testing.T) {
	agent := func(host string) *delivery.Agent {
		return delivery.NewAgent(delivery.Options{
			Hostname: "out1.plat.example", Keep: -1, Smarthost: &delivery.Smarthost{Host: host},
			Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("closed") },
		})
	}
	routes := delivery.Routes{Delivery: agent("192.0.2.1"), Smarthosts: map[string]*delivery.Agent{"normal": agent("192.0.2.2"), "bulk": agent("192.0.2.3")}}
	for route, want := range map[myodai.Route]string{
		"": "to 192.0.2.1", myodai.RouteDelivery: "to 192.0.2.1", myodai.RouteNormal: "to 192.0.2.2", "smarthost:bulk": "to 192.0.2.3",
		"smarthost:gone": "the route smarthost:gone is not configured",
	} {
		o := routes.Attempt(t.Context(), myodai.Job{Domain: "example.net", Route: route, Items: []myodai.JobItem{{}}})[0]
		if o.Kind != myodai.OutcomeTransient || !strings.Contains(o.Text, want) {
			t.Errorf("%q: %+v, want %q", route, o, want)
		}
	}
}
