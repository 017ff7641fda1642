package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// crashVar names the program that was built to die at named points.
const crashVar = "MYODAI_E2E_CRASH"

// rig is a service under load of every kind, and a record, kept outside of it, of
// what it answered for and of what was seen to come of that.
type rig struct {
	*service
	tenant
	w        *world
	sink     string // address of the mail server that everything goes to
	mu       sync.Mutex
	promised map[string]bool
	seen     map[string]int
	links    chan string    // to click, "URL mark"
	wishes   chan string    // to unsubscribe by, likewise
	returned chan string    // return paths to send a bounce to, likewise
	messages sync.Map       // message id by mark
	arrivals []time.Time    // when the sink said 250, and of which mail
	marks    []string       // beside arrivals
	times    map[string]int // how often a mail arrived
	answers  map[int]int    // of the program, by HTTP status
}

// newRig sets a service up with a tenant that may send and a webhook.
func newRig(t *testing.T, database string) *rig {
	t.Helper()
	w := emptyWorld(t)
	w.startRoot(t)
	w.publish(t, "")
	w.nsd = w.startNSD(t, "host", []string{host1Address, host2Address}, map[string]string{"acme.example": w.path("acme.example.zone")})
	w.startUnbound(t)
	r := &rig{
		w: w, promised: map[string]bool{}, seen: map[string]int{}, times: map[string]int{}, answers: map[int]int{},
		links: make(chan string, 100), wishes: make(chan string, 100), returned: make(chan string, 100),
	}
	r.sink = r.startSink(t)
	hooks := r.startHooks(t)
	r.service = newService(t, w, database, "--smarthost", r.sink, "--webhook-insecure",
		"--listen-track", platformAddress+":80", "--listen-track-tls", platformAddress+":443")
	r.tenant = r.registered(t, "Acme", "txt")
	w.publish(t, r.zone(t, r.tenant)+"_dmarc.acme.example. TXT \"v=DMARC1; p=none\"\n")
	r.verified(t, r.tenant)
	if status := r.call(t, r.operator, "PUT", "/v1/tenants/"+r.id+"/policy", map[string]any{"classes": []any{
		map[string]any{"name": "transactional"},
		map[string]any{"name": "marketing", "unsubscribe": true, "track": map[string]any{"clicks": true}},
	}}, nil); status != http.StatusOK {
		t.Fatalf("policy: status %d", status)
	}
	if status := r.call(t, r.key, "POST", "/v1/webhooks", map[string]any{"url": hooks}, nil); status != http.StatusCreated {
		t.Fatalf("webhook: status %d", status)
	}
	return r
}

// promise notes what was answered for; has notes what came of it.
func (r *rig) promise(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.promised[what] = true
}

func (r *rig) has(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[what]++
}

// missing lists what was answered for and did not come.
func (r *rig) missing() (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for what := range r.promised {
		if r.seen[what] == 0 {
			list = append(list, what)
		}
	}
	return list
}

// figures counts promises by their first word.
func (r *rig) figures() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := map[string]int{}
	for what := range r.promised {
		kind, _, _ := strings.Cut(what, " ")
		counts[kind]++
	}
	return counts
}

// startHooks is a webhook receiver that takes every event.
func (r *rig) startHooks(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", receiverAddress+":0")
	check(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var e struct {
			Type string
			Data struct {
				MessageID string `json:"message_id"`
			}
		}
		if json.NewDecoder(req.Body).Decode(&e) == nil {
			r.has(e.Type + " " + e.Data.MessageID)
		}
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String() + "/"
}

// startSink is a mail server that refuses the recipients gone…, and takes all else.
func (r *rig) startSink(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", receiverAddress+":0")
	check(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.receive(c, n%2 == 0)
		}
	}()
	return l.Addr().String()
}

// receive speaks as much SMTP as a smarthost needs, with CHUNKING on every other
// connection: both ways of a message pass the points of an attempt.
func (r *rig) receive(c net.Conn, chunking bool) {
	defer c.Close()
	in := bufio.NewReader(c)
	say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) }
	say("220 sink.example ESMTP")
	from, to := "", ""
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.TrimSpace(line)); {
		case strings.HasPrefix(verb, "EHLO"):
			if chunking {
				say("250-PIPELINING\r\n250-CHUNKING")
			}
			say("250 sink.example")
		case strings.HasPrefix(verb, "MAIL"):
			to = ""
			from = line[strings.IndexByte(line, '<')+1 : strings.IndexByte(line, '>')]
			say("250 2.1.0 fine")
		case strings.HasPrefix(verb, "RCPT") && strings.Contains(line, "<gone"):
			say("550 5.1.1 no such user")
		case strings.HasPrefix(verb, "RCPT"):
			to = line[strings.IndexByte(line, '<')+1 : strings.IndexByte(line, '>')]
			say("250 2.1.5 fine")
		case verb == "DATA":
			say("354 go on")
			var body bytes.Buffer
			for line != ".\r\n" {
				if line, err = in.ReadString('\n'); err != nil {
					return
				}
				body.WriteString(line)
			}
			r.arrived(from, to, body.Bytes())
			say("250 2.0.0 taken")
		case strings.HasPrefix(verb, "BDAT"):
			body, err := readChunk(in, verb)
			if err != nil {
				return
			}
			if to == "" {
				say("503 5.5.1 no recipients")
				continue
			}
			r.arrived(from, to, body)
			say("250 2.0.0 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 2.1.0 fine")
		}
	}
}

// readChunk reads the message that a BDAT command announces.
func readChunk(in io.Reader, command string) ([]byte, error) {
	var size int
	if _, err := fmt.Sscanf(command, "BDAT %d LAST", &size); err != nil {
		return nil, err
	}
	message := make([]byte, size)
	_, err := io.ReadFull(in, message)
	return message, err
}

var (
	clickPattern = regexp.MustCompile(`http://track\.plat\.example/c/[^"]+`)
	wishPattern  = regexp.MustCompile(`<(https://track\.plat\.example/u/[^>]+)>`)
)

// arrived notes a mail that the sink is about to take, and hands what can be done
// with it to those who do.
func (r *rig) arrived(from, to string, raw []byte) {
	mark := markPattern.FindString(string(raw))
	if mark == "" {
		return // a DSN of ours
	}
	r.mu.Lock()
	r.seen["mail "+mark]++
	r.times[mark]++
	r.arrivals, r.marks = append(r.arrivals, time.Now()), append(r.marks, mark)
	r.mu.Unlock()
	give := func(to chan string, what string) {
		select {
		case to <- what + " " + mark:
		default: // there is enough to do
		}
	}
	flat := bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("=\r\n"), nil), []byte("\r\n\t"), nil)
	flat = bytes.ReplaceAll(bytes.ReplaceAll(flat, []byte("=3D"), []byte("=")), []byte("\r\n "), nil)
	if link := clickPattern.Find(flat); link != nil {
		give(r.links, string(link))
	}
	if wish := wishPattern.FindSubmatch(flat); wish != nil {
		give(r.wishes, string(wish[1]))
	}
	if strings.HasPrefix(to, "later") {
		give(r.returned, from+" "+to)
	}
}

// load does everything that a service is used for until ended.
func (r *rig) load(ended chan struct{}) *sync.WaitGroup {
	all := until(ended, r.sendsHTTP, r.sendsHTTP, r.sendsHTTP, r.sendsSMTP, r.sendsSMTP, r.changes, r.writesToPostmaster)
	all.Go(func() { // what follows mails that arrived
		for {
			select {
			case <-ended:
				return
			case link := <-r.links:
				r.follows(link, "GET", "message.clicked")
			case wish := <-r.wishes:
				r.follows(wish, "POST", "message.unsubscribed")
			case path := <-r.returned:
				r.bounces(path)
			}
		}
	})
	return all
}

// until does each of the acts again and again, beside the others, until ended.
func until(ended chan struct{}, acts ...func()) *sync.WaitGroup {
	var all sync.WaitGroup
	for _, act := range acts {
		all.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
					act()
				}
			}
		})
	}
	return &all
}

// pause is how long one who was refused waits, so that nobody spins.
const pause = 20 * time.Millisecond

var rigClient = &http.Client{
	Timeout: 5 * time.Second,
	Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- self-signed here
		DialContext:     (&net.Dialer{Timeout: time.Second}).DialContext,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// asks makes a request and reports the status, 0 for none.
func (r *rig) asks(method, url, key, kind, body string) (status int, answer []byte) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", browserAgent)
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := rigClient.Do(req)
	if err != nil {
		<-time.After(pause)
		return 0, nil
	}
	defer resp.Body.Close()
	answer, _ = io.ReadAll(resp.Body)
	r.mu.Lock()
	r.answers[resp.StatusCode]++
	r.mu.Unlock()
	return resp.StatusCode, answer
}

var rigMarks struct {
	sync.Mutex
	n int
}

// rigMark is a mark with a number that says what is to become of the mail.
func rigMark() (mark string, n int) {
	rigMarks.Lock()
	defer rigMarks.Unlock()
	rigMarks.n++
	return fmt.Sprintf("mark%dx%dx", time.Now().UnixNano(), rigMarks.n), rigMarks.n
}

func (r *rig) sendsHTTP() {
	mark, n := rigMark()
	to := fmt.Sprintf("%s%d@receiver.example", []string{"a", "later", "gone", "b"}[n%4], n)
	class := []string{"marketing", "transactional"}[n%2]
	body := fmt.Sprintf(`{"from":"sales@acme.example","to":[%q],"class":%q,"suppressed":"bounce","subject":"load","html":"<p>%s <a href=\"https://acme.example/tea\">tea</a></p>"}`, to, class, mark)
	status, answer := r.asks("POST", apiURL+"/v1/messages", r.key, "application/json", body)
	var m message
	if status != http.StatusAccepted || json.Unmarshal(answer, &m) != nil {
		return
	}
	r.messages.Store(mark, m.ID)
	if strings.HasPrefix(to, "gone") {
		r.promise("message.bounced " + m.ID)
		return
	}
	r.promise("mail " + mark)
	if !strings.HasPrefix(to, "later") { // its bounce may come before its result is written
		r.promise("message.delivered " + m.ID)
	}
}

func (r *rig) sendsSMTP() {
	mark, n := rigMark()
	raw := "From: sales@acme.example\r\nSubject: load\r\n\r\n" + mark + "\r\n"
	if r.submit(r.tenant, "", fmt.Sprintf("c%d@receiver.example", n), raw) == nil {
		r.promise("mail " + mark)
	} else {
		<-time.After(pause)
	}
}

// changes makes tenants, and says the platform's policy anew.
func (r *rig) changes() {
	name, _ := rigMark()
	if status, _ := r.asks("POST", apiURL+"/v1/tenants", r.operator, "application/json", fmt.Sprintf(`{"name":%q}`, name)); status == http.StatusCreated {
		r.promise("tenant " + name)
	}
	_, _ = r.asks("PUT", apiURL+"/v1/policy", r.operator, "application/json", `{}`)
	<-time.After(pause)
}

func (r *rig) writesToPostmaster() {
	mark, _ := rigMark()
	if r.mails("postmaster@plat.example", "a@receiver.example", "From: a@receiver.example\r\nSubject: hello\r\n\r\n"+mark+"\r\n") == nil {
		r.promise("postmaster " + mark)
	}
	<-time.After(5 * pause)
}

// mails sends a mail to port 25.
func (r *rig) mails(to, from, raw string) error {
	c, err := net.DialTimeout("tcp", platformAddress+":25", time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	s, err := smtp.NewClient(c, "mail.plat.example")
	if err != nil {
		return err
	}
	if err := s.Mail(from); err != nil {
		return err
	}
	if err := s.Rcpt(to); err != nil {
		return err
	}
	data, err := s.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(data, raw); err != nil {
		return err
	}
	return data.Close()
}

// follows opens a link, or unsubscribes by it.
func (r *rig) follows(what, method, kind string) {
	url, mark, _ := strings.Cut(what, " ")
	status, _ := r.asks(method, url, "", "application/x-www-form-urlencoded", map[string]string{"GET": "", "POST": "List-Unsubscribe=One-Click"}[method])
	id, known := r.messages.Load(mark)
	if known && (status == http.StatusFound || method == "POST" && status == http.StatusOK) {
		r.promise(kind + " " + id.(string))
	}
}

// bounces sends a DSN to a return path, as a server does that finds out late.
func (r *rig) bounces(what string) {
	path, rest, _ := strings.Cut(what, " ")
	to, mark, _ := strings.Cut(rest, " ")
	raw := "From: MAILER-DAEMON@receiver.example\r\nTo: <" + path + ">\r\nSubject: failed\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; receiver.example\r\n\r\n" +
		"Final-Recipient: rfc822; " + to + "\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n"
	if r.mails(path, "", raw) != nil {
		return
	}
	if id, known := r.messages.Load(mark); known {
		r.promise("message.bounced " + id.(string))
	}
}

// looksAround notes what is there to be seen without waiting: tenants, and mail to
// the postmaster.
func (r *rig) looksAround(t *testing.T) {
	t.Helper()
	for next := ""; ; {
		var page struct {
			Items []struct{ Name string }
			Next  string
		}
		r.call(t, r.operator, "GET", "/v1/tenants?limit=200&after="+next, nil, &page)
		for _, tn := range page.Items {
			r.has("tenant " + tn.Name)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	files, err := filepath.Glob(filepath.Join(r.data, "postmaster", "*.eml"))
	check(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(t, err)
		r.has("postmaster " + markPattern.FindString(string(text)))
	}
}

// forget begins the record anew.
func (r *rig) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.promised, r.times, r.arrivals, r.marks = map[string]bool{}, map[string]int{}, nil, nil
}

// taken counts the mails that the sink has taken.
func (r *rig) taken() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.arrivals)
}

// settles waits until everything that was answered for has come.
func (r *rig) settles(t *testing.T, limit time.Duration) {
	t.Helper()
	r.looksAround(t)
	released := 0
	deadline := time.Now().Add(limit)
	for len(r.missing()) > 0 && time.Now().Before(deadline) {
		released += r.release(t)
		<-time.After(500 * time.Millisecond)
	}
	t.Logf("%d deliveries were in quarantine, and released", released)
	if missing := r.missing(); len(missing) > 0 {
		t.Errorf("%d promises were not kept: %v\n%s", len(missing), missing[:min(len(missing), 20)], r.cli(t, r.operator, "queue", "list", "--limit", "20"))
	}
}

// release lets out of quarantine what is in it: who kills a program again and again
// makes the mail look guilty that it was busy with.
func (s *service) release(t *testing.T) (n int) {
	t.Helper()
	var page struct{ Items []struct{ ID string } }
	s.call(t, s.operator, "GET", "/v1/queue/quarantine", nil, &page)
	for _, d := range page.Items {
		if status := s.call(t, s.operator, "POST", "/v1/queue/quarantine/"+d.ID+"/release", nil, nil); status != http.StatusOK {
			t.Errorf("release %s: status %d", d.ID, status)
		}
	}
	return len(page.Items)
}
