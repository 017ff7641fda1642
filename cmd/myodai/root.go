package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
)

// cli is one run of the command line, with everything it may touch.
type cli struct {
	in      io.Reader
	out     io.Writer
	err     io.Writer
	environ []string

	config string // path of the configuration file
	server string // URL of the API
	key    string
	json   bool
}

// run carries out a command line and returns the exit status.
func run(ctx context.Context, c *cli, args []string) int {
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	err := root.ExecuteContext(ctx)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			_, _ = fmt.Fprintf(c.err, "myodai: %s\n", printable(strings.TrimSpace(line)))
		}
	}
	return exitStatus(err)
}

const rootHelp = `Myodai sends e-mail in your customers' own names.

"myodai serve" is the service. The other commands run it and use it over its API,
at --server or MYODAI_SERVER, with the key in --key or MYODAI_KEY. On the machine
of the service the commands of the platform operator find the operator's key in
the data directory by themselves.

Exit status: 0 done; 1 refused, or it did not come true; 64 the command line or
the configuration means nothing; 69 the service cannot be reached or is busy;
70 something is broken.`

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use: "myodai", Short: "Send e-mail in your customers' own names", Long: rootHelp,
		Example: `  myodai serve --zone mail.example.com --addresses 203.0.113.10
  myodai tenant add Acme
  myodai domain add acme.example
  myodai domain check acme.example
  echo Hello | myodai send --from sales@acme.example --to you@example.net --subject Hi`,
		SilenceUsage: true, SilenceErrors: true,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&c.config, "config", "", "configuration `FILE` in YAML (MYODAI_CONFIG)")
	flags.String("data", defaultConfig().Data, "data `DIR` of the service (MYODAI_DATA)")
	flags.StringVar(&c.server, "server", "", "`URL` of the API (MYODAI_SERVER; default http://127.0.0.1:8025)")
	flags.StringVar(&c.key, "key", "", "`KEY` for the API; others can see it here, so prefer MYODAI_KEY")
	flags.BoolVar(&c.json, "json", false, "write JSON, for programs")
	root.AddCommand(
		c.serveCommand(), c.demoCommand(), c.migrateCommand(), c.configCommand(), c.setupLinkCommand(), c.versionCommand(), c.manCommand(),
		c.checkCommand(), c.dmarcCommand(),
		c.tenantCommand(), c.memberCommand(), c.trailCommand(), c.credentialCommand(), c.policyCommand(), c.senderCommand(), c.routeCommand(), c.domainCommand(), c.trackingCommand(), c.keyCommand(),
		c.sendCommand(), c.messageCommand(), c.queueCommand(), c.suppressionCommand(), c.auditCommand(), c.eventsCommand(), c.webhookCommand(),
	)
	root.AddCommand(c.clicksCommand(), c.shapingCommand(), c.connectCommand())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%v; see %s --help", err, cmd.CommandPath())
	})
	strict(root)
	return root
}

// strict makes every misuse of a command a usage error, of commands that only
// have subcommands, too.
func strict(cmd *cobra.Command) {
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if check == nil && len(args) > 0 {
			return usage("%s does not know %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
		}
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return usage("%v; see %s --help", err, cmd.CommandPath())
		}
		return nil
	}
	if !cmd.Runnable() {
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
}

// getenv is a variable of the environment.
func (c *cli) getenv(name string) string {
	for _, v := range c.environ {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// loadConfig reads the configuration with the flags of a command over it.
func (c *cli) loadConfig(cmd *cobra.Command) (config, map[string]source, error) {
	defaults := defaultConfig()
	given := map[string]string{}
	for _, s := range defaults.settings() {
		if f := cmd.Flags().Lookup(s.flag()); f != nil && f.Changed {
			given[s.key] = f.Value.String()
		}
	}
	path := c.config
	if path == "" {
		path = c.getenv(environmentPrefix + "CONFIG")
	}
	return loadConfig(path, c.environ, given)
}

// addSettings gives a command a flag for every setting.
func addSettings(cmd *cobra.Command) {
	c := defaultConfig()
	for _, s := range c.settings() {
		if s.key == "data" {
			continue // every command has it
		}
		if s.kind == "BOOL" {
			cmd.Flags().Bool(s.flag(), false, s.help)
			continue
		}
		cmd.Flags().String(s.flag(), s.write(), "`"+s.kind+"` — "+s.help)
	}
}

// dataDir is the data directory, as far as a configuration that need not be
// whole says so.
func (c *cli) dataDir(cmd *cobra.Command) string {
	cfg, _, _ := c.loadConfig(cmd) // what is wrong with it is for the service to say
	return cfg.Data
}

// say writes a line for people.
func (c *cli) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.out, format+"\n", args...) // nobody is listening if this fails
}

// wait pauses, or ends with ctx.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// refused is a result that is not what was asked for.
func refused(format string, args ...any) error {
	return myodai.Refuse(myodai.CodeConflict, "", format, args...)
}
