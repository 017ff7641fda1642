package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/shaping"
)

// shapingFile is the operator's rules of how politely mail leaves, read again when
// they change.
type shapingFile struct {
	path string // "": the built-in default
	log  *slog.Logger

	mu    sync.Mutex
	text  []byte // as last read, whether it was right or not
	rules *shaping.Rules
}

// openShaping reads the rules for the first time.
func openShaping(cfg config, log *slog.Logger) (*shapingFile, error) {
	f := &shapingFile{path: cfg.Shaping, log: log}
	if f.path == "" {
		f.rules = shaping.Default()
		return f, nil
	}
	text, rules, err := readShaping(f.path)
	if err != nil {
		return nil, usage("shaping: %v", err)
	}
	f.text, f.rules = text, rules
	for _, name := range unlisted(cfg, rules) {
		log.Warn("a source leaves from an address that the setting addresses does not have; unless it is translated, SPF does not allow it", "source", name)
	}
	return f, nil
}

// maxShaping bounds a file that is read every second.
const maxShaping = 1 << 20

func readShaping(path string) ([]byte, *shaping.Rules, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, nil, err
	}
	if len(text) > maxShaping {
		return text, nil, fmt.Errorf("%s has more than 1 MiB", path)
	}
	rules, err := shaping.Parse(text)
	return text, rules, err
}

// current is the rules as they are now. A file that is wrong is told of once, and
// what it said before counts on.
func (f *shapingFile) current() *shaping.Rules {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.path == "" {
		return f.rules
	}
	text, rules, err := readShaping(f.path)
	if bytes.Equal(text, f.text) {
		return f.rules
	}
	f.text = text
	if err != nil {
		f.log.Error("the shaping cannot be read; what it said before counts on", "file", f.path, "err", err)
		return f.rules
	}
	f.log.Info("the shaping has changed", "file", f.path)
	f.rules = rules
	return rules
}

// unlisted are the sources with an address that SPF does not name.
func unlisted(cfg config, rules *shaping.Rules) (names []string) {
	for name, s := range rules.Sources {
		if s.IPv4.IsValid() && !slices.Contains(cfg.Addresses, s.IPv4) || s.IPv6.IsValid() && !slices.Contains(cfg.Addresses, s.IPv6) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (c *cli) shapingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "shaping", Short: "Show and check the rules of how politely mail leaves",
		Long: `Show and check the rules of how politely mail leaves: connections and rates for each
site, what its replies ask of us, source addresses, pools of them, and their warm-up.
The service reads the file that the setting "shaping" names, and reads it again when it
changes.`,
		Example: `  myodai shaping default > /etc/myodai/shaping.yaml
  myodai shaping check /etc/myodai/shaping.yaml
  myodai queue sites`,
	}
	cmd.AddCommand(&cobra.Command{
		Use: "default", Short: "Write the built-in default, with its comments", Args: cobra.NoArgs, Example: `  myodai shaping default`,
		RunE: func(*cobra.Command, []string) error {
			if c.json {
				return c.writeJSON(map[string]string{"text": string(shaping.DefaultText)})
			}
			c.say("%s", strings.TrimSuffix(string(shaping.DefaultText), "\n"))
			return nil
		},
	}, &cobra.Command{
		Use: "check FILE", Short: "Say what is wrong with a file, and what it comes to", Args: cobra.ExactArgs(1),
		Example: `  myodai shaping check /etc/myodai/shaping.yaml`,
		RunE: func(_ *cobra.Command, args []string) error {
			_, rules, err := readShaping(args[0])
			if err != nil {
				return usage("%v", err)
			}
			return c.showShaping(rules)
		},
	})
	return cmd
}

// limitsLine is what one kind of site is given.
type limitsLine struct {
	Site        string  `json:"site"`
	Hosts       string  `json:"hosts"`
	Connections int     `json:"connections"`
	Messages    int     `json:"messages"`
	Recipients  int     `json:"recipients"` // of one transaction
	Rate        float64 `json:"rate"`       // messages per second; 0 for no limit
	Chunking    bool    `json:"chunking"`   // where it is offered
}

func (c *cli) showShaping(rules *shaping.Rules) error {
	line := func(site, hosts string, l shaping.Limits) limitsLine {
		return limitsLine{site, hosts, l.Connections, l.Messages, l.Recipients, l.Rate, !l.NoChunking}
	}
	var list []limitsLine
	for _, s := range rules.Sites {
		var hosts []string
		for _, host := range s.Hosts {
			hosts = append(hosts, string(host))
		}
		list = append(list, line(s.Name, strings.Join(hosts, " "), s.Limits))
	}
	list = append(list, line("default", "", rules.Default))
	return writeList(c, list, false, "", []string{"SITE", "CONNECTIONS", "MESSAGES", "RECIPIENTS", "RATE", "CHUNKING", "HOSTS"}, func(l limitsLine) []string {
		return []string{l.Site, fmt.Sprint(l.Connections), fmt.Sprint(l.Messages), fmt.Sprint(l.Recipients), showRate(l.Rate), map[bool]string{true: "yes", false: "no"}[l.Chunking], l.Hosts}
	})
}

// showRate is a rate as people read it.
func showRate(rate float64) string {
	switch {
	case rate == 0:
		return "no limit"
	case rate >= 1:
		return fmt.Sprintf("%.4g/s", rate)
	case rate >= 1.0/60:
		return fmt.Sprintf("%.4g/m", rate*60)
	}
	return fmt.Sprintf("%.4g/h", rate*3600)
}
