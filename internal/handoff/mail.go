package handoff

import (
	"fmt"
	"html/template"
	"strings"
)

// text is the mail for readers without HTML. Every value stands alone on its
// line, so that it is copied whole.
func (p page) text() string {
	var b strings.Builder
	paragraph := func(lines ...string) {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		for _, line := range lines {
			b.WriteString(line + "\n")
		}
	}
	if opening := strings.TrimSpace(p.Letter.Opening); opening != "" {
		paragraph(opening)
	}
	paragraph(append([]string{"== " + p.Heading + " =="}, p.Hints...)...)
	for _, r := range p.Records {
		lines := []string{fmt.Sprintf("[%d] %s", r.Number, r.Title), r.Why}
		for _, f := range r.Fields {
			lines = append(lines, "  "+f.Label+": "+f.Value)
		}
		paragraph(append(lines, r.Notes...)...)
	}
	if p.Link != "" {
		paragraph(p.LinkText, p.Link)
	}
	lines := []string{"== " + p.Please + " =="}
	for _, request := range p.Requests {
		lines = append(lines, "- "+request)
	}
	paragraph(lines...)
	if closing := strings.TrimSpace(p.Letter.Closing); closing != "" {
		paragraph(closing)
	}
	return b.String()
}

// html is the mail with tables. It loads nothing from anywhere.
func (p page) html() (string, error) {
	var b strings.Builder
	if err := mailTemplate.Execute(&b, p); err != nil {
		return "", fmt.Errorf("write the request as HTML: %w", err)
	}
	return b.String(), nil
}

// mailTemplate escapes whatever is put into it, by where it is put (T70).
var mailTemplate = template.Must(template.New("mail").Funcs(template.FuncMap{
	"paragraphs": func(s string) []string { return split(s, "\n\n") },
	"lines":      func(s string) []string { return split(s, "\n") },
}).Parse(`{{define "letter"}}{{range paragraphs .}}<p>{{range $n, $line := lines .}}{{if $n}}<br>
{{end}}{{$line}}{{end}}</p>
{{end}}{{end -}}
<!DOCTYPE html>
<html lang="{{.Language}}">
<head><meta charset="utf-8"><title>{{.Letter.Subject}}</title></head>
<body style="margin:0 auto;padding:16px;max-width:44em;font-family:system-ui,-apple-system,'Segoe UI','Hiragino Sans','Noto Sans JP',Meiryo,sans-serif;line-height:1.7;color:#1f2933">
{{template "letter" .Letter.Opening -}}
<h2 style="font-size:1.1em;margin:2em 0 .5em">{{.Heading}}</h2>
{{range .Hints}}<p style="margin:.3em 0">{{.}}</p>
{{end -}}
{{range .Records}}<h3 style="font-size:1em;margin:1.6em 0 .2em">{{.Number}}. {{.Title}}</h3>
<p style="margin:0 0 .5em">{{.Why}}</p>
<table style="border-collapse:collapse;width:100%">
{{range .Fields}}<tr><th scope="row" style="text-align:left;vertical-align:top;font-weight:normal;white-space:nowrap;padding:4px 12px 4px 0;color:#52606d">{{.Label}}</th><td style="padding:4px 0;word-break:break-all">{{if .Copied}}<code style="font-family:ui-monospace,Consolas,monospace">{{.Value}}</code>{{else}}{{.Value}}{{end}}</td></tr>
{{end}}</table>
{{range .Notes}}<p style="margin:.5em 0 0;word-break:break-all">{{.}}</p>
{{end}}{{end -}}
{{if .Link}}<p style="margin-top:2em">{{.LinkText}}<br>
<a href="{{.Link}}">{{.Link}}</a></p>
{{end -}}
<h2 style="font-size:1.1em;margin:2em 0 .5em">{{.Please}}</h2>
<ul style="padding-left:1.2em">
{{range .Requests}}<li>{{.}}</li>
{{end}}</ul>
{{template "letter" .Letter.Closing -}}
</body>
</html>
`))

// split cuts a text and drops what is empty.
func split(s, at string) []string {
	var parts []string
	for part := range strings.SplitSeq(s, at) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
