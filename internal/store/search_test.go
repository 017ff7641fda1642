package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func TestFindMessages(t *testing.T) { testFindMessages(t) }

// The same when mail of one domain is looked through, because there is so much.
func TestFindMessagesOfAFrequentDomain(t *testing.T) {
	t.Cleanup(store.CallFrequent(1))
	testFindMessages(t)
}

func testFindMessages(t *testing.T) {
	t.Helper()
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		other := newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		var ids []myodai.MessageID
		for i, subject := range []string{"Order 1_0%", "Order 110x", "請求書のご案内"} {
			m := letter(d, t0.Add(time.Duration(i)*time.Minute), rcpt(fmt.Sprintf("r%d", i), "example.net"))
			m.Message.Subject = subject
			ids = append(ids, m.Message.ID)
			accept(t, s, m)
		}
		claimed, _ := claim(t, s, "n1", 9, t0.Add(time.Hour))
		for _, c := range claimed {
			if c.Recipient.Local == "r1" {
				must(s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{finished(c, myodai.DeliveryDeferred, t0)}))(t)
			}
		}
		for _, tt := range []struct {
			name   string
			filter store.MessageFilter
			want   []int
		}{
			{"all", store.MessageFilter{}, []int{2, 1, 0}},
			{"by id", store.MessageFilter{Text: string(ids[1])}, []int{1}},
			{"by recipient", store.MessageFilter{Text: " r2@example.net "}, []int{2}},
			{"by recipient's domain", store.MessageFilter{Text: "@example.net"}, []int{2, 1, 0}},
			{"by a domain that got nothing", store.MessageFilter{Text: "example.org"}, nil},
			{"by subject", store.MessageFilter{Text: "ORDER"}, []int{1, 0}},
			{"by subject in Japanese", store.MessageFilter{Text: "請求書"}, []int{2}},
			{"signs of patterns stand for themselves", store.MessageFilter{Text: "1_0%"}, []int{0}},
			{"by a state that is not looked for", store.MessageFilter{State: myodai.DeliveryAccepted}, nil},
			{"by recipient and state", store.MessageFilter{Text: "r2@example.net", State: myodai.DeliveryBounced}, nil},
			{"by recipient's domain and state", store.MessageFilter{Text: "example.net", State: myodai.DeliveryDeferred}, []int{1}},
			{"by subject and state", store.MessageFilter{Text: "order", State: myodai.DeliveryDeferred}, []int{1}},
			{"by what is deferred", store.MessageFilter{State: myodai.DeliveryDeferred}, []int{1}},
			{"by state", store.MessageFilter{State: myodai.DeliveryBounced}, nil},
			{"quotes", store.MessageFilter{Text: `' or 1=1 --`}, nil},
		} {
			list := every(t, func(p myodai.Page) ([]store.MessageLine, string, error) {
				return s.FindMessages(t.Context(), tenant.ID, tt.filter, p)
			})
			var got []int
			for _, l := range list {
				for i, id := range ids {
					if l.ID == id {
						got = append(got, i)
					}
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			}
		}
		list, _, err := s.FindMessages(t.Context(), tenant.ID, store.MessageFilter{Text: string(ids[0])}, myodai.Page{})
		ok(t, err)
		if l := list[0]; l.Recipient.String() != "r0@example.net" || l.States[myodai.DeliveryAccepted] != 1 {
			t.Errorf("line %+v", l)
		}
		if list, _, err := s.FindMessages(t.Context(), other.ID, store.MessageFilter{Text: string(ids[0])}, myodai.Page{}); err != nil || len(list) > 0 {
			t.Errorf("another tenant finds %v, %v", list, err)
		}
	})
}
