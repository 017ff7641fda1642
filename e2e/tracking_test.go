package e2e

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Hosts of the tenant, and what becomes of them.
const (
	directHost    = "click.acme.example"
	preparedHost  = "go.acme.example"
	lateHost      = "late.acme.example"       // nobody does its second step in time
	forbiddenHost = "click.shut.acme.example" // CAA above it allows another authority only
	refusedHost   = "bank.acme.example"       // the authority issues nothing for it
)

// stepTime is how long the second step may take here.
const stepTime = 20 * time.Second

// tracked is a tracking domain as the API shows it.
type tracked struct {
	ID, Name, State, Cause string
	Step                   int
	Deadline               time.Time
	Records                []struct{ Name, Type, Value, Purpose, Status string }
	Findings               []struct{ Cause, Severity string }
	Certificate            struct {
		State, Serial string
		NotAfter      time.Time `json:"not_after"`
		Orders        int
		Failure       struct {
			Type, Detail string
			Lasting      bool
		}
	}
	Aligned bool
}

// tracking is the platform with a certificate authority, and one tenant.
type tracking struct {
	*service
	tenant
	ca   *authority
	base string // records beside those of tracking domains
}

// TestTrackingDomains is issue 6 from end to end: tracking domains set up both
// ways with NSD and Pebble, what goes wrong on the way, and what becomes of links
// when a certificate is renewed, and when it lapses (B4, B5, B6, B19 to B25, P27).
func TestTrackingDomains(t *testing.T) {
	w := newWorld(t)
	ca := w.startPebble(t)
	s := newService(t, w, "", "--acme-directory", ca.directory, "--acme-roots", ca.roots, "--acme-profile", "brief",
		"--acme-contact", "ops@receiver.example", "--acme-ca-domains", "ca.example", "--tracking-step-time", stepTime.String(),
		"--listen-track", platformAddress+":80", "--listen-track-tls", platformAddress+":443")
	k := &tracking{service: s, tenant: s.registered(t, "Acme", "cname"), ca: ca}
	k.base = s.zone(t, k.tenant) + "_dmarc.acme.example. TXT \"v=DMARC1; p=none\"\nshop.acme.example. A " + host2Address + "\n" +
		"shut.acme.example. CAA 0 issue \"other-ca.example\"\n"
	if status := s.call(t, s.operator, "PUT", "/v1/policy", map[string]any{
		"classes": []any{map[string]any{"name": "transactional", "track": map[string]any{"clicks": true}}},
	}, nil); status != 200 {
		t.Fatalf("policy: status %d", status)
	}
	direct, prepared, late := k.add(t, directHost, "direct"), k.add(t, preparedHost, "prepared"), k.add(t, lateHost, "prepared")
	forbidden, refused := k.add(t, forbiddenHost, "direct"), k.add(t, refusedHost, "direct")
	if !direct.Aligned || direct.Step != 1 || direct.State != "proving" {
		t.Errorf("registered: %+v", direct)
	}
	w.publish(t, k.base+records(direct, prepared, late, forbidden, refused))
	s.verified(t, k.tenant)

	for _, d := range []tracked{direct, prepared, late, forbidden, refused} {
		k.check(t, d)
	}
	prepared = k.proved(t, prepared)
	k.proved(t, late)
	k.forbids(t, forbidden)
	prepared = k.validates(t, w, prepared, records(direct, late, forbidden))
	direct = k.isState(t, direct, "verified", 20*time.Second)
	k.refuses(t, refused)
	k.platformCertificates(t)
	prepared = k.rewritten(t, w, prepared, records(direct, forbidden))
	link := k.clicked(t, w)
	k.strangersGetAlerts(t, w)
	k.expired(t, late)
	k.renewed(t, direct)
	k.lapses(t, w, link, direct, records(direct, prepared))
	for d, want := range map[*tracked]int{&forbidden: 0, &refused: 1} {
		if orders := k.get(t, *d).Certificate.Orders; orders != want {
			t.Errorf("%d orders for %s, which gets no certificate", orders, d.Name)
		}
	}
	k.suspended(t, link)
}

// records are the records that tracking domains ask for now, as lines of a zone.
func records(list ...tracked) string {
	var b strings.Builder
	for _, d := range list {
		for _, r := range d.Records {
			fmt.Fprintf(&b, "%s. %s %s.\n", r.Name, r.Type, r.Value)
		}
	}
	return b.String()
}

func (k *tracking) add(t *testing.T, host, way string) (d tracked) {
	t.Helper()
	if status := k.call(t, k.key, "POST", "/v1/tracking-domains", map[string]any{"name": host, "way": way}, &d); status != 201 {
		t.Fatalf("register %s: status %d", host, status)
	}
	return d
}

func (k *tracking) get(t *testing.T, d tracked) (now tracked) {
	t.Helper()
	k.call(t, k.key, "GET", "/v1/tracking-domains/"+d.ID, nil, &now)
	return now
}

func (k *tracking) check(t *testing.T, d tracked) (now tracked) {
	t.Helper()
	if status := k.call(t, k.key, "POST", "/v1/tracking-domains/"+d.ID+"/check", nil, &now); status != 200 {
		t.Fatalf("check %s: status %d", d.Name, status)
	}
	return now
}

func (k *tracking) isState(t *testing.T, d tracked, state string, limit time.Duration) (now tracked) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("%+v", now)
		}
	}()
	eventually(t, limit, d.Name+" is "+state, func() bool {
		now = k.get(t, d)
		return now.State == state
	})
	return now
}

// events lists the kinds of the events about a host.
func (k *tracking) events(t *testing.T, host string) (kinds []string) {
	t.Helper()
	var list struct {
		Items []struct {
			Kind string
			Data map[string]any
		}
	}
	k.call(t, k.key, "GET", "/v1/events?limit=200", nil, &list)
	for _, e := range list.Items {
		if e.Data["tracking_domain"] == host {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

// proved is B20: after the first step the second asks for one more record, by a
// deadline that is told as a time.
func (k *tracking) proved(t *testing.T, d tracked) tracked {
	t.Helper()
	d = k.isState(t, d, "validating", 10*time.Second)
	left := time.Until(d.Deadline)
	if d.Step != 2 || len(d.Records) != 2 || left <= 0 || left > stepTime {
		t.Fatalf("after the first step: %+v", d)
	}
	if name, value := d.Records[1].Name, d.Records[1].Value; name != "_acme-challenge."+d.Name || strings.Contains(value, "_") {
		t.Errorf("the second record is %s %s", name, value)
	}
	return d
}

// forbids: CAA is found before anything is ordered.
func (k *tracking) forbids(t *testing.T, d tracked) {
	t.Helper()
	d = k.get(t, d)
	if d.State != "validating" || len(d.Findings) == 0 || d.Findings[0].Cause != "caa-forbids-issuer" || d.Certificate.Orders != 0 {
		t.Errorf("a name whose CAA forbids: %+v", d)
	}
}

// refuses: what the authority itself has to say is shown as it said it, and it is
// not asked again and again.
func (k *tracking) refuses(t *testing.T, d tracked) {
	t.Helper()
	const words = "identifier for which issuance is forbidden by policy"
	eventually(t, 20*time.Second, "the authority refuses "+d.Name, func() bool {
		d = k.get(t, d)
		return d.Certificate.Failure.Detail != ""
	})
	if c := d.Certificate; d.State != "validating" || c.Failure.Type != "rejectedIdentifier" || !c.Failure.Lasting || c.Orders != 1 ||
		!strings.Contains(c.Failure.Detail, words) || !strings.Contains(c.Failure.Detail, d.Name) {
		t.Errorf("an order that was refused: %+v", d)
	}
	if out := k.cli(t, k.key, "tracking", "show", d.Name); !strings.Contains(out, "rejectedIdentifier: ") || !strings.Contains(out, words) {
		t.Errorf("tracking show:\n%s", out)
	}
	if !slices.Contains(k.events(t, d.Name), "certificate.failed") {
		t.Error("no event of an order that was refused")
	}
}

// validates is B21: the alias lets the authority look into our zone.
func (k *tracking) validates(t *testing.T, w *world, d tracked, others string) tracked {
	t.Helper()
	w.publish(t, k.base+others+records(d))
	k.check(t, d)
	d = k.isState(t, d, "switching", 20*time.Second)
	if d.Step != 3 || d.Certificate.State != "valid" || d.Certificate.Orders != 1 {
		t.Errorf("after the second step: %+v", d)
	}
	return d
}

// rewritten is B24 and B25: the record of the first step gets another value.
func (k *tracking) rewritten(t *testing.T, w *world, d tracked, others string) tracked {
	t.Helper()
	if now := k.check(t, d); now.State != "switching" || len(now.Findings) == 0 || now.Findings[0].Cause != "value-outdated-token" {
		t.Errorf("before the record is rewritten: %+v", now)
	}
	w.publish(t, k.base+others+records(d))
	k.check(t, d)
	d = k.isState(t, d, "verified", 10*time.Second)
	if d.Step != 0 {
		t.Errorf("set up, and the next step is %d", d.Step)
	}
	for _, kind := range []string{"tracking.registered", "tracking.proved", "certificate.issued", "tracking.certified", "tracking.verified"} {
		if !slices.Contains(k.events(t, d.Name), kind) {
			t.Errorf("no event %s of %s", kind, d.Name)
		}
	}
	return d
}

// platformCertificates: the platform's own names have certificates, too.
func (k *tracking) platformCertificates(t *testing.T) {
	t.Helper()
	eventually(t, 20*time.Second, "the platform has its certificates", func() bool {
		return strings.Count(k.cli(t, k.operator, "tracking", "certificates"), " valid ") == 2
	})
	conn, err := tls.Dial("tcp", platformAddress+":465", &tls.Config{RootCAs: k.ca.issued, ServerName: "mail.plat.example"})
	check(t, err)
	_ = conn.Close()
}

// clicked sends a mail, and follows its link over HTTPS with a browser.
func (k *tracking) clicked(t *testing.T, w *world) (link string) {
	t.Helper()
	l, err := net.Listen("tcp", host2Address+":8080")
	check(t, err)
	shop := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<title>Shop</title><p>You wanted %s", r.URL.Query().Get("q"))
	})}
	go shop.Serve(l)
	t.Cleanup(func() { _ = shop.Close() })
	const destination = "http://shop.acme.example:8080/?q=tea"
	mark := newMark()
	if status := k.call(t, k.key, "POST", "/v1/messages", map[string]any{
		"from": "sales@acme.example", "to": []string{"a@receiver.example"}, "subject": "Tea",
		"html": "<p>" + mark + ` <a href="` + destination + `">Tea</a></p>`,
	}, nil); status != 202 {
		t.Fatalf("send: status %d", status)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(w.received(t, mark).Body))
	check(t, err)
	link = regexp.MustCompile(`https://` + regexp.QuoteMeta(directHost) + `/[^"\s]+`).FindString(string(body))
	if link == "" {
		t.Fatalf("no link through %s in the mail:\n%s", directHost, body)
	}
	if to := k.follow(t, link, false); to != destination {
		t.Errorf("%s leads to %q", link, to)
	}
	if page := k.browse(t, w, link); !strings.Contains(page, "You wanted tea") {
		t.Errorf("the browser shows:\n%s", page)
	}
	return link
}

// follow opens a link and returns where it leads.
func (k *tracking) follow(t *testing.T, link string, expired bool) string {
	t.Helper()
	client := http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: k.ca.issued, InsecureSkipVerify: expired}, // #nosec G402 -- to look at one that has lapsed
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Get(link)
	check(t, err)
	defer resp.Body.Close()
	if expired && resp.TLS != nil && time.Now().Before(resp.TLS.PeerCertificates[0].NotAfter) {
		t.Error("the certificate has not lapsed")
	}
	return resp.Header.Get("Location")
}

// browse opens a link with Chromium and returns the page it ends at. Chromium
// has roots of its own, so it is told which authority to believe.
func (k *tracking) browse(t *testing.T, w *world, link string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", platformAddress+":443", &tls.Config{RootCAs: k.ca.issued, ServerName: directHost})
	check(t, err)
	chain := conn.ConnectionState().PeerCertificates
	_ = conn.Close()
	sum := sha256.Sum256(chain[len(chain)-1].RawSubjectPublicKeyInfo)
	cmd := exec.CommandContext(t.Context(), find("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
		"--no-first-run", "--user-data-dir="+w.path("chromium"), "--ignore-certificate-errors-spki-list="+base64.StdEncoding.EncodeToString(sum[:]),
		"--timeout=20000", "--dump-dom", link)
	cmd.Env = append(os.Environ(), "HOME="+w.path("home"))
	var page, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &page, &log
	if err := cmd.Run(); err != nil {
		t.Errorf("chromium: %v\n%s", err, log.String())
	}
	return page.String()
}

// strangersGetAlerts is T56: ten thousand names that nobody proved are refused
// with the alert for it, and not one order is made.
func (k *tracking) strangersGetAlerts(t *testing.T, w *world) {
	t.Helper()
	names := make(chan string)
	var dialing sync.WaitGroup
	var mu sync.Mutex
	wrong := map[string]int{}
	for range 8 {
		dialing.Go(func() {
			for name := range names {
				conn, err := tls.Dial("tcp", platformAddress+":443", &tls.Config{RootCAs: k.ca.issued, ServerName: name})
				if err == nil {
					_ = conn.Close()
				}
				if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
					mu.Lock()
					wrong[fmt.Sprint(err)]++
					mu.Unlock()
				}
			}
		})
	}
	for i := range 10_000 {
		names <- fmt.Sprintf("n%d.%s", i, []string{"acme.example", "plat.example", "example.com", directHost}[i%4])
	}
	close(names)
	dialing.Wait()
	if len(wrong) > 0 {
		t.Errorf("strangers got %v", wrong)
	}
	log, err := os.ReadFile(w.path("myodai.log"))
	check(t, err)
	known := []string{directHost, preparedHost, refusedHost, "mail.plat.example", "track.plat.example"}
	for _, m := range regexp.MustCompile(`(?:certificate issued|no certificate)"?.* host=(\S+)`).FindAllSubmatch(log, -1) {
		if !slices.Contains(known, string(m[1])) {
			t.Errorf("an order for %s", m[1])
		}
	}
}

// expired is B23: past the deadline the setup ends, and begins again with other
// records.
func (k *tracking) expired(t *testing.T, d tracked) {
	t.Helper()
	d = k.isState(t, d, "expired", stepTime+10*time.Second)
	kinds := k.events(t, lateHost)
	if !slices.Contains(kinds, "tracking.reminded") || !slices.Contains(kinds, "tracking.expired") {
		t.Errorf("events of a setup that expired: %v", kinds)
	}
	out := k.cli(t, k.key, "tracking", "restart", lateHost)
	if !strings.Contains(out, "1 of 3") || strings.Contains(out, d.Records[0].Value) {
		t.Errorf("started again:\n%s", out)
	}
	k.cli(t, k.key, "tracking", "delete", lateHost, "--yes")
}

// renewed: long before the end of its life a certificate has a successor.
func (k *tracking) renewed(t *testing.T, d tracked) {
	t.Helper()
	before := d.Certificate
	eventually(t, life, "the certificate of "+d.Name+" is renewed", func() bool {
		now := k.get(t, d).Certificate
		return now.Serial != before.Serial && now.State == "valid"
	})
	eventually(t, 5*time.Second, "the new one is served", func() bool {
		conn, err := tls.Dial("tcp", platformAddress+":443", &tls.Config{RootCAs: k.ca.issued, ServerName: d.Name})
		if err != nil {
			return false
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Text(16) != before.Serial
	})
}

// lapses: when a certificate cannot be renewed, the operator hears of it before,
// and links still lead where they did.
func (k *tracking) lapses(t *testing.T, w *world, link string, d tracked, others string) {
	t.Helper()
	w.publish(t, k.base+others+"acme.example. CAA 0 issue \"other-ca.example\"\n")
	if d = k.check(t, d); d.State != "verified" || d.Findings[0].Cause != "caa-forbids-issuer" {
		t.Errorf("with a CAA that forbids: %+v", d)
	}
	eventually(t, life+5*time.Second, "the certificate lapses", func() bool { return k.get(t, d).Certificate.State == "expired" })
	if !slices.Contains(k.events(t, d.Name), "certificate.expiring") {
		t.Error("no event before the certificate lapsed")
	}
	eventually(t, 30*time.Second, "the operator gets a mail about it", func() bool { // beside others, on a slow machine
		return w.search(func(raw []byte) bool {
			m, err := mail.ReadMessage(bytes.NewReader(raw))
			if err != nil || !bytes.Contains(raw, []byte("ops@receiver.example")) {
				return false
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			return err == nil && strings.Contains(subject, ".acme.example expires on ")
		}) != nil
	})
	metrics := get(t, "http://127.0.0.1:9025/metrics")
	if !regexp.MustCompile(`myodai_acme_certificates_expiring [1-9]`).MatchString(metrics) {
		t.Error("the metric tells of no certificate that expires")
	}
	want := "http://shop.acme.example:8080/?q=tea"
	if to := k.follow(t, strings.Replace(link, "https:", "http:", 1), false); to != want {
		t.Errorf("over HTTP the link leads to %q", to)
	}
	if to := k.follow(t, link, true); to != want {
		t.Errorf("with the certificate that lapsed it leads to %q", to)
	}
}

// suspended: at the host of a tenant that is shut out, links lead nowhere and say
// so (T53).
func (k *tracking) suspended(t *testing.T, link string) {
	t.Helper()
	k.cli(t, k.operator, "tenant", "suspend", k.id)
	link = strings.Replace(link, "https:", "http:", 1)
	eventually(t, 10*time.Second, "the tenant's links lead nowhere", func() bool { return k.follow(t, link, false) == "" })
	resp, err := http.Get(link)
	check(t, err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusGone {
		t.Errorf("%s: %s", link, resp.Status)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	check(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	check(t, err)
	return string(body)
}
