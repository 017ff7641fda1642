package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/myodai/myodai/internal/access"
)

func (c *cli) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the service",
		Long: `Run the service until it is told to stop by SIGINT or SIGTERM; then it ends what it
has begun, within 30 seconds. A second signal ends it at once, which loses nothing.

The first start makes the database, the master key and the operator's key, all in
the data directory. Every setting can stand in the configuration file (key_file),
in the environment (MYODAI_KEY_FILE) or here (--key-file); later ones win.`,
		Example: `  myodai serve --zone mail.example.com --addresses 203.0.113.10
  myodai serve --config /etc/myodai.yaml
  MYODAI_DATABASE=postgres://myodai@db/myodai myodai serve --config /etc/myodai.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := c.loadConfig(cmd)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // from the first signal on, the next has its usual effect
			s, err := newServer(cfg, cfg.newLog(c.err))
			if err != nil {
				return crowded(cfg.Data, err)
			}
			addProcessor()
			go tendMemory(ctx)
			return s.Run(ctx)
		},
	}
	addSettings(cmd)
	return cmd
}

func (c *cli) migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database up to date without serving",
		Long: `Bring the database up to date and end. "myodai serve" does the same when it starts,
so this is for those who want to see it done before.`,
		Example: `  myodai migrate --database postgres://myodai@db/myodai`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, applied, err := c.openAlone(cmd)
			if err != nil {
				return err
			}
			defer s.Close()
			if c.json {
				return c.writeJSON(map[string]any{"applied": append([]string{}, applied...)})
			}
			if len(applied) == 0 {
				c.say("The database is up to date.")
			}
			for _, step := range applied {
				c.say("%s", step)
			}
			return nil
		},
	}
	addSettings(cmd)
	return cmd
}

// openAlone opens the database for a command that needs nothing else.
func (c *cli) openAlone(cmd *cobra.Command) (*server, []string, error) {
	cfg, _, err := c.loadConfig(cmd)
	if err != nil {
		return nil, nil, err
	}
	s := &server{cfg: cfg, log: cfg.newLog(c.err)}
	_, applied, err := s.openStore(cmd.Context())
	if err != nil {
		s.Close()
		return nil, nil, crowded(cfg.Data, err)
	}
	s.access = access.New(access.Options{Store: s.store, People: s.store, Random: rand.Reader, BaseURL: cfg.BaseURL, Platform: cfg.ServiceName})
	return s, applied, nil
}

func (c *cli) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Show the configuration, and what is wrong with it",
		Long: `Show every setting, its value and where it comes from, in the form of the
configuration file. Passwords are not shown. What is wrong goes to standard error,
and the exit status is 64 then.`,
		Example: `  myodai config --config /etc/myodai.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, from, err := c.loadConfig(cmd)
			if err != nil {
				return err
			}
			values := map[string]string{}
			for _, s := range cfg.settings() {
				values[s.key] = s.masked()
				if !c.json {
					where := from[s.key]
					if where == "" {
						where = fromDefault
					}
					c.say("%s: %q # %s", s.key, s.masked(), where)
				}
			}
			if c.json {
				if err := c.writeJSON(values); err != nil {
					return err
				}
			}
			if err := cfg.validate(); err != nil {
				return usageError{err}
			}
			return nil
		},
	}
	addSettings(cmd)
	return cmd
}

// version is the version of this program and of its source.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				v += "-" + s.Value[:12]
			}
		}
	}
	return v
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version of this program", Example: `  myodai version --json`,
		RunE: func(*cobra.Command, []string) error {
			if c.json {
				return c.writeJSON(map[string]string{"version": version()})
			}
			c.say("myodai %s", version())
			return nil
		},
	}
}

func (c *cli) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write a manual page for every command into a directory", Args: cobra.ExactArgs(1),
		Example: `  myodai man /usr/local/share/man/man1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := filepath.Clean(args[0])
			header := &doc.GenManHeader{Title: "MYODAI", Section: "1", Source: "Myodai " + version()}
			if err := doc.GenManTree(cmd.Root(), header, dir); err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			return nil
		},
	}
}
