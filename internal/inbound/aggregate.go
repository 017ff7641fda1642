package inbound

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// The bounds of looking for a report in a mail.
const (
	maxReportParts = 20
	maxReportFile  = 8 << 20 // octets of one attachment
)

// readReport reads the aggregate report of a domain's mail that came by mail
// (RFC 9990 §3), and says why there is none.
func readReport(d myodai.Domain, raw []byte) (dmarc.Aggregate, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return dmarc.Aggregate{}, errors.New("it is no mail with a header")
	}
	report, err := reportIn(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	if err == nil && !report.Domain.Under(d.Name) && !d.Name.Under(report.Domain) {
		err = errors.New("it is about another domain, " + string(report.Domain))
	}
	return report, err
}

// reportIn looks into a body, and into its parts when it has some.
func reportIn(contentType, encoding string, body io.Reader) (dmarc.Aggregate, error) {
	kind, params, _ := mime.ParseMediaType(contentType)
	if !strings.HasPrefix(kind, "multipart/") {
		return reportFile(encoding, body)
	}
	wrong := errors.New("there is no report attached")
	parts := multipart.NewReader(body, params["boundary"])
	for range maxReportParts {
		part, err := parts.NextRawPart()
		if err != nil {
			break
		}
		if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); strings.HasPrefix(kind, "text/plain") || strings.HasPrefix(kind, "text/html") {
			continue // for people
		}
		report, err := reportFile(part.Header.Get("Content-Transfer-Encoding"), part)
		if err == nil {
			return report, nil
		}
		wrong = err
	}
	return dmarc.Aggregate{}, wrong
}

func reportFile(encoding string, body io.Reader) (dmarc.Aggregate, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	file, err := io.ReadAll(io.LimitReader(body, maxReportFile))
	if err != nil {
		return dmarc.Aggregate{}, errors.New("the attachment cannot be decoded")
	}
	return dmarc.ParseAggregate(file)
}

// reported is what an event tells of a report, in the words of whoever wrote it.
func reported(r dmarc.Aggregate, err error) map[string]any {
	if err != nil {
		return map[string]any{"unread": err.Error()}
	}
	failing := []map[string]any{}
	for _, s := range r.Failing {
		failing = append(failing, map[string]any{"address": s.Address.String(), "messages": s.Messages})
	}
	return map[string]any{
		"organization": r.Organization, "report": r.ReportID, "about": string(r.Domain), "messages": r.Messages, "passed": r.Passed, "failing": failing,
		"from": r.Begin.Format(time.RFC3339), "until": r.End.Format(time.RFC3339),
	}
}
