package dmarc

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/myodai/myodai"
)

// Aggregate is what an aggregate report says in sum (RFC 9990 §3): of the mail
// that a receiver saw with the domain in From, how much passed DMARC. Anybody can
// write one, so it is evidence of nothing by itself.
type Aggregate struct {
	Organization string // that reports, in its own words
	ReportID     string
	Domain       myodai.Name // whose record was applied
	Begin, End   time.Time
	Messages     int
	Passed       int      // by DKIM or by SPF, aligned
	Failing      []Source // where most of what did not pass came from
}

// Source is an IP address that mail came from.
type Source struct {
	Address  netip.Addr
	Messages int
}

// The bounds of what is read.
const (
	maxReport   = 16 << 20 // octets of XML, unpacked
	maxRecords  = 100_000
	maxCount    = 1 << 40 // messages of one record
	maxFailing  = 10
	maxReported = 200 // characters of a text
)

// ParseAggregate reads a report as it is attached to a mail: XML as it is, with
// gzip, or alone in a zip archive. An error says why it is none.
func ParseAggregate(file []byte) (Aggregate, error) {
	text, err := unpack(file)
	if err != nil {
		return Aggregate{}, err
	}
	r := &reading{failing: map[netip.Addr]int{}}
	d := xml.NewDecoder(bytes.NewReader(bytes.ToValidUTF8(text, []byte("?"))))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // names and numbers are ASCII
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Aggregate{}, fmt.Errorf("read an aggregate report: %w", err)
		}
		if start, ok := token.(xml.StartElement); ok {
			if err := r.element(d, start); err != nil {
				return Aggregate{}, err
			}
		}
	}
	if !r.feedback || r.sum.Domain == "" {
		return Aggregate{}, errors.New("it is no aggregate report")
	}
	for _, a := range slices.SortedFunc(maps.Keys(r.failing), func(a, b netip.Addr) int {
		return cmp.Or(cmp.Compare(r.failing[b], r.failing[a]), a.Compare(b))
	}) {
		if len(r.sum.Failing) < maxFailing {
			r.sum.Failing = append(r.sum.Failing, Source{a, r.failing[a]})
		}
	}
	return r.sum, nil
}

// reading is a report as far as it is read.
type reading struct {
	sum      Aggregate
	failing  map[netip.Addr]int
	feedback bool
	records  int
}

func (r *reading) element(d *xml.Decoder, start xml.StartElement) error {
	switch start.Name.Local {
	case "feedback":
		r.feedback = true
	case "report_metadata":
		var m struct {
			Organization string `xml:"org_name"`
			ReportID     string `xml:"report_id"`
			Begin        int64  `xml:"date_range>begin"`
			End          int64  `xml:"date_range>end"`
		}
		if err := d.DecodeElement(&m, &start); err != nil {
			return fmt.Errorf("read who reports: %w", err)
		}
		r.sum.Organization, r.sum.ReportID = reported(m.Organization), reported(m.ReportID)
		r.sum.Begin, r.sum.End = time.Unix(m.Begin, 0).UTC(), time.Unix(m.End, 0).UTC()
	case "policy_published":
		var p struct {
			Domain string `xml:"domain"`
		}
		if err := d.DecodeElement(&p, &start); err != nil {
			return fmt.Errorf("read what was published: %w", err)
		}
		name, err := myodai.ParseName(strings.TrimSpace(p.Domain))
		if err != nil {
			return fmt.Errorf("read what was published: %w", err)
		}
		r.sum.Domain = name
	case "record":
		return r.record(d, start)
	}
	return nil
}

// record reads what a report says of one source.
func (r *reading) record(d *xml.Decoder, start xml.StartElement) error {
	if r.records++; r.records > maxRecords {
		return fmt.Errorf("the report has more than %d records", maxRecords)
	}
	var row struct {
		Source string `xml:"row>source_ip"`
		Count  int    `xml:"row>count"`
		DKIM   string `xml:"row>policy_evaluated>dkim"`
		SPF    string `xml:"row>policy_evaluated>spf"`
	}
	if err := d.DecodeElement(&row, &start); err != nil {
		return fmt.Errorf("read a record: %w", err)
	}
	if row.Count < 0 || row.Count > maxCount {
		return fmt.Errorf("a record is of %d messages", row.Count)
	}
	r.sum.Messages += row.Count
	if strings.EqualFold(strings.TrimSpace(row.DKIM), "pass") || strings.EqualFold(strings.TrimSpace(row.SPF), "pass") {
		r.sum.Passed += row.Count
		return nil
	}
	if a, err := netip.ParseAddr(strings.TrimSpace(row.Source)); err == nil {
		r.failing[a.WithZone("").Unmap()] += row.Count
	}
	return nil
}

// unpack is the XML of a report.
func unpack(file []byte) ([]byte, error) {
	var from io.Reader = bytes.NewReader(file)
	switch {
	case bytes.HasPrefix(file, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(from)
		if err != nil {
			return nil, fmt.Errorf("unpack a report: %w", err)
		}
		from = z
	case bytes.HasPrefix(file, []byte("PK\x03\x04")):
		z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
		if err != nil || len(z.File) == 0 {
			return nil, errors.New("unpack a report: it is no zip archive with a file in it")
		}
		f, err := z.File[0].Open()
		if err != nil {
			return nil, fmt.Errorf("unpack a report: %w", err)
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxReport+1))
	if err != nil {
		return nil, fmt.Errorf("unpack a report: %w", err)
	}
	if len(text) > maxReport {
		return nil, fmt.Errorf("the report is longer than %d octets", maxReport)
	}
	return text, nil
}

// reported is a text of a stranger's on one line.
func reported(text string) string {
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxReported {
		text = string(runes[:maxReported])
	}
	return text
}
