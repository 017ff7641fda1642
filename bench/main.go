package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// contest is what is measured.
type contest struct {
	dir      string // for everything that is written; removed at the end
	binary   string // Myodai, built
	fast     string // the same with libcrypto
	sessions int
	messages int // per run
	sizes    []int
	rounds   int
	quiet    int // messages per second, below saturation
	only     string
}

func main() {
	p := contest{}
	sizes := flag.String("sizes", "10,50", "sizes of messages, in KB")
	flag.IntVar(&p.sessions, "sessions", 20, "submission sessions at a time")
	flag.IntVar(&p.messages, "messages", 8000, "messages of each run at 10 KB")
	flag.IntVar(&p.quiet, "quiet", 100, "messages per second of the run below saturation")
	flag.IntVar(&p.rounds, "rounds", 3, "rounds; medians are shown")
	flag.StringVar(&p.only, "only", "", "measure only peers whose name contains this")
	flag.StringVar(&p.binary, "binary", "", "the program to measure; built from here when empty")
	queued := flag.Int("queued", 0, "measure nothing but memory, with so many recipients queued")
	flag.Parse()
	p.quiet = max(p.quiet, 1)
	if *queued > 0 {
		if err := p.queued(*queued); err != nil {
			fail(err)
		}
		return
	}
	for part := range strings.SplitSeq(*sizes, ",") {
		kilobytes := 0
		if _, err := fmt.Sscan(part, &kilobytes); err != nil || kilobytes < 1 {
			fail(fmt.Errorf("sizes: %q is not a number of KB", part))
		}
		p.sizes = append(p.sizes, kilobytes*1000)
	}
	if err := p.run(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// run measures everything and prints the tables.
func (p contest) run() (err error) {
	if p.dir, err = os.MkdirTemp("", "myodai-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(p.dir) }()
	if err := os.Chmod(p.dir, 0o755); err != nil { // #nosec G302 -- Postfix runs as others
		return err
	}
	if p.binary == "" {
		p.binary, p.fast = filepath.Join(p.dir, "myodai"), filepath.Join(p.dir, "myodai-fast")
		if err := errors.Join(build(p.binary), build(p.fast, "-tags", "libcrypto")); err != nil {
			return err
		}
	}
	s, err := startSink()
	if err != nil {
		return err
	}
	defer s.close()
	limits, err := p.limits(s)
	if err != nil {
		return err
	}
	results := map[int][]result{}
	for _, size := range p.sizes {
		if results[size], err = p.takeTurns(s, size); err != nil {
			return err
		}
	}
	show(os.Stdout, p, limits, results)
	return nil
}

// takeTurns measures all contestants one after the other, round by round, so that
// what else the machine is given to do meets all of them, and takes the medians.
func (p contest) takeTurns(s *sink, size int) (list []result, err error) {
	all := p.contestants()
	rounds := make([][]result, len(all))
	for range p.rounds {
		for i, c := range all {
			got, err := p.measure(c, s, size)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			rounds[i] = append(rounds[i], got)
		}
	}
	for i, c := range all {
		r := medians(rounds[i])
		r.name = c.name
		list = append(list, r)
	}
	return list, nil
}

// build makes the program from here, with further flags.
func build(program string, flags ...string) error {
	args := append(append([]string{"build", "-trimpath", "-o", program}, flags...), "./cmd/myodai")
	cmd := exec.Command("go", args...) // #nosec G204 -- our own program
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

// contestant is a peer that can be started.
type contestant struct {
	name  string
	start func(p contest, dir string, s *sink) (*peer, error)
}

// How Myodai signs, as environment: once, like its peers, or with the platform's key
// as well, which is the default; and without AVX-512 IFMA, which not every processor
// has.
const (
	once     = "MYODAI_COSIGN=none"
	cosigned = "MYODAI_COSIGN=ed25519"
	lanesOff = "GODEBUG=cpu.avx512ifma=off"
)

func (p contest) contestants() []contestant {
	postgres := os.Getenv("MYODAI_TEST_POSTGRES")
	var list []contestant
	add := func(name, program, postgres string, environ ...string) {
		if program != "" {
			list = append(list, contestant{name, func(_ contest, dir string, s *sink) (*peer, error) {
				return startMyodai(program, environ, dir, postgres, s)
			}})
		}
	}
	add("Myodai on SQLite", p.binary, "", once)
	add("Myodai on SQLite, co-signed", p.binary, "", cosigned)
	add("Myodai on SQLite, crypto/rsa", p.binary, "", once, lanesOff)
	add("Myodai on SQLite, libcrypto", p.fast, "", once, lanesOff)
	if postgres == "" {
		skip("Myodai on PostgreSQL", "MYODAI_TEST_POSTGRES names no server")
	} else {
		add("Myodai on PostgreSQL", p.binary, postgres, once)
		add("Myodai on PostgreSQL, crypto/rsa", p.binary, postgres, once, lanesOff)
	}
	for _, with := range []struct {
		name string
		milter
	}{{"Postfix + OpenDKIM", opendkim}, {"Postfix + Rspamd", rspamd}, {"Postfix, unsigned", milter{}}} {
		if find("postfix") == "" || with.milter.name != "" && find(with.milter.name) == "" || os.Geteuid() != 0 {
			skip(with.name, "it needs all of it installed, and root")
			continue
		}
		list = append(list, contestant{with.name, startPostfix(with.milter)})
	}
	return slices.DeleteFunc(list, func(c contestant) bool { return !strings.Contains(c.name, p.only) })
}

func skip(name, why string) { fmt.Fprintf(os.Stderr, "bench: %s skipped: %s\n", name, why) }

// find looks a program up where Debian puts servers, too.
func find(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	path, _ := exec.LookPath(filepath.Join("/usr/sbin", program))
	return path
}
