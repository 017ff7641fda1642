package authdns_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/authdns"
)

// nsdConfig wants a port and a directory.
const nsdConfig = `
server:
	ip-address: 127.0.0.1@%[1]d
	do-ip6: no
	server-count: 1
	username: ""
	chroot: ""
	zonesdir: "%[2]s"
	database: ""
	pidfile: "%[2]s/nsd.pid"
	xfrdfile: "%[2]s/xfrd.state"
	xfrdir: "%[2]s"
	zonelistfile: "%[2]s/zone.list"
	logfile: "%[2]s/nsd.log"
	minimal-responses: yes
	rrl-ratelimit: 0
	rrl-whitelist-ratelimit: 0
remote-control:
	control-enable: no
zone:
	name: plat.example
	zonefile: zone
`

// startNSD serves the zone file text with NSD on loopback until the test ends,
// and returns its address.
func startNSD(t *testing.T, text string) string {
	t.Helper()
	program, err := exec.LookPath("nsd")
	if err != nil {
		program = "/usr/sbin/nsd" // where Debian has it, outside of the path of most people
		if _, err := os.Stat(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal("nsd is not installed")
			}
			t.Skip("nsd is not installed")
		}
	}
	dir := t.TempDir()
	port := freePort(t)
	config := fmt.Sprintf(nsdConfig, port, dir)
	for name, content := range map[string]string{"nsd.conf": config, "zone": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-d", "-c", filepath.Join(dir, "nsd.conf"))
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "nsd.log"))
			t.Logf("nsd said:\n%s%s", &output, log)
		}
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	until(t, func() bool {
		reply, _, err := (&dns.Client{Timeout: 100 * time.Millisecond}).Exchange(question("plat.example.", dns.TypeSOA), address)
		return err == nil && len(reply.Answer) == 1
	})
	return address
}

// freePort finds a port that nobody listens on now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

var labels = []string{"a", "b", "c", "s1-x", "_domainkey", "_dmarc", "rp", "dkim", "0"}

// someName is a random name at most depth labels below the zone.
func someName(r *rand.Rand, depth int) string {
	name := "plat.example."
	for range r.IntN(depth + 1) {
		name = labels[r.IntN(len(labels))] + "." + name
	}
	return name
}

// someZone is a random zone in zone-file lines, with aliases that go up in a
// list of names and so never in a circle.
func someZone(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("plat.example. 3600 IN SOA ns1.plat.example. hostmaster.plat.example. 5 3600 600 1209600 300\n" +
		"plat.example. 3600 IN NS ns1.plat.example.\n" + "plat.example. 3600 IN NS ns.elsewhere.example.\n")
	var names []string
	for range 60 {
		if name := someName(r, 4); name != "plat.example." && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for i, name := range names {
		if r.IntN(4) == 0 {
			target := []string{"mail.elsewhere.example.", "nothing." + name, someName(r, 4), names[min(i+1+r.IntN(5), len(names)-1)]}[r.IntN(4)]
			if at := slices.Index(names, target); target != name && (at < 0 || at > i) {
				fmt.Fprintf(&b, "%s 600 IN CNAME %s\n", name, target)
				continue
			}
		}
		for _, data := range []string{"A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1", "MX 10 mail.plat.example.", `TXT "v=spf1 -all"`, `TXT "a \"b\" \\ c \255"`} {
			if r.IntN(3) == 0 {
				fmt.Fprintf(&b, "%s 3600 IN %s\n", name, data)
			}
		}
	}
	return b.String()
}

// TestAgreesWithNSD asks NSD and us some thousands of random questions about
// random zones (P26).
func TestAgreesWithNSD(t *testing.T) {
	types := []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypeTXT, dns.TypeCNAME, dns.TypeNS, dns.TypeSOA, dns.TypeSRV, dns.TypeHTTPS, 4711}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			text := someZone(r)
			z := newZone(t, text, 5)
			nsd, err := dns.Dial("udp", startNSD(t, text))
			if err != nil {
				t.Fatal(err)
			}
			defer nsd.Close()
			seen := map[string]int{}
			for range 1500 {
				name := someName(r, 6)
				switch r.IntN(20) {
				case 0:
					name = "www.elsewhere.example."
				case 1:
					name = "x" + name
				}
				q := question(spelled(r, name), types[r.IntN(len(types))])
				switch r.IntN(8) {
				case 0:
					q.SetEdns0(1232, false)
				case 1:
					q.SetEdns0(1232, false).IsEdns0().SetVersion(1)
				}
				theirs, _, err := (&dns.Client{UDPSize: 4096}).ExchangeWithConn(q, nsd)
				if err != nil {
					t.Fatal(err)
				}
				ours := new(dns.Msg)
				if err := ours.Unpack(authdns.Respond(z, packed(t, q), myodai.TransportUDP)); err != nil {
					t.Fatal(err)
				}
				if got, want := essence(ours), essence(theirs); got != want {
					t.Fatalf("seed %d, %s\nwe say   %s\nNSD says %s\nzone:\n%s", seed, &q.Question[0], got, want, text)
				}
				seen[dns.RcodeToString[ours.Rcode]+fmt.Sprint(min(len(ours.Answer), 2), len(ours.Ns))]++
			}
			if len(seen) < 7 {
				t.Errorf("kinds of answers seen = %v, want more", seen)
			}
		})
	}
}

// spelled mixes the case of a name.
func spelled(r *rand.Rand, name string) string {
	b := []byte(name)
	for i := range b {
		if r.IntN(2) == 0 {
			b[i] = strings.ToUpper(string(b[i]))[0]
		}
	}
	return string(b)
}

// essence is what two right servers must agree on: not the order within a
// section, nor the spelling of names.
func essence(m *dns.Msg) string {
	section := func(list []dns.RR) string {
		var lines []string
		for _, rr := range list {
			lines = append(lines, strings.ToLower(line(rr))) // NSD points names into the question, and so in its spelling
		}
		slices.Sort(lines)
		return strings.Join(lines, "")
	}
	return fmt.Sprintf("%d aa=%v tc=%v edns=%v %v\nanswer:\n%sauthority:\n%s",
		m.Rcode, m.Authoritative, m.Truncated, m.IsEdns0() != nil, m.Question, section(m.Answer), section(m.Ns))
}
