package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

func (c *cli) policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "policy", Short: "Show and set what is decided about sending",
		Long: `Show and set what the platform operator decides about sending: what must be proved of a
sender, which classes of mail there are, by which route each leaves, and what becomes of
mail whose From is not verified. A tenant's policy stands over the platform's, and that
over the defaults; each says only what differs.`,
		Example: `  myodai policy get
  myodai policy set verification=both addresses=one
  myodai policy set --tenant ten_… 'senders=example.com, shop@example.net'`,
	}
	cmd.AddCommand(c.policyGet(), c.policySet())
	return cmd
}

// policyPath is where the policy of a tenant is, or the platform's for "".
func policyPath(tenant string) string {
	if tenant == "" {
		return "/v1/policy"
	}
	return "/v1/tenants/" + segment(tenant) + "/policy"
}

func (c *cli) policyGet() *cobra.Command {
	tenant, asTenant := "", false
	cmd := &cobra.Command{
		Use: "get", Short: "Show the platform's policy, or that of a tenant", Args: cobra.NoArgs,
		Example: `  myodai policy get --tenant ten_…
  myodai policy get --mine`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key := operatorsKey
			if asTenant {
				if tenant != "" {
					return usage("--mine and --tenant: give one of them")
				}
				key = tenantsKey
			}
			cl, err := c.client(cmd, key)
			if err != nil {
				return err
			}
			p, err := ask[api.ShownPolicy](cmd.Context(), cl, http.MethodGet, policyPath(tenant), nil)
			if err != nil {
				return err
			}
			return c.showPolicy(p)
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "`ID` of a tenant")
	cmd.Flags().BoolVar(&asTenant, "mine", false, "what counts for the tenant whose key this is")
	return cmd
}

// showPolicy writes what counts, and marks what has been said here.
func (c *cli) showPolicy(p api.ShownPolicy) error {
	if c.json {
		return c.writeJSON(p)
	}
	text, err := json.MarshalIndent(p.Effective, "", "  ")
	if err != nil {
		return fmt.Errorf("show policy: %w", err)
	}
	set, err := json.Marshal(p.Set)
	if err != nil {
		return fmt.Errorf("show policy: %w", err)
	}
	c.say("What counts:")
	for line := range strings.Lines(string(text)) {
		c.say("%s", printable(strings.TrimRight(line, "\n")))
	}
	c.say("Set here: %s", printable(string(set)))
	return nil
}

func (c *cli) policySet() *cobra.Command {
	tenant, file := "", ""
	cmd := &cobra.Command{
		Use: "set [FIELD=VALUE]...", Short: "Change the platform's policy, or that of a tenant", Args: cobra.ArbitraryArgs,
		Long: `Change the fields that are named and leave the others as they are. A value is JSON, or
a text as it is; nothing behind the equals sign leaves the field to the layer below. With
--file a whole policy in JSON replaces what was set.`,
		Example: `  myodai policy set verification=either 'free_mail_allowed=["example.com"]'
  myodai policy set --tenant ten_… addresses=
  myodai policy set --file policy.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (file == "") == (len(args) == 0) {
				return usage("name fields to change, or give --file")
			}
			cl, err := c.client(cmd, operatorsKey)
			if err != nil {
				return err
			}
			var set json.RawMessage
			if file != "" {
				set, err = c.readFile(file)
			} else {
				var p api.ShownPolicy
				if p, err = ask[api.ShownPolicy](cmd.Context(), cl, http.MethodGet, policyPath(tenant), nil); err == nil {
					set, err = change(p.Set, args)
				}
			}
			if err != nil {
				return err
			}
			if !json.Valid(set) {
				return usage("%s is not JSON", file)
			}
			p, err := ask[api.ShownPolicy](cmd.Context(), cl, http.MethodPut, policyPath(tenant), set)
			if err != nil {
				return err
			}
			return c.showPolicy(p)
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "`ID` of a tenant")
	cmd.Flags().StringVar(&file, "file", "", "`FILE` with the whole policy; - is standard input")
	return cmd
}

// change puts fields into a policy and returns it as JSON; the service says
// whether it is one.
func change(p myodai.Policy, fields []string) (json.RawMessage, error) {
	said := map[string]json.RawMessage{}
	text, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(text, &said)
	}
	if err != nil {
		return nil, fmt.Errorf("change policy: %w", err)
	}
	for _, field := range fields {
		name, value, ok := strings.Cut(field, "=")
		switch {
		case !ok:
			return nil, usage("%q has no equals sign; write it as field=value", field)
		case value == "":
			delete(said, name)
		case bytes.ContainsAny([]byte(value[:1]), `[{"`) && json.Valid([]byte(value)):
			said[name] = json.RawMessage(value)
		default:
			quoted, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("change policy: %w", err)
			}
			said[name] = quoted
		}
	}
	return json.Marshal(said)
}
