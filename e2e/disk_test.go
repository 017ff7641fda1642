package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// acts are what is done while a disk is bad: mail is handed in on all
// ways. Clicks are left out, because a link leads on although its visit is lost.
func (r *rig) acts(ended chan struct{}) *sync.WaitGroup {
	return until(ended, r.sendsHTTP, r.sendsHTTP, r.sendsSMTP, r.changes, r.writesToPostmaster)
}

// status is what the API answers to a message of so many random octets now.
func (r *rig) status(size int) int {
	text := make([]byte, size)
	_, _ = rand.Read(text)
	status, _ := r.asks("POST", apiURL+"/v1/messages", r.key, "application/json",
		fmt.Sprintf(`{"from":"sales@acme.example","to":["x@receiver.example"],"text":"Hello %x"}`, text))
	return status
}

// TestBadDisk takes one service to a disk that is full, and to disks that fail.
func TestBadDisk(t *testing.T) {
	r := newRig(t, "")
	stop(r.cmd)
	sound := r.data
	for _, tt := range []struct {
		name string
		on   func(*testing.T)
	}{
		{"full", r.fullDisk},
		{"has no inodes left", r.noInodes},
		{"fails at every ninth write", r.failingDisk},
		{"fails once, at one write after the other", r.failingOnce},
	} {
		if !t.Run(tt.name, tt.on) {
			return // the service may be anywhere now
		}
		r.args, r.data = moved(r.args, r.data, sound), sound
	}
}

// failingDisk is P03: of the writes and syncs of every thread some fail, from
// the hundredth on every ninth. Mail may be refused for now; what was answered for
// is there after a restart on a disk that works.
func (r *rig) failingDisk(t *testing.T) {
	r.moveTo(t, r.data, r.w.path("failing"))
	refused := 0
	r.beginUnder(t, failing(writes, "EIO", "100+9"))
	r.ready(t)
	ended := make(chan struct{})
	load := r.acts(ended)
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); {
		switch status := r.status(0); status {
		case http.StatusAccepted:
		case 0, http.StatusServiceUnavailable:
			refused++
		default:
			t.Errorf("a failing disk answers %d", status)
		}
	}
	close(ended)
	load.Wait()
	stop(r.cmd)
	if refused == 0 || r.figures()["mail"] == 0 {
		t.Errorf("%d refused, %v taken: want some of both", refused, r.figures())
	}
	r.begin(t)
	r.settles(t, time.Minute)
	t.Logf("%d refused; answered for: %v", refused, r.figures())
	stop(r.cmd)
}
