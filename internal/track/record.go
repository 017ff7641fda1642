package track

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/myodai/myodai"
)

// record is one thing that happened, as the spool keeps it. A field that is
// added must mean nothing when it is missing: files outlive versions.
type record struct {
	ID       myodai.VisitID    `json:"id"`
	Tenant   myodai.TenantID   `json:"t"`
	Message  myodai.MessageID  `json:"m"`
	Delivery myodai.DeliveryID `json:"d,omitempty"`
	At       int64             `json:"at"` // microseconds

	Kind     myodai.VisitKind `json:"k,omitempty"` // "" for a wish
	Link     int              `json:"n,omitempty"`
	Of       int              `json:"of,omitempty"`
	URL      string           `json:"u,omitempty"`
	Agent    string           `json:"a,omitempty"`
	Head     bool             `json:"head,omitempty"`
	Prefetch bool             `json:"pre,omitempty"`

	Class myodai.ClassName      `json:"c,omitempty"`
	Way   myodai.UnsubscribeWay `json:"w,omitempty"`
	Undo  bool                  `json:"undo,omitempty"`
}

func (r record) copy() myodai.Copy {
	return myodai.Copy{TenantID: r.Tenant, MessageID: r.Message, DeliveryID: r.Delivery}
}

func (r record) at() time.Time { return time.UnixMicro(r.At).UTC() }

// seen is a record of a visit as it is judged.
func (r record) seen() seen {
	return seen{
		visit: myodai.Visit{ID: r.ID, Copy: r.copy(), Kind: r.Kind, At: r.at(), Link: r.Link, URL: r.URL, Agent: r.Agent},
		of:    r.Of, head: r.Head, prefetch: r.Prefetch,
	}
}

// wish is a record of an unsubscription.
func (r record) wish() myodai.Unsubscription {
	return myodai.Unsubscription{ID: r.ID, Copy: r.copy(), Class: r.Class, Way: r.Way, Undo: r.Undo, At: r.at()}
}

// append writes the record as json.Marshal would, without what is empty. It is
// by hand because every click waits for it.
func (r record) append(b []byte) []byte {
	text := func(name, value string) {
		if value != "" {
			b = append(append(append(b, `,"`...), name...), `":`...)
			b = appendText(b, value)
		}
	}
	number := func(name string, value int64) {
		if value != 0 {
			b = append(append(append(b, `,"`...), name...), `":`...)
			b = strconv.AppendInt(b, value, 10)
		}
	}
	flag := func(name string, value bool) {
		if value {
			b = append(append(append(b, `,"`...), name...), `":true`...)
		}
	}
	b = appendText(append(b, `{"id":`...), string(r.ID))
	text("t", string(r.Tenant))
	text("m", string(r.Message))
	text("d", string(r.Delivery))
	number("at", r.At)
	text("k", string(r.Kind))
	number("n", int64(r.Link))
	number("of", int64(r.Of))
	text("u", r.URL)
	text("a", r.Agent)
	flag("head", r.Head)
	flag("pre", r.Prefetch)
	text("c", string(r.Class))
	text("w", string(r.Way))
	flag("undo", r.Undo)
	return append(b, '}')
}

// appendText writes a string of JSON.
func appendText(b []byte, s string) []byte {
	for _, c := range []byte(s) {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string can always be
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func decodeRecords(list [][]byte) ([]record, error) {
	records := make([]record, len(list))
	for i, b := range list {
		if err := json.Unmarshal(b, &records[i]); err != nil {
			return nil, fmt.Errorf("read a record: %w", err)
		}
	}
	return records, nil
}
