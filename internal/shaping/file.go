package shaping

import (
	"bytes"
	_ "embed" // rules.yaml
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/myodai/myodai"
)

// DefaultText is the built-in default, as an operator's file would say it.
//
//go:embed rules.yaml
var DefaultText []byte

// Default is the built-in default.
func Default() *Rules {
	r, err := Parse(nil)
	if err != nil {
		panic("shaping: rules.yaml: " + err.Error()) // a test reads it
	}
	return r
}

// file is how rules are written. A field that is left out says nothing.
type file struct {
	Default   limitsText            `yaml:"default"`
	Smarthost limitsText            `yaml:"smarthost"`
	Dead      pauseText             `yaml:"dead"`
	Sites     map[string]siteText   `yaml:"sites"`
	Replies   []replyText           `yaml:"replies"`
	Sources   map[string]sourceText `yaml:"sources"`
	Pools     map[string][]string   `yaml:"pools"`
	WarmUps   map[string][]int      `yaml:"warm_ups"`
}

type limitsText struct {
	Connections int    `yaml:"connections"`
	Messages    int    `yaml:"messages"`
	Recipients  int    `yaml:"recipients"`
	Rate        string `yaml:"rate"`
	Chunking    *bool  `yaml:"chunking"`
}

type pauseText struct {
	First time.Duration `yaml:"for"`
	Most  time.Duration `yaml:"most"`
}

type siteText struct {
	Hosts      []string `yaml:"hosts"`
	limitsText `yaml:",inline"`
	Replies    []replyText `yaml:"replies"`
}

type replyText struct {
	Name      string   `yaml:"name"`
	Codes     []int    `yaml:"codes"`
	Enhanced  []string `yaml:"enhanced"`
	Text      string   `yaml:"text"`
	Do        Act      `yaml:"do"`
	pauseText `yaml:",inline"`
}

type sourceText struct {
	Hello  string   `yaml:"hello"`
	IPv4   string   `yaml:"ipv4"`
	IPv6   string   `yaml:"ipv6"`
	WarmUp string   `yaml:"warm_up"`
	Since  dateText `yaml:"since"`
}

// dateText is a day, as 2026-11-30.
type dateText struct{ time.Time }

// UnmarshalYAML implements yaml.Unmarshaler.
func (d *dateText) UnmarshalYAML(n *yaml.Node) (err error) {
	if d.Time, err = time.Parse(time.DateOnly, n.Value); err != nil {
		return fmt.Errorf("line %d: %.40q is not a day; write it like 2026-11-30", n.Line, n.Value)
	}
	return nil
}

// Parse reads an operator's file and lays it over the default: a site with a
// name that the default has, too, takes its place, other sites come before the
// default's, and so do replies. An error says what to mend.
func Parse(text []byte) (*Rules, error) {
	below, err := read(DefaultText)
	if err != nil {
		return nil, err
	}
	f, err := read(text)
	if err != nil {
		return nil, err
	}
	p := parser{rules: &Rules{
		Sources: map[string]Source{}, Pools: map[string][]Share{}, WarmUps: map[string][]int{},
	}}
	p.read(f, below)
	return p.rules, errors.Join(p.wrong...)
}

func read(text []byte) (f file, err error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return f, fmt.Errorf("read shaping: %w", err)
	}
	return f, nil
}

// over is the limits below with what l says put over them.
func (l limitsText) over(below limitsText) limitsText {
	if l.Connections == 0 {
		l.Connections = below.Connections
	}
	if l.Messages == 0 {
		l.Messages = below.Messages
	}
	if l.Recipients == 0 {
		l.Recipients = below.Recipients
	}
	if l.Rate == "" {
		l.Rate = below.Rate
	}
	if l.Chunking == nil {
		l.Chunking = below.Chunking
	}
	return l
}

func (t pauseText) over(below pauseText) Pause {
	p := Pause(t)
	if p.First == 0 {
		p.First = below.First
	}
	if p.Most == 0 {
		p.Most = max(below.Most, p.First)
	}
	return p
}

// address reads a local address of one family; "" for none.
func address(text string, four bool) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Is4() != four || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() {
		return netip.Addr{}, fmt.Errorf("%.60q is not an address of this machine", text)
	}
	return a, nil
}

// hosts reads names, under which a site's hosts are.
func hosts(list []string) (names []myodai.Name, err error) {
	for _, text := range list {
		name, err := myodai.ParseName(text)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}
