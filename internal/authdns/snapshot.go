package authdns

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
)

// snapshot is what the file holds: records and not their wire form, so that it
// is judged anew when it is read. There are no secrets in it, only what DNS says
// to anybody who knows a name.
type snapshot struct {
	Serial  uint32          `json:"serial"`
	Records []myodai.Record `json:"records"`
}

// restore serves the snapshot in the file, if there is one and no zone yet.
func (s *Server) restore() {
	s.loading.Lock()
	defer s.loading.Unlock()
	if s.o.SnapshotFile == "" || s.zone.Load() != nil {
		return
	}
	z, err := read(s.o.SnapshotFile, s.o.Zone)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		s.log.Error("zone snapshot not used", "file", s.o.SnapshotFile, "err", err)
		return
	}
	s.serve(z)
	s.log.Info("zone restored from its snapshot", "serial", z.serial, "records", z.records)
}

func read(file string, zone myodai.Name) (*Zone, error) {
	text, err := os.ReadFile(file) // #nosec G304 -- of the operator's choice
	if err != nil {
		return nil, err
	}
	var kept snapshot
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, err
	}
	return NewZone(zone, kept.Records, kept.Serial)
}

// save writes what is unsaved. The caller holds s.loading.
func (s *Server) save() {
	if s.unsaved == nil || s.o.SnapshotFile == "" {
		return
	}
	if err := write(s.o.SnapshotFile, *s.unsaved); err != nil {
		s.fault(&s.fileFaults, "zone snapshot not written", "file", s.o.SnapshotFile, "err", err)
		return
	}
	s.unsaved = nil
}

// write replaces the file as a whole or not at all, whenever the power fails:
// the new content is on disk before it gets the name, and the name before we go
// on.
func write(file string, kept snapshot) (err error) {
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, filepath.Base(file)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()           // it may be closed already
			_ = os.Remove(f.Name()) // the first error is the one to tell
		}
	}()
	if err := json.NewEncoder(f).Encode(kept); err != nil {
		return err
	}
	crash.Point("snapshot", "before the fsync")
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	crash.Point("snapshot", "before the rename")
	if err := os.Rename(f.Name(), file); err != nil {
		return err
	}
	crash.Point("snapshot", "after the rename")
	d, err := os.Open(dir) // #nosec G304 -- of the operator's choice
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
