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
	b = appendText(append(b, `{"id":`...), string(r.ID))
	b = appendString(b, "t", string(r.Tenant))
	b = appendString(b, "m", string(r.Message))
	b = appendString(b, "d", string(r.Delivery))
	b = appendNumber(b, "at", r.At)
	b = appendString(b, "k", string(r.Kind))
	b = appendNumber(b, "n", int64(r.Link))
	b = appendNumber(b, "of", int64(r.Of))
	b = appendString(b, "u", r.URL)
	b = appendString(b, "a", r.Agent)
	b = appendFlag(b, "head", r.Head)
	b = appendFlag(b, "pre", r.Prefetch)
	b = appendString(b, "c", string(r.Class))
	b = appendString(b, "w", string(r.Way))
	b = appendFlag(b, "undo", r.Undo)
	return append(b, '}')
}

func appendName(b []byte, name string) []byte {
	return append(append(append(b, `,"`...), name...), `":`...)
}

func appendString(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendText(appendName(b, name), value)
}

func appendNumber(b []byte, name string, value int64) []byte {
	if value == 0 {
		return b
	}
	return strconv.AppendInt(appendName(b, name), value, 10)
}

func appendFlag(b []byte, name string, value bool) []byte {
	if !value {
		return b
	}
	return append(appendName(b, name), "true"...)
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
