package store

import (
	"fmt"
	"sync"
	"syscall"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// gathering is the VFS of the SQLite connection that writes: the driver's own, but
// that writes which follow each other in a file reach the system as one. SQLite hands
// over each page of a commit by itself, and the 24 octets before it as well.
//
// What was gathered is written before anything else is done with the file, and so
// before the sync that makes a commit durable. It needs synchronous(full), with which
// SQLite shows others nothing before that, and cache_spill(0), with which it writes
// nothing before a commit and so leaves nothing behind (decision 14).
const gathering = "myodai-gathering"

// mostGathered bounds what one file has in memory, in octets. SQLite's own VFS writes
// less than 128 KiB at a time.
const mostGathered = 120 << 10

// gathered is an open file, and what is to be written at an offset of it.
type gathered struct {
	base   *methods
	buffer uintptr // of mostGathered octets, in the memory of SQLite
	length int32
	at     int64
}

// methods are those of a kind of file, and where ours are instead.
type methods struct {
	theirs sqlite3.Tsqlite3_io_methods
	ours   uintptr
}

// The VFS calls us with the address of a file, and with nothing of Go.
var (
	gatherOnce  sync.Once
	gatherError error
	theirVFS    uintptr
	theirs      sqlite3.Tsqlite3_vfs

	gatherMu     sync.Mutex
	gatherings   = map[uintptr]*gathered{} // by file
	methodsKnown = map[uintptr]*methods{}  // by theirs
)

// useGathering makes the VFS known to SQLite.
func useGathering() error {
	gatherOnce.Do(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		name, err := libc.CString(gathering)
		if theirVFS = sqlite3.Xsqlite3_vfs_find(tls, 0); err != nil || theirVFS == 0 {
			gatherError = fmt.Errorf("SQLite has no VFS to build on: %w", err)
			return
		}
		theirs = structure[sqlite3.Tsqlite3_vfs](theirVFS)
		ours := theirs
		ours.FpNext, ours.FzName, ours.FxOpen = 0, name, pointer(gatherOpen)
		if rc := sqlite3.Xsqlite3_vfs_register(tls, given(&ours), 0); rc != sqlite3.SQLITE_OK {
			gatherError = fmt.Errorf("register the VFS with SQLite: code %d", rc)
		}
	})
	return gatherError
}

// gatherOpen opens a file, and puts our methods into those that commits and
// checkpoints write.
func gatherOpen(tls *libc.TLS, _, name, file uintptr, flags int32, outFlags uintptr) int32 {
	open := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](theirs.FxOpen)
	rc := open(tls, theirVFS, name, file, flags, outFlags)
	if rc != sqlite3.SQLITE_OK || flags&(sqlite3.SQLITE_OPEN_WAL|sqlite3.SQLITE_OPEN_MAIN_DB) == 0 {
		return rc
	}
	g := &gathered{buffer: libc.Xmalloc(tls, mostGathered)}
	if g.buffer == 0 {
		return rc // so it works without us
	}
	gatherMu.Lock()
	defer gatherMu.Unlock()
	kind := libc.AtomicLoadPUintptr(file) // the methods are what a file begins with
	if g.base = methodsKnown[kind]; g.base == nil {
		g.base = &methods{theirs: structure[sqlite3.Tsqlite3_io_methods](kind)}
		m := g.base.theirs
		m.FxClose, m.FxRead, m.FxWrite = pointer(gatherClose), pointer(gatherRead), pointer(gatherWrite)
		m.FxTruncate, m.FxSync, m.FxFileSize = pointer(gatherTruncate), pointer(gatherSync), pointer(gatherFileSize)
		if m.FxShmMap != 0 {
			m.FxShmMap = pointer(mapIndex)
		}
		g.base.ours, methodsKnown[kind] = given(&m), g.base
	}
	libc.AtomicStorePUintptr(file, g.base.ours)
	gatherings[file] = g
	return rc
}

func gatherWrite(tls *libc.TLS, file, from uintptr, n int32, at int64) int32 {
	g := gatheredOf(file)
	if g.length > 0 && (at != g.at+int64(g.length) || g.length+n > mostGathered) {
		if rc := g.flush(tls, file); rc != sqlite3.SQLITE_OK {
			return rc
		}
	}
	if n > mostGathered {
		return g.write(tls, file, from, n, at)
	}
	if g.length == 0 {
		g.at = at
	}
	libc.Xmemcpy(tls, g.buffer+uintptr(g.length), from, libc.Tsize_t(n)) // #nosec G115 -- a length
	g.length += n
	return sqlite3.SQLITE_OK
}

// write has the system write.
func (g *gathered) write(tls *libc.TLS, file, from uintptr, n int32, at int64) int32 {
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](g.base.theirs.FxWrite)(tls, file, from, n, at)
}

// flush writes what was gathered. What fails is not tried again: SQLite undoes the
// transaction it was of.
func (g *gathered) flush(tls *libc.TLS, file uintptr) int32 {
	if g.length == 0 {
		return sqlite3.SQLITE_OK
	}
	n := g.length
	g.length = 0
	return g.write(tls, file, g.buffer, n, g.at)
}

func gatherRead(tls *libc.TLS, file, to uintptr, n int32, at int64) int32 {
	g := gatheredOf(file)
	if rc := g.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](g.base.theirs.FxRead)(tls, file, to, n, at)
}

func gatherTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	g := gatheredOf(file)
	if rc := g.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[func(*libc.TLS, uintptr, int64) int32](g.base.theirs.FxTruncate)(tls, file, size)
}

func gatherSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	g := gatheredOf(file)
	if rc := g.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[func(*libc.TLS, uintptr, int32) int32](g.base.theirs.FxSync)(tls, file, flags)
}

func gatherFileSize(tls *libc.TLS, file, size uintptr) int32 {
	g := gatheredOf(file)
	if rc := g.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[func(*libc.TLS, uintptr, uintptr) int32](g.base.theirs.FxFileSize)(tls, file, size)
}

func gatherClose(tls *libc.TLS, file uintptr) int32 {
	g := gatheredOf(file)
	failed := g.flush(tls, file)
	gatherMu.Lock()
	delete(gatherings, file)
	gatherMu.Unlock()
	libc.Xfree(tls, g.buffer)
	if rc := function[func(*libc.TLS, uintptr) int32](g.base.theirs.FxClose)(tls, file); failed == sqlite3.SQLITE_OK {
		return rc
	}
	return failed
}

// mapIndex maps a part of the index of the WAL into memory, and lets it grow for that.
// SQLite has one code for whatever keeps it from growing; a full disk gets its own.
func mapIndex(tls *libc.TLS, file uintptr, part, size, grow int32, to uintptr) int32 {
	theirs := gatheredOf(file).base.theirs.FxShmMap
	rc := function[func(*libc.TLS, uintptr, int32, int32, int32, uintptr) int32](theirs)(tls, file, part, size, grow, to)
	if rc != sqlite3.SQLITE_IOERR_SHMSIZE {
		return rc
	}
	switch syscall.Errno(libc.AtomicLoadPInt32(libc.X__errno_location(tls))) { // #nosec G115 -- never negative
	case syscall.ENOSPC, syscall.EDQUOT:
		return sqlite3.SQLITE_FULL
	}
	return rc
}

func gatheredOf(file uintptr) *gathered {
	gatherMu.Lock()
	defer gatherMu.Unlock()
	return gatherings[file]
}

// How the driver, which was C, holds functions and structures: as addresses, those
// of structures in memory of its own.

// pointer is the address of a function of the package.
func pointer[F any](f F) uintptr {
	return *(*uintptr)(unsafe.Pointer(&f)) // #nosec G103 -- as the driver's own VFS does
}

// function is the function at an address.
func function[F any](at uintptr) F {
	return *(*F)(unsafe.Pointer(&at)) // #nosec G103 -- an address that the driver gave, of this type
}

// structure is a copy of what the driver has at an address.
func structure[T any](at uintptr) (v T) {
	of := octetsOf(&v)
	copy(of, libc.GoBytes(at, len(of)))
	return v
}

// given is where the driver has a copy of a structure from now on.
func given[T any](v *T) uintptr {
	at, err := libc.CString(string(octetsOf(v)))
	if err != nil {
		panic(err) // there is no memory, at the start
	}
	return at
}

func octetsOf[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)) // #nosec G103 -- exactly v
}
