package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
)

// announceSetup tells who reads the log where the first platform operator is
// made, as long as there is none.
func (s *server) announceSetup(ctx context.Context) {
	link, err := s.access.SetupLink(ctx)
	if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Code == myodai.CodeConflict {
		return
	}
	if err != nil {
		s.log.Error("make a set-up link", "err", err)
		return
	}
	s.log.Info("nobody can sign in yet; open this page within a day and become the platform operator", "page", link)
}

func (c *cli) setupLinkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "setup-link", Short: "Show the page at which the first platform operator is made",
		Long: `Show the address of the page at which the first platform operator chooses a
password. It works for a day and once. This goes to the database itself, so it
needs the configuration of the service. When there is an operator already it is
refused; operators invite others with "myodai member invite --operator".`,
		Example: `  myodai setup-link --config /etc/myodai.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, _, err := c.openAlone(cmd)
			if err != nil {
				return err
			}
			defer s.Close()
			link, err := s.access.SetupLink(cmd.Context())
			if err != nil {
				return err
			}
			if c.json {
				return c.writeJSON(map[string]string{"page": link})
			}
			c.say("%s", link)
			return nil
		},
	}
	addSettings(cmd)
	return cmd
}
