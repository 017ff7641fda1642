package console

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/handoff"
)

// download is the records as a file.
type download struct {
	Path  string
	Label string
}

// formats are the files there are. Terraform has one for each provider.
var formats = []string{"zone", "csv", "octodns", "dnscontrol", "terraform-cloudflare", "terraform-aws", "terraform-google", "terraform-azurerm"}

// extensions of the files.
var extensions = map[string]string{"zone": "zone", "csv": "csv", "octodns": "yaml", "dnscontrol": "js"}

func newDownloads(r reader, path string, in reading) []download {
	var list []download
	for _, format := range formats {
		list = append(list, download{path + "/download/" + format, r.say("download." + format)})
	}
	return list
}

// file writes the records in a format; ok is false when there is none of that
// name. What is there already and is to stay as it is, is left out (C3).
func file(in reading, format string) (text, name string, ok bool) {
	if !slices.Contains(formats, format) {
		return "", "", false
	}
	sheet := handoff.Sheet{Zone: in.Zone(), Items: handoff.Whole(in.Plan, in.Seen)}
	ext := extensions[format]
	switch format {
	case "zone":
		text = handoff.ZoneFile(sheet)
	case "csv":
		text = handoff.CSV(sheet, diagnose.HostOf(in.Last))
	case "octodns":
		text = handoff.OctoDNS(sheet)
	case "dnscontrol":
		text = handoff.DNSControl(sheet)
	default:
		text, ext = handoff.Terraform(sheet, handoff.Provider(format[len("terraform-"):])), "tf"
	}
	return text, string(in.Domain.Name) + "." + ext, true
}

func downloadRecords(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	return v.download(in)
}

// download answers with a file. It is never shown as a page.
func (v *visit) download(in reading) error {
	text, name, ok := file(in, v.r.PathValue("format"))
	if !ok {
		return errNoPage
	}
	v.begun = true
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	v.w.Header().Set("Content-Disposition", "attachment; filename="+strconv.Quote(name))
	return send(v.w, v.r, http.StatusOK, []byte(text))
}
