package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

func (c *cli) eventsCommand() *cobra.Command {
	after, follow := "", false
	cmd := &cobra.Command{
		Use: "events", Short: "Show what happened, and what happens",
		Long: `Show events, oldest first; with --follow go on until interrupted. With --json every
line is one event. With the operator's key the events are those of all tenants.`,
		Example: `  myodai events --follow
  myodai events --after evt_… --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			r := &eventReader{cl: cl, after: after, seen: map[string]time.Time{}}
			for {
				if err := r.read(cmd.Context(), c.writeEvent); err != nil {
					return err
				}
				if !follow {
					return nil
				}
				if err := wait(cmd.Context(), time.Second); err != nil {
					return nil // interrupted, as it is meant to end
				}
			}
		},
	}
	cmd.Flags().StringVar(&after, "after", "", "`ID` of the last event already seen")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on showing what happens")
	return cmd
}

// settled is how old an event must be before no older one can appear anymore: a
// transaction that writes one under an older id may still be under way.
const settled = 30 * time.Second

// eventReader reads every event once.
type eventReader struct {
	cl    *client
	after string               // everything up to it has been read
	seen  map[string]time.Time // what was read after it
}

func (r *eventReader) read(ctx context.Context, show func(api.Event) error) error {
	for after := r.after; ; {
		page, err := ask[api.List[api.Event]](ctx, r.cl, http.MethodGet, "/v1/events?limit=200&after="+url.QueryEscape(after), nil)
		if err != nil {
			return err
		}
		for _, e := range page.Items {
			if _, again := r.seen[string(e.ID)]; again {
				continue
			}
			r.seen[string(e.ID)] = e.At
			if err := show(e); err != nil {
				return err
			}
		}
		if after = page.Next; after == "" {
			r.settle()
			return nil
		}
	}
}

// settle moves on past what is old enough.
func (r *eventReader) settle() {
	for _, id := range slices.Sorted(maps.Keys(r.seen)) {
		if time.Since(r.seen[id]) < settled {
			return
		}
		r.after = id
		delete(r.seen, id)
	}
}

func (c *cli) writeEvent(e api.Event) error {
	if c.json {
		return json.NewEncoder(c.out).Encode(e)
	}
	about := []string{}
	for _, id := range []string{string(e.DomainID), string(e.MessageID), string(e.DeliveryID)} {
		if id != "" {
			about = append(about, id)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Data)) {
		about = append(about, fmt.Sprintf("%s=%v", name, e.Data[name]))
	}
	c.say("%s  %-20s  %s", when(e.At), e.Kind, printable(strings.Join(about, " ")))
	return nil
}
