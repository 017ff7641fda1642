package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dkim"
	plans "github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/resolver"
)

// checkedDomains are as many as a large platform has; a check of the next one
// finds nothing of it in any memory.
const checkedDomains = 20_000

// BenchmarkChecks asks about healthy domains at an NSD on loopback and judges
// the answers, and says how near that comes to bare queries at the same server:
// those of the same client, which asks as much of each domain and judges nothing,
// and those of another client that does nothing but write and read, with one query
// per socket. Each by the clock, and by the CPU time of both sides, which
// neighbors of a busy machine disturb less. They take turns, so that what
// disturbs one disturbs the others. With -benchtime 20000x every domain is
// checked once.
func BenchmarkChecks(b *testing.B) {
	const turns = 5
	c := startChecks(b)
	c.run(500)
	before := heap()
	var bare, same, checks effort
	b.ReportAllocs()
	for turn := range turns {
		b.StopTimer()
		bare.add(func() int64 { return bareQueries(b, c.address, time.Second) })
		same.add(func() int64 { return c.ask(b.N/turns/4 + 50) })
		b.StartTimer()
		checks.add(func() int64 { return c.run(b.N*(turn+1)/turns - b.N*turn/turns) })
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/checks.elapsed.Seconds(), "domains/s")
	b.ReportMetric(checks.queries/float64(b.N), "queries/domain")
	b.ReportMetric(bare.queries/bare.elapsed.Seconds(), "bare-queries/s")
	for name, other := range map[string]effort{"bare": bare, "same-client": same} {
		b.ReportMetric(100*checks.queries/checks.elapsed.Seconds()/(other.queries/other.elapsed.Seconds()), "%-of-"+name)
		b.ReportMetric(100*(other.cpu/other.queries)/(checks.cpu/checks.queries), "%-of-"+name+"-by-CPU")
	}
	b.ReportMetric(float64(heap()-before)/(1<<20), "MiB-growth")
}

// TestMemoryOfChecksIsFlat checks a tenth of the domains: nothing of a check
// stays when it is over.
func TestMemoryOfChecksIsFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("checks 2,000 domains")
	}
	c := startChecks(t)
	c.run(500)
	before := heap()
	c.run(checkedDomains / 10)
	if growth := heap() - before; growth > 1<<20 {
		t.Errorf("the heap grew by %d KiB", growth>>10)
	}
}

// effort is what queries took.
type effort struct {
	queries float64
	elapsed time.Duration
	cpu     float64 // seconds, of client and server
}

func (e *effort) add(run func() (queries int64)) {
	began, cpu := time.Now(), cpuSeconds([]int{os.Getpid()})
	e.queries += float64(run())
	e.elapsed += time.Since(began)
	e.cpu += cpuSeconds([]int{os.Getpid()}) - cpu
}

// checks is a client and its server.
type checks struct {
	tb      testing.TB
	address string
	prober  *resolver.Prober
	next    atomic.Int64
}

func startChecks(tb testing.TB) *checks {
	c := &checks{tb: tb, address: startNSD(tb, map[string]string{"bench.example": benchZone(), "plat.example": platZone(tb)})}
	await(tb, c.address, fmt.Sprintf("_dmarc.d%d.bench.example.", checkedDomains-1), dns.TypeTXT)
	c.prober = resolver.NewProber(resolver.Options{Server: c.address, Deadline: time.Minute})
	tb.Cleanup(c.prober.Close)
	return c
}

// run checks the next n domains and returns how many queries that took.
func (c *checks) run(n int) (queries int64) { return c.each(n, c.check) }

// ask asks about the next n domains and returns how many queries that took.
func (c *checks) ask(n int) (queries int64) { return c.each(n, c.bare) }

// each does something with the next n domains, many at a time.
func (c *checks) each(n int, do func(n int64) (queries int)) (queries int64) {
	var sum, left atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	for range atOnce() {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				sum.Add(int64(do(c.next.Add(1) % checkedDomains)))
			}
		})
	}
	all.Wait()
	return sum.Load()
}

// atOnce is how many checks, or bare queries, are under way at a time.
func atOnce() int { return 16 * runtime.GOMAXPROCS(0) }

// check is one check as the service makes it; it returns how many queries it
// took.
func (c *checks) check(n int64) int {
	p := planFor(n)
	in := diagnose.Input{Plan: p, Now: time.Now()}
	var seen diagnose.Case
	in.Observation = c.prober.Probe(c.tb.Context(), p.Domain, func(o myodai.Observation) []myodai.Question {
		return seen.Questions(diagnose.Input{Plan: p, Observation: o, Now: in.Now})
	})
	records, findings := seen.Records(in), seen.Domain(in)
	if myodai.Judge(records) != myodai.VerdictProved || len(findings) > 0 {
		c.tb.Errorf("%s: %s, %v, %v", p.Domain, myodai.Judge(records), findings, failures(in.Observation))
	}
	return len(in.Observation.Answers)
}

// bare asks what a check asks first, and looks at no answer.
func (c *checks) bare(n int64) int {
	p := planFor(n)
	asked := false
	seen := c.prober.Probe(c.tb.Context(), p.Domain, func(o myodai.Observation) []myodai.Question {
		if asked {
			return nil
		}
		asked = true
		return firstQuestions(p.Domain)
	})
	return len(seen.Answers)
}

// firstQuestions are those of a healthy domain's first round, written down.
func firstQuestions(domain myodai.Name) []myodai.Question {
	var list []myodai.Question
	for name, types := range map[myodai.Name][]myodai.RecordType{
		domain:                        {myodai.TypeSOA, myodai.TypeNS, myodai.TypeTXT, myodai.TypeMX},
		domain.Child("s1._domainkey"): {myodai.TypeCNAME, myodai.TypeTXT}, domain.Child("s2._domainkey"): {myodai.TypeCNAME, myodai.TypeTXT},
		domain.Child("bounce"): {myodai.TypeCNAME, myodai.TypeMX, myodai.TypeTXT}, domain.Child("_dmarc"): {myodai.TypeCNAME, myodai.TypeTXT},
	} {
		for _, t := range types {
			list = append(list, myodai.Question{Name: name, Type: t})
		}
	}
	return list
}

// failures lists the answers that are none.
func failures(o myodai.Observation) []myodai.Answer {
	return slices.DeleteFunc(slices.Clone(o.Answers), func(a myodai.Answer) bool { return a.Err == "" })
}

func planFor(n int64) plans.Plan {
	domain := myodai.Name(fmt.Sprintf("d%d.bench.example", n))
	alias := func(purpose myodai.Purpose, selector, name, target string) plans.Item {
		return plans.Item{Purpose: purpose, Selector: selector, Name: domain.Child(name), Type: myodai.TypeCNAME, Value: target, Required: true}
	}
	return plans.Plan{Domain: domain, Items: []plans.Item{
		alias(myodai.PurposeDKIM, "s1", "s1._domainkey", "s1.k7f3.dkim.plat.example"),
		alias(myodai.PurposeDKIM, "s2", "s2._domainkey", "s2.k7f3.dkim.plat.example"),
		alias(myodai.PurposeReturnPath, "", "bounce", "k7f3.rp.plat.example"),
		{Purpose: myodai.PurposeDMARC, Name: domain.Child("_dmarc"), Type: myodai.TypeTXT, Value: "v=DMARC1; p=none; rua=mailto:k7f3@dmarc.plat.example", Required: true},
	}}
}

// bareQueries is how many queries a client that does nothing with the answers
// gets answered.
func bareQueries(tb testing.TB, address string, during time.Duration) int64 {
	var done atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for worker := range atOnce() {
		all.Go(func() {
			raw, err := net.Dial("udp", address)
			if err != nil {
				tb.Error(err)
				return
			}
			conn := dns.Conn{Conn: raw, UDPSize: 1232}
			defer conn.Close()
			for i := worker; time.Since(began) < during; i++ {
				_ = conn.SetDeadline(time.Now().Add(time.Second))
				m := new(dns.Msg).SetQuestion(fmt.Sprintf("s1._domainkey.d%d.bench.example.", i%checkedDomains), dns.TypeTXT).SetEdns0(1232, true)
				if conn.WriteMsg(m) != nil {
					continue
				}
				if _, err := conn.ReadMsg(); err == nil {
					done.Add(1)
				}
			}
		})
	}
	all.Wait()
	return done.Load()
}

// heap is what lives after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) // #nosec G115 -- less than 8 EiB
}

// startNSD serves zones, given by their names, until the benchmark ends.
func startNSD(b testing.TB, zones map[string]string) (address string) {
	program, err := exec.LookPath("nsd")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nsd"); err != nil {
			b.Skip("please install the Debian package nsd")
		}
	}
	dir, err := os.MkdirTemp("", "myodai-bench-") // NSD wants a short path
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	port := freePort(b)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		return path
	}
	conf := fmt.Sprintf("server:\n  ip-address: 127.0.0.1@%d\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"\"\n  database: \"\"\n  xfrdfile: \"\"\n  xfrdir: %q\n  zonelistfile: %q\n  rrl-ratelimit: 0\n  tcp-count: 1000\nremote-control:\n  control-enable: no\n", port, dir, filepath.Join(dir, "list"))
	for zone, text := range zones {
		conf += fmt.Sprintf("zone:\n  name: %s\n  zonefile: %q\n", zone, write(zone+".zone", text))
	}
	cmd := exec.Command(program, "-d", "-c", write("nsd.conf", conf))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// await waits until the last name is served.
func await(b testing.TB, address, name string, qtype uint16) {
	m := new(dns.Msg).SetQuestion(name, qtype)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-tick.C {
		if r, _, err := new(dns.Client).Exchange(m, address); err == nil && len(r.Answer) == 1 {
			return
		}
	}
	b.Fatal("NSD does not serve the domains")
}

func freePort(b testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

const benchHead = "$TTL 300\n@ SOA ns.host.example. hostmaster.host.example. 1 3600 600 86400 300\n@ NS ns.host.example.\n"

// platZone is where the aliases lead: keys of RSA-2048, in strings of 255 octets.
func platZone(b testing.TB) string {
	var z strings.Builder
	z.WriteString("$ORIGIN plat.example.\n" + benchHead)
	for _, selector := range []string{"s1", "s2"} {
		signer, err := dkim.GenerateKey(myodai.KeyRSA, rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		record := dkim.KeyRecord(myodai.KeyRSA, dkim.Public(signer))
		fmt.Fprintf(&z, "%s.k7f3.dkim TXT %q %q\n", selector, record[:255], record[255:])
	}
	z.WriteString(`k7f3.rp MX 10 mail
k7f3.rp TXT "v=spf1 ip4:203.0.113.7 -all"
mail A 203.0.113.7
dmarc MX 10 mail
*._report._dmarc.dmarc TXT "v=DMARC1"
`)
	return z.String()
}

func benchZone() string {
	var z strings.Builder
	z.WriteString("$ORIGIN bench.example.\n" + benchHead)
	for n := range checkedDomains {
		fmt.Fprintf(&z, "s1._domainkey.d%[1]d CNAME s1.k7f3.dkim.plat.example.\ns2._domainkey.d%[1]d CNAME s2.k7f3.dkim.plat.example.\n"+
			"bounce.d%[1]d CNAME k7f3.rp.plat.example.\n_dmarc.d%[1]d TXT \"v=DMARC1; p=none; rua=mailto:k7f3@dmarc.plat.example\"\n", n)
	}
	return z.String()
}
