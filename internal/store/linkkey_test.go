package store_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// P28: link keys are sealed, every node uses the first one under a label, and the
// zone changes with them.
func TestLinkKeys(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		_, err := s.LinkKeyPrivate(t.Context(), "_dcpubkeyv1")
		wantCode(t, err, myodai.CodeNotFound)
		before := must(s.ZoneSerial(t.Context()))(t)
		first := myodai.LinkKey{Label: "_dcpubkeyv1", Public: []byte("public"), CreatedAt: t0}
		ok(t, s.AddLinkKey(t.Context(), first, []byte("private")))
		ok(t, s.AddLinkKey(t.Context(), myodai.LinkKey{Label: "_dcpubkeyv1", Public: []byte("another")}, []byte("another")))
		ok(t, s.AddLinkKey(t.Context(), myodai.LinkKey{Label: "_dcpubkeyv2", CreatedAt: t0.Add(time.Hour)}, []byte("later")))
		list := must(s.LinkKeys(t.Context()))(t)
		if len(list) != 2 || list[0].Label != "_dcpubkeyv2" || string(list[1].Public) != "public" || !list[1].CreatedAt.Equal(t0) {
			t.Errorf("the keys are %+v", list)
		}
		if private := must(s.LinkKeyPrivate(t.Context(), "_dcpubkeyv1"))(t); string(private) != "private" {
			t.Errorf("the private key is %q", private)
		}
		if after := must(s.ZoneSerial(t.Context()))(t); after == before {
			t.Error("nobody learns that the zone has changed")
		}
	})
}
