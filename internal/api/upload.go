package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/myodai/myodai"
)

// uploadPause is how long an upload may stand still.
const uploadPause = time.Minute

// patient is a body that may take as long as it likes, as long as something
// arrives.
type patient struct {
	body io.Reader
	on   *http.ResponseController
}

func (p *patient) Read(b []byte) (int, error) {
	// Where a deadline cannot be set there is none.
	_ = p.on.SetReadDeadline(time.Now().Add(uploadPause))
	return p.body.Read(b)
}

// eachFile gives every file of an upload to take: those of a form, or the body
// itself, under the name in the query.
func eachFile(ctx context.Context, name string, take func(name string, from io.Reader) error) error {
	r := requestOf(ctx).raw
	on := http.NewResponseController(requestOf(ctx).w)
	_ = on.SetWriteDeadline(time.Time{}) // an upload takes as long as it takes
	body := &patient{r.Body, on}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		if r.ContentLength == 0 {
			return myodai.Invalidf("there is no file; send one as the body, or several as multipart/form-data")
		}
		if name == "" {
			name = "upload"
		}
		return take(name, body)
	}
	form := multipart.NewReader(body, params["boundary"])
	files := 0
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF) && files > 0:
			return nil
		case errors.Is(err, io.EOF):
			return myodai.Invalidf("the form has no file in it; send one at least")
		case err != nil:
			return brokenUpload(err)
		case part.FileName() == "":
			continue
		}
		files++
		if err := take(part.FileName(), part); err != nil {
			return err
		}
	}
}

func brokenUpload(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return myodai.Invalidf("the upload is cut short; send it again")
	}
	return myodai.Invalidf("the form cannot be read; send it as multipart/form-data (RFC 7578)")
}

// document says in the OpenAPI document what goes in and comes out that is not
// JSON.
func (o operation) document(op *huma.Operation) {
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	if o.upload != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
		for _, media := range o.upload {
			op.RequestBody.Content[media] = &huma.MediaType{Schema: binary}
		}
	}
	if o.answers != "" {
		op.Responses = map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{o.answers: {Schema: binary}},
		}}
	}
}

// download is an answer that is written as it comes about. write is called after
// the header has been sent: what fails then cuts the connection, so that nobody
// takes half of a file for all of it.
func (s *Server) download(media, name string, write func(ctx context.Context, w io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		ctx := hc.Context()
		_ = http.NewResponseController(requestOf(ctx).w).SetWriteDeadline(time.Time{})
		hc.SetHeader("Content-Type", media)
		hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		hc.SetHeader("Content-Security-Policy", "sandbox; default-src 'none'") // a stranger wrote what is in it
		if err := write(ctx, hc.BodyWriter()); err != nil {
			if ctx.Err() == nil {
				s.log.ErrorContext(ctx, "download broke off", "request", requestOf(ctx).id, "err", err)
			}
			panic(http.ErrAbortHandler)
		}
	}}
}
