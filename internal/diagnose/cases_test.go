package diagnose

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

var (
	update = flag.Bool("update", false, "write what the tests compare with anew, and record cases that are new or changed")
	anew   = flag.Bool("record", false, "with -update, record every case anew")
)

// caseTime is when every recorded case happened.
var caseTime = time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)

// recorded is what a case keeps: the observation first, then earlier ones,
// newest first, and those from elsewhere.
type recorded struct {
	Text      string // of the case, by its hash
	Now       myodai.Observation
	Earlier   []myodai.Observation
	Elsewhere []myodai.Observation
}

// folders lists the cases. What a folder is named for is what must be primary,
// up to two hyphens: "record-missing--all" is another case of the same.
func folders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join("testdata", e.Name(), "zone.txt")); err == nil {
			list = append(list, e.Name())
		}
	}
	return list
}

// TestCases judges what DNS said in each case once more. With -update every case
// is first asked anew of real servers.
func TestCases(t *testing.T) {
	for _, name := range folders(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := readCase(t, name)
			if *update && (*anew || c.changed(t)) {
				c.record(t)
			}
			r := c.load(t)
			findings := Domain(c.input(r))
			got := show(findings)
			golden := filepath.Join("testdata", name, "findings.txt")
			if *update {
				writeFile(t, golden, []byte(got))
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("findings:\n%s\nwant:\n%s", got, want)
			}
			c.check(t, findings)
			if again := show(Domain(c.input(r))); again != got {
				t.Errorf("judged again:\n%s\nbefore:\n%s", again, got) // maps have no order
			}
		})
	}
}

// TestCasesLive asks real servers for each case, and must find the same cause.
func TestCasesLive(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many servers")
	}
	for _, name := range folders(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := readCase(t, name)
			c.check(t, Domain(c.input(c.probe(t))))
		})
	}
}

// check looks for the cause the case is named for.
func (c *dnsCase) check(t *testing.T, findings []myodai.Finding) {
	t.Helper()
	primary := 0
	for _, f := range findings {
		if f.Primary {
			primary++
		}
		if _, ok := About(f.Cause); !ok {
			t.Errorf("%s is not in the list of causes", f.Cause)
		}
	}
	has := slices.ContainsFunc(findings, func(f myodai.Finding) bool { return f.Cause == c.cause })
	switch {
	case c.cause == "none":
		if len(findings) != 0 {
			t.Errorf("findings of a set that is right:\n%s", show(findings))
		}
	case primary != 1:
		t.Errorf("%d primary findings:\n%s", primary, show(findings))
	case c.beside && !has, !c.beside && findings[0].Cause != c.cause:
		t.Errorf("want %s:\n%s", c.cause, show(findings))
	}
}

// TestEveryCauseHasACase wants every cause of the list shown by a recorded case.
func TestEveryCauseHasACase(t *testing.T) {
	cases := map[myodai.Cause]bool{}
	for _, name := range folders(t) {
		cases[causeOf(name)] = true
	}
	var without []string
	for _, info := range Causes() {
		if !cases[info.Cause] {
			without = append(without, string(info.Cause))
		}
	}
	if len(without) > 0 {
		t.Errorf("%d causes without a case:\n%s", len(without), strings.Join(without, "\n"))
	}
	if len(Causes()) != 162 {
		t.Errorf("%d causes, want 162: ids are public API", len(Causes()))
	}
}

func causeOf(folder string) myodai.Cause {
	cause, _, _ := strings.Cut(folder, "--")
	return myodai.Cause(cause)
}

// input is what the case is judged by.
func (c *dnsCase) input(r recorded) Input {
	known := c.known
	known.Elsewhere = r.Elsewhere
	return Input{Plan: c.plan, Observation: c.beyond.add(r.Now), Earlier: r.Earlier, Known: known, Now: caseTime.Add(time.Second)}
}

// show writes findings down, the primary one first.
func show(findings []myodai.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s", f.Severity, f.Cause)
		if f.Record != "" {
			fmt.Fprintf(&b, " %s (%s)", f.Record, f.Purpose)
		}
		b.WriteString("\n")
		for _, line := range []struct{ name, value string }{{"found", f.Found}, {"expected", f.Expected}} {
			if line.value != "" {
				fmt.Fprintf(&b, "\t%s: %s\n", line.name, strings.ReplaceAll(line.value, "\n", "\n\t\t"))
			}
		}
		if !f.VisibleAt.IsZero() {
			fmt.Fprintf(&b, "\tuntil: %s\n", f.VisibleAt.UTC().Format(time.RFC3339))
		}
	}
	return b.String()
}

// load reads what was recorded. It is packed: a look at a domain with a missing
// record is hundreds of answers.
func (c *dnsCase) load(t *testing.T) recorded {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", c.name, "observation.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	unpack, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpack)
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// changed reports whether the case differs from the one that was recorded.
func (c *dnsCase) changed(t *testing.T) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join("testdata", c.name, "observation.json.gz"))
	return err != nil || c.load(t).Text != c.hash
}

// record asks for the case and keeps the answers.
func (c *dnsCase) record(t *testing.T) {
	t.Helper()
	r := c.probe(t)
	r.Text = c.hash
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	pack, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // a level there is
	_, _ = pack.Write(data)                                  // into memory
	_ = pack.Close()
	writeFile(t, filepath.Join("testdata", c.name, "observation.json.gz"), b.Bytes())
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// readPlan reads a plan by its name in testdata/_plans.
func readPlan(t *testing.T, name string) plan.Plan {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "_plans", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("{key1}", planned, "{key2}", other).Replace(string(data))
	var p plan.Plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return p
}
