package store

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
)

// packed is a document that may be large: beyond packFrom octets its JSON is
// stored compressed, in base 64. A domain with everything missing makes
// observations of several hundred kilobytes, and all but a tenth of that is
// repetition.
type packed struct{ of any }

const packFrom = 8 << 10

// pack writes the document.
func (p packed) pack() (string, error) {
	text, err := json.Marshal(p.of)
	if err != nil {
		return "", fmt.Errorf("write %T as JSON: %w", p.of, err)
	}
	if len(text) <= packFrom {
		return string(text), nil
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	// Writing into memory does not fail.
	_, _ = w.Write(text)
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// Scan implements sql.Scanner.
func (p packed) Scan(from any) error {
	var text []byte
	switch v := from.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return fmt.Errorf("%T is not JSON text", from)
	}
	if bytes.HasPrefix(text, []byte("{")) { // never begins base 64
		return json.Unmarshal(text, p.of)
	}
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(text)))
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	if text, err = io.ReadAll(r); err != nil { // #nosec G110 -- we packed it, from what a probe may take in
		return fmt.Errorf("unpack: %w", err)
	}
	return json.Unmarshal(text, p.of)
}
