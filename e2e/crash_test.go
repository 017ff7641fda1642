package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/crash"
)

// atStart are the points that only a service passes that has no data yet.
func atStart(point string) bool {
	return strings.HasPrefix(point, "secret: ") || strings.HasPrefix(point, "migrate: ")
}

// forCertificates are the points that one passes that orders certificates.
func forCertificates(point string) bool {
	return strings.Contains(point, "ACME") || strings.Contains(point, "challenge") || strings.Contains(point, "certificate")
}

// passages is at how many passages of every point the program dies.
func passages() []int {
	list := []int{3, 1, 2, 7, 20}
	return list[:min(often(1, len(list)), len(list))]
}

// once are points that come rarely: their first passage is as good as any.
func once(point string) bool {
	return strings.HasPrefix(point, "snapshot: ") || strings.HasPrefix(point, "spool: new") || strings.HasPrefix(point, "heartbeat: ") ||
		strings.HasPrefix(point, "spool: before it is taken") || strings.HasSuffix(point, "visits: before the commit") || strings.HasSuffix(point, "visits: after the commit")
}

// TestCrashPoints is P01 and P06: the program dies at every named point, one after
// the other, while it is used in every way, and is started again. What it answered
// for comes: mail, bounces, events at webhooks, clicks, unsubscriptions, mail to
// the postmaster, settings. A point that is never passed fails.
func TestCrashPoints(t *testing.T) {
	r := newRig(t, "")
	stop(r.cmd)
	r.diesEverywhere(t, crash.Points)
	r.isolates(t)
}

// onPostgres are the points at which the program dies on PostgreSQL as well: around
// the commits that messages and results share. make soak takes every point.
func onPostgres() []string {
	if soaking() > 0 {
		return crash.Points
	}
	return []string{
		"accept messages: before the commit", "accept messages: after the commit", "claim deliveries: after the commit",
		"attempt: after the reply", "finish deliveries: before the commit", "finish deliveries: after the commit",
		"finish webhook: before the commit",
	}
}

// diesEverywhere has the program die at each of the points, under load, and waits
// for all that was answered for.
func (r *rig) diesEverywhere(t *testing.T, points []string) {
	t.Helper()
	ended := make(chan struct{})
	load := r.load(ended)
	deaths, began := []time.Time{}, time.Now()
	for _, passage := range passages() {
		for _, point := range points {
			if atStart(point) || forCertificates(point) {
				continue
			}
			n := passage
			if once(point) {
				n = 1
			}
			deaths = append(deaths, r.diesAt(t, point, n))
		}
	}
	r.begin(t)
	close(ended)
	load.Wait()
	r.settles(t, 4*time.Minute)
	t.Logf("%d deaths at named points in %s; answered for: %v", len(deaths), time.Since(began).Round(time.Second), r.figures())
	r.duplicates(t, deaths)
}

// diesAt runs the program until it dies at a point.
func (r *rig) diesAt(t *testing.T, point string, passage int) time.Time {
	t.Helper()
	cmd := exec.Command(os.Getenv(crashVar), r.args...)
	cmd.Env = append(os.Environ(), crash.PointVariable+"="+point, crash.PassageVariable+"="+strconv.Itoa(passage))
	r.w.run(t, "crash", cmd)
	return died(t, cmd, point)
}

// died waits for a program to kill itself.
func died(t *testing.T, cmd *exec.Cmd, point string) time.Time {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("%s: the program ended otherwise: %v", point, err)
		}
	case <-time.After(40 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
		t.Errorf("%s: the point is never passed", point)
	}
	return time.Now()
}

// duplicates is P04: what arrived twice was taken by the receiver just before a
// death, and its result not yet written. Nothing else arrives twice.
func (r *rig) duplicates(t *testing.T, deaths []time.Time) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	const window = 2 * time.Second // on a machine that others use as well
	var waits []time.Duration
	twice := 0
	for _, n := range r.times {
		if n > 1 {
			twice++
		}
	}
	last := map[string]bool{}
	for i := len(r.marks) - 1; i >= 0; i-- { // every arrival but the last was not written down
		if !last[r.marks[i]] {
			last[r.marks[i]] = true
			continue
		}
		death := slices.IndexFunc(deaths, func(d time.Time) bool { return d.After(r.arrivals[i]) })
		if death < 0 {
			t.Errorf("a mail arrived twice though nothing died after it had arrived: %s", r.marks[i])
			continue
		}
		waits = append(waits, deaths[death].Sub(r.arrivals[i]))
	}
	slices.Sort(waits)
	if len(waits) == 0 {
		t.Logf("%d arrived, none of them twice", len(r.times))
		return
	}
	at := func(percent int) time.Duration { return waits[(len(waits)-1)*percent/100].Round(time.Millisecond) }
	t.Logf("%d arrived, %d of them more than once; from the receiver's 250 to the death that lost the result: p50 %s, p99 %s, most %s",
		len(r.times), twice, at(50), at(99), at(100))
	if most := waits[len(waits)-1]; most > window {
		t.Errorf("a result was not written for %s", most)
	}
}

// TestCrashAtTheFirstStart dies while everything is made that is made once, and
// while a certificate is ordered, and starts again each time.
func TestCrashAtTheFirstStart(t *testing.T) {
	w := emptyWorld(t)
	w.startRoot(t)
	w.startUnbound(t)
	ca := w.startPebble(t)
	for i, point := range crash.Points {
		if !atStart(point) && !forCertificates(point) {
			continue
		}
		data := w.path("first-" + strconv.Itoa(i))
		r := &rig{w: w, service: &service{w: w, data: data, args: []string{
			"serve", "--data", data, "--zone", "plat.example", "--hostname", "mail.plat.example",
			"--addresses", platformAddress, "--name-servers", "ns1.plat.example", "--root-hints", rootAddress,
			"--listen-dns", platformAddress + ":53", "--listen-mx", platformAddress + ":25",
			"--listen-submission", platformAddress + ":587", "--listen-submissions", platformAddress + ":465",
			"--listen-track", platformAddress + ":80", "--acme-directory", ca.directory, "--acme-roots", ca.roots,
		}}}
		r.diesAt(t, point, 1)
		r.begin(t)
		if _, err := os.Stat(filepath.Join(data, "master.key")); err != nil {
			t.Errorf("%s: %v", point, err)
		}
		stop(r.cmd)
	}
}

// isolates is P09: a message that kills the program does so three times and is in
// quarantine then; all other mail goes out.
func (r *rig) isolates(t *testing.T) {
	t.Helper()
	stop(r.cmd)
	const poison = "this kills"
	begin := func() *exec.Cmd {
		cmd := exec.Command(os.Getenv(crashVar), r.args...)
		cmd.Env = append(os.Environ(), crash.PoisonVariable+"="+poison)
		r.w.run(t, "poisoned", cmd)
		return cmd
	}
	cmd := begin()
	r.ready(t)
	for i := range 30 {
		mark, _ := rigMark()
		text := mark
		if i == 10 {
			text = poison
		}
		body := `{"from":"sales@acme.example","to":["p` + strconv.Itoa(i) + `@receiver.example"],"class":"transactional","subject":"x","text":"` + text + `"}`
		if status, _ := r.asks("POST", apiURL+"/v1/messages", r.key, "application/json", body); status == 202 && text == mark {
			r.promise("mail " + mark)
		}
	}
	for range 3 {
		died(t, cmd, "poison")
		cmd = begin()
	}
	r.ready(t)
	r.cmd = cmd
	eventually(t, 30*time.Second, "all but the poison arrives", func() bool { return len(r.missing()) == 0 })
	var page struct {
		Items []struct{ Recipient, Hold string }
	}
	eventually(t, 15*time.Second, "the poison is in quarantine", func() bool {
		r.call(t, r.operator, "GET", "/v1/queue/quarantine", nil, &page)
		return len(page.Items) > 0
	})
	if len(page.Items) != 1 || page.Items[0].Recipient != "p10@receiver.example" || page.Items[0].Hold != "crashed" {
		t.Errorf("in quarantine: %+v", page.Items)
	}
}
