package hygiene_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
)

// archive is files to be packed.
type archive struct {
	names []string
	files map[string][]byte
}

func newArchive() *archive { return &archive{files: map[string][]byte{}} }

func (a *archive) add(t *testing.T, name string, content []byte) {
	t.Helper()
	a.names, a.files[name] = append(a.names, name), content
}

func (a *archive) tarGz(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range a.names {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(a.files[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(a.files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func (a *archive) zip(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range a.names {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(a.files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// T45: what is damaged, nested or a bomb is a problem of the file, and the rest of
// the audit goes on.
func TestAuditOfBrokenFiles(t *testing.T) {
	bomb := newArchive()
	bomb.add(t, "zeros.csv", bytes.Repeat([]byte("\x00"), 80<<20))
	packed := bomb.zip(t)
	for _, tt := range []struct{ name, content, problem string }{
		{"cut.zip", packed[:len(packed)/2], "zip: not a valid zip file"},
		{"bomb.zip", packed, "unpacks to far more"},
		{"cut.gz", "\x1f\x8b\x08\x00\x00", "cut short"},
		{"quote.csv", "email\n\"" + strings.Repeat("x", 100<<10) + "\na@fine.example\n", "longer than 64 KiB"},
	} {
		l := newLedger()
		a := audit(t, service(t, l), file{tt.name, tt.content}, file{"list.txt", "a@fine.example\n"})
		if p := a.Summary.Problems; !strings.Contains(fmt.Sprint(p), tt.problem) {
			t.Errorf("%s: problems %v, want %q", tt.name, p, tt.problem)
		}
		if a.Summary.Addresses != 1 {
			t.Errorf("%s: %d addresses, want the one of the other file", tt.name, a.Summary.Addresses)
		}
	}
}

// Lists come in the charsets and with the delimiters of their programs.
func TestAuditOfForeignTables(t *testing.T) {
	for name, content := range map[string]string{
		"semicolons":     "Name;E-Mail\nMüller;a@fine.example\n",
		"tabs, no names": "1\ta@fine.example\n",
		"quoted":         "\"name\",\"email\"\n\"A, B\",\"a@fine.example\"\n",
		"BOM":            "\xef\xbb\xbfemail\na@fine.example\n",
		"Shift_JIS":      "\x96\xbc\x91O,\x83\x81\x81[\x83\x8b\n\x93c\x92\x86,a@fine.example\n",
		"UTF-16":         "\xff\xfee\x00m\x00a\x00i\x00l\x00\n\x00a\x00@\x00f\x00i\x00n\x00e\x00.\x00e\x00x\x00a\x00m\x00p\x00l\x00e\x00\n\x00",
		"one a line":     "a@fine.example\r\n\r\n",
	} {
		l := newLedger()
		a := audit(t, service(t, l), file{name, content})
		if a.Summary.Addresses != 1 || len(l.findings) != 0 {
			t.Errorf("%s: %d addresses, findings %v", name, a.Summary.Addresses, l.findings)
		}
	}
}
