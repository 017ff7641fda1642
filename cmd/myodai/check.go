package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

// checkPause is how long domain check waits between looks; the service allows
// one in ten seconds.
const checkPause = 10 * time.Second

func (c *cli) domainCheck() *cobra.Command {
	var patience time.Duration
	cmd := &cobra.Command{
		Use: "check DOMAIN", Short: "Ask DNS about a domain until it is verified", Args: cobra.ExactArgs(1),
		Long: `Ask the domain's own name servers for its records, show what they say, and ask again
until all required records are there. The service goes on looking when this ends.`,
		Example: `  myodai domain check acme.example
  myodai domain check acme.example --wait 0    # look once`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client(cmd, tenantsKey)
			if err != nil {
				return err
			}
			id, err := domainID(cmd.Context(), cl, args[0])
			if err != nil {
				return err
			}
			return c.checkUntil(cmd.Context(), cl, id, args[0], time.Now().Add(patience))
		},
	}
	cmd.Flags().DurationVar(&patience, "wait", time.Hour, "how long to go on asking; 0 asks once")
	return cmd
}

// checkUntil checks until the domain is verified and everything is there, or
// the deadline has passed.
func (c *cli) checkUntil(ctx context.Context, cl *client, id, name string, deadline time.Time) error {
	shown := map[string]myodai.RecordStatus{}
	for {
		result, err := checkOnce(ctx, cl, id)
		if err != nil {
			return err
		}
		missing := c.progress(result, shown)
		done := result.Verdict == myodai.VerdictProved && result.State == myodai.DomainVerified
		last := done || time.Now().Add(checkPause).After(deadline)
		switch {
		case last && c.json:
			if err := c.writeJSON(result); err != nil {
				return err
			}
		case done:
			c.say("%s is verified.", printable(name))
		}
		if done {
			return nil
		}
		if last {
			return refused("%s is %s: %d of its required records are not as planned, or could not be found out",
				printable(name), result.State, missing)
		}
		if !c.json {
			c.say("Looking again in %s; the service goes on looking if you stop this.", checkPause)
		}
		if err := wait(ctx, checkPause); err != nil {
			return err
		}
	}
}

// checkOnce asks for one check, and waits for its turn when that is too often.
func checkOnce(ctx context.Context, cl *client, id string) (api.CheckResult, error) {
	for {
		result, err := ask[api.CheckResult](ctx, cl, http.MethodPost, "/v1/domains/"+id+"/check", nil)
		limit, ok := errors.AsType[*answeredError](err)
		if !ok || limit.problem.Status != http.StatusTooManyRequests {
			return result, err
		}
		if err := wait(ctx, max(limit.after, time.Second)); err != nil {
			return result, err
		}
	}
}

// progress writes what is new since the last look and counts the required
// records that are not as planned.
func (c *cli) progress(result api.CheckResult, shown map[string]myodai.RecordStatus) (missing int) {
	for _, r := range result.Records {
		if r.Required && r.Status != myodai.StatusAsPlanned {
			missing++
		}
		key := r.Name + " " + string(r.Type)
		if c.json || shown[key] == r.Status {
			continue
		}
		shown[key] = r.Status
		c.say("%-10s  %-5s %s", r.Status, r.Type, printable(r.Name))
		if r.Status != myodai.StatusAsPlanned {
			c.say("            %s", printable(r.Reason))
			for _, found := range r.Found {
				c.say("            found: %s", printable(found))
			}
		}
	}
	return missing
}
