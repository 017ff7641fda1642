package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

// assets are what pages are made with: one style sheet, one script, pictures.
// Each is served under a name that holds the hash of its content, so that a
// browser never has to ask for it again.
type assets struct {
	named map[string]string // "console.css" → "/assets/console.<hash>.css"
	files map[string]asset  // by the name in the address
}

type asset struct {
	kind  string
	plain []byte
	small []byte // compressed; nil where that gains nothing
}

// mediaTypes is every type of file we serve.
var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// loadAssets reads the embedded files. Style sheets and scripts are written in
// parts, by what they are about, and served as one file each: the parts in the
// order of their names.
var loadAssets = sync.OnceValue(func() assets {
	a := assets{named: map[string]string{}, files: map[string]asset{}}
	whole := map[string][]byte{}
	err := fs.WalkDir(ui, "ui/assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := ui.ReadFile(name)
		served := path.Base(name)
		if ext := path.Ext(name); ext == ".css" || ext == ".js" {
			served = "console" + ext
		}
		whole[served] = append(whole[served], text...)
		return err
	})
	if err != nil {
		panic("console: " + err.Error())
	}
	for name, content := range whole {
		a.add(name, content)
	}
	return a
})

func (a assets) add(name string, content []byte) {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	served := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
	file := asset{kind: mediaTypes[ext], plain: content}
	if small := compress(content); len(small) < len(content) {
		file.small = small
	}
	a.named[name], a.files[served] = "/assets/"+served, file
}

// path is where an asset is served.
func (a assets) path(name string) string {
	if p, ok := a.named[name]; ok {
		return p
	}
	panic("console: there is no asset " + name)
}

// ServeHTTP serves one asset.
func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := a.files[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := file.plain
	if file.small != nil && takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = file.small
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader has gone if this fails
	}
}

// takesGzip reports whether the browser takes compressed bodies (RFC 9110 §12.5.3).
func takesGzip(r *http.Request) bool {
	for item := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, q, _ := strings.Cut(strings.TrimSpace(item), ";")
		if strings.EqualFold(coding, "gzip") {
			return strings.TrimSpace(q) != "q=0"
		}
	}
	return false
}

// compress is a body as gzip has it.
func compress(body []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(body) // a buffer takes everything
	_ = z.Close()
	return out.Bytes()
}
