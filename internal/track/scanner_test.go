package track_test

import (
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/track"
)

// A browser without a head that opens every link of a mail, as link scanners do,
// unsubscribes nobody, and its clicks count as a machine's (T44, T54).
func TestScannersUnsubscribeNobody(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed")
	}
	db := newShop(t)
	s := newServer(t, track.Options{Store: db, Settle: 1})
	server := httptest.NewServer(s)
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	list, _ := s.UnsubscribeFields(db.copy(0), author, "bounce.shop.example", myodai.ClassMarketing)
	stop := list[strings.Index(list, "/u/"):strings.IndexByte(list, '>')]
	click := s.MakeLink(platform, db.copy(0), "http://"+string(platform)+":"+port+stop)
	for _, path := range []string{stop, click, s.MakeOpen(platform, db.copy(0))} {
		out, err := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", // #nosec G204 -- found above
			"--no-first-run", "--user-data-dir="+t.TempDir(), "--host-resolver-rules=MAP "+string(platform)+" 127.0.0.1", "--dump-dom",
			"http://"+string(platform)+":"+port+path).Output()
		if err != nil {
			t.Fatal(err)
		}
		if path != stop && path != click {
			continue
		}
		if !strings.Contains(string(out), "Stop this mail") {
			t.Errorf("the browser shows %s", out)
		}
	}
	s.DrainNow(t.Context())
	if db.suppresses(t, db.accepted.Deliveries[0].Recipient) {
		t.Error("a scanner unsubscribed somebody")
	}
	if stats := db.stats(t); stats.Clicks.Machines != 1 || stats.Clicks.People+stats.Opens.People != 0 {
		t.Errorf("%+v", stats)
	}
}
