package track

import (
	"encoding/json"
	"fmt"
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

func (r record) encode() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write a record of %s: %w", r.ID, err)
	}
	return b, nil
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
