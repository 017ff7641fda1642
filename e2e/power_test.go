package e2e

import (
	"database/sql"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// snapshots is how often the plug is pulled.
func snapshots() int {
	return often(30, 200)
}

// disk is an ext4 image on a file system that can copy it in an instant. The copy
// has what has reached the disk, and nothing of what the kernel still keeps in
// memory: it is what there is after the plug was pulled.
type disk struct {
	outer string // where the images are
	live  string // where the image is mounted that is in use
	dead  string // where a copy is
}

// newDisk makes and mounts one; it skips where nothing can be mounted.
func newDisk(t *testing.T, w *world) *disk {
	t.Helper()
	d := &disk{outer: w.path("outer"), live: w.path("live"), dead: w.path("dead")}
	for _, dir := range []string{d.outer, d.live, d.dead} {
		check(t, os.MkdirAll(dir, 0o755))
	}
	image := w.path("outer.img")
	check(t, run("truncate", "-s", "1500M", image))
	check(t, run(find("mkfs.xfs"), "-q", "-m", "reflink=1", image))
	if err := run("mount", "-o", "loop", image, d.outer); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("this machine mounts no images, so power loss cannot be tested: %v", err)
		}
		t.Skipf("POWER LOSS IS NOT TESTED: this machine mounts no images: %v", err)
	}
	t.Cleanup(func() { _ = run("umount", d.outer) })
	inner := filepath.Join(d.outer, "inner.img")
	check(t, run("truncate", "-s", "600M", inner))
	check(t, run(find("mkfs.ext4"), "-q", inner))
	check(t, run("mount", "-o", "loop", inner, d.live))
	t.Cleanup(func() { _ = run("umount", d.live) })
	return d
}

// pullPlug copies what is on the disk at this instant.
func (d *disk) pullPlug(t *testing.T) {
	t.Helper()
	check(t, run("cp", "--reflink=always", filepath.Join(d.outer, "inner.img"), filepath.Join(d.outer, "dead.img")))
	check(t, run("mount", "-o", "loop", filepath.Join(d.outer, "dead.img"), d.dead))
}

func (d *disk) giveUp(t *testing.T) {
	t.Helper()
	check(t, run("umount", d.dead))
	check(t, os.Remove(filepath.Join(d.outer, "dead.img")))
}

// TestPowerLoss is P02: the plug is pulled again and again while mail is taken in.
// What had been answered for before that is in what is left on the disk, which opens
// as it is. The control: with an fsync that does nothing, mail is lost, and the test
// sees it.
func TestPowerLoss(t *testing.T) {
	r := newRig(t, "")
	stop(r.cmd)
	d := newDisk(t, r.w)
	prepared := r.data
	r.moveTo(t, prepared, filepath.Join(d.live, "data"))
	began, lost := time.Now(), 0
	r.underLoad(t, nil, func() {
		for range snapshots() {
			<-time.After(300 * time.Millisecond)
			lost += len(r.lostIn(t, d, func() map[string]bool { return r.keptIn(t, d) }))
		}
	})
	accepted := r.figures()["mail"]
	t.Logf("%d snapshots in %s, %d messages accepted, %d missing", snapshots(), time.Since(began).Round(time.Second), accepted, lost)
	if lost > 0 || accepted < 10*snapshots() {
		t.Errorf("%d messages that were answered for are not on the disk, of %d", lost, accepted)
	}
	r.failedSyncs(t, d, prepared)
	r.moveTo(t, prepared, filepath.Join(d.live, "control"))
	control := 0
	r.underLoad(t, strace(syncs, "retval=0"), func() {
		for deadline := time.Now().Add(20 * time.Second); control == 0 && time.Now().Before(deadline); {
			<-time.After(500 * time.Millisecond)
			control += len(r.lostIn(t, d, func() map[string]bool { return r.keptIn(t, d) }))
		}
	})
	t.Logf("control: without fsync %d messages are missing", control)
	if control == 0 {
		t.Error("without fsync nothing was lost: this test proves nothing")
	}
}

// moveTo makes the service use a fresh copy of its data in another place.
func (r *rig) moveTo(t *testing.T, from, to string) {
	t.Helper()
	check(t, run("cp", "-a", from, to))
	check(t, run("sync"))
	r.args, r.data = moved(r.args, r.data, to), to
	r.mu.Lock()
	r.promised = map[string]bool{}
	r.mu.Unlock()
}

// failedSyncs is P03: what a sync failed for is not answered for, whatever the next
// sync of the same file says. So with every third of them failing, pulling the plug
// loses nothing.
func (r *rig) failedSyncs(t *testing.T, d *disk, prepared string) {
	t.Helper()
	r.moveTo(t, prepared, filepath.Join(d.live, "failing"))
	lost, taken := 0, 0
	r.underLoad(t, failing(syncs, "EIO", "20+3"), func() {
		for range snapshots() / 6 {
			<-time.After(300 * time.Millisecond)
			lost += len(r.lostIn(t, d, func() map[string]bool { return r.keptIn(t, d) }))
		}
		taken = r.figures()["mail"]
	})
	t.Logf("with every third sync failing: %d messages accepted, %d missing", taken, lost)
	if lost > 0 || taken == 0 {
		t.Errorf("with failing syncs %d messages that were answered for are not on the disk, of %d", lost, taken)
	}
}

// moved replaces one of some arguments.
func moved(args []string, from, to string) []string {
	args = slices.Clone(args)
	if i := slices.Index(args, from); i >= 0 {
		args[i] = to
	}
	return args
}

// underLoad runs the service, perhaps under another program, and what is to be done
// while mail comes in.
func (r *rig) underLoad(t *testing.T, under []string, do func()) {
	t.Helper()
	r.beginUnder(t, under)
	r.ready(t)
	ended := make(chan struct{})
	load := r.load(ended)
	do()
	close(ended)
	load.Wait()
	stop(r.cmd)
}

// lostIn pulls the plug and lists the messages that had been answered for and are
// not on the disk.
func (r *rig) lostIn(t *testing.T, d *disk, read func() map[string]bool) (lost []string) {
	t.Helper()
	r.mu.Lock()
	before := maps.Clone(r.promised)
	r.mu.Unlock()
	d.pullPlug(t)
	defer d.giveUp(t)
	kept := read()
	for what := range before {
		if id, ok := strings.CutPrefix(what, "message.delivered "); ok && !kept[id] {
			lost = append(lost, id)
		}
	}
	return lost
}

// whole lists the messages that have all that belongs to them.
const whole = `select id from messages m where exists (select 1 from body_chunks b where b.message_id = m.id)
	and exists (select 1 from deliveries d where d.message_id = m.id)`

// keptIn lists the messages in the database on the dead disk that have their body and a delivery.
func (r *rig) keptIn(t *testing.T, d *disk) map[string]bool {
	t.Helper()
	file := filepath.Join(d.dead, filepath.Base(r.data), "myodai.db")
	db, err := sql.Open("sqlite", "file:"+file)
	check(t, err)
	defer db.Close()
	var verdict string
	check(t, db.QueryRow("pragma quick_check").Scan(&verdict))
	if verdict != "ok" {
		t.Errorf("the database is damaged: %s", verdict)
	}
	rows, err := db.Query(whole)
	check(t, err)
	defer rows.Close()
	kept := map[string]bool{}
	for rows.Next() {
		var id string
		check(t, rows.Scan(&id))
		kept[id] = true
	}
	check(t, rows.Err())
	return kept
}
