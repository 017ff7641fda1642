package hygiene

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/myodai/myodai"
)

// maxRow is the longest row of a table, in octets. A quote that nobody closed
// would otherwise make one row of the rest of the file.
const maxRow = 64 << 10

// sample is how much of a file is looked at before it is read.
const sample = 4 << 10

var errLongRow = myodai.Refuse(myodai.CodeInvalid, "", "the row is longer than 64 KiB; perhaps a quotation mark is not closed")

// table reads rows of cells as RFC 4180 has them, and as programs write them:
// with commas, semicolons or tabs, with CRLF or LF, in UTF-8, UTF-16 or
// Shift_JIS. A list with one address per line is a table of one column.
type table struct {
	r     *bufio.Reader
	comma byte
	line  int // of the row that was read last
	lines int // read so far
	cells []string
	cell  []byte
}

func newTable(from io.Reader) *table {
	b := bufio.NewReaderSize(from, 64<<10)
	start, _ := b.Peek(sample) // a short file is all there is
	var decoded io.Reader = b
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		_, _ = b.Discard(3) // was peeked
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		decoded = transform.NewReader(b, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
	case !isUTF8(start):
		// What Excel writes in Japan. Addresses are ASCII in it anyway.
		decoded = transform.NewReader(b, japanese.ShiftJIS.NewDecoder())
	}
	r := b
	if decoded != b {
		r = bufio.NewReaderSize(decoded, 64<<10)
	}
	start, _ = r.Peek(sample)
	return &table{r: r, comma: delimiter(start)}
}

// isUTF8 allows for a character that the sample cuts in two.
func isUTF8(b []byte) bool {
	for cut := 0; cut < utf8.UTFMax && cut <= len(b); cut++ {
		if utf8.Valid(b[:len(b)-cut]) {
			return true
		}
	}
	return false
}

// delimiter is the one that the first lines have most of.
func delimiter(start []byte) byte {
	best, most := byte(','), 0
	for _, c := range []byte{',', ';', '\t'} {
		if n := bytes.Count(start, []byte{c}); n > most {
			best, most = c, n
		}
	}
	return best
}

// next reads one row; its cells are valid until the next call. It returns io.EOF
// at the end. After errLongRow the next row begins with the next line.
func (t *table) next() ([]string, error) {
	t.cells, t.cell = t.cells[:0], t.cell[:0]
	t.line = t.lines + 1
	quoted, read := false, 0
	for {
		c, err := t.r.ReadByte()
		switch {
		case err == io.EOF && read == 0:
			return nil, io.EOF
		case err == io.EOF:
			t.lines++
			return t.end(), nil
		case err != nil:
			return nil, err
		}
		if read++; read > maxRow {
			return nil, errors.Join(errLongRow, t.skipLine())
		}
		switch {
		case quoted && c == '"':
			if following, err := t.r.Peek(1); err == nil && following[0] == '"' {
				_, _ = t.r.Discard(1) // was peeked
				t.cell = append(t.cell, '"')
				continue
			}
			quoted = false
		case c == '\n':
			t.lines++
			if !quoted {
				return t.end(), nil
			}
			t.cell = append(t.cell, c)
		case quoted:
			t.cell = append(t.cell, c)
		case c == '"' && len(t.cell) == 0:
			quoted = true
		case c == t.comma:
			t.cells, t.cell = append(t.cells, string(t.cell)), t.cell[:0]
		default:
			t.cell = append(t.cell, c)
		}
	}
}

// end ends a row.
func (t *table) end() []string {
	return append(t.cells, string(bytes.TrimSuffix(t.cell, []byte("\r"))))
}

func (t *table) skipLine() error {
	for {
		_, err := t.r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF:
			return nil
		}
		t.lines++
		return err
	}
}
