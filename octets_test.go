package myodai_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

func TestOctetsOfAnID(t *testing.T) {
	for range 1000 {
		id := myodai.NewID[myodai.MessageID](time.Now(), rand.Reader)
		b, ok := myodai.Octets(id)
		if back := myodai.FromOctets[myodai.MessageID](b); !ok || back != id {
			t.Fatalf("%s became %s", id, back)
		}
	}
	for _, bad := range []myodai.MessageID{"", "msg_", "dlv_01k0000000000000000000000a", "msg_zzzzzzzzzzzzzzzzzzzzzzzzzz"} {
		if _, ok := myodai.Octets(bad); ok {
			t.Errorf("%q has octets", bad)
		}
	}
}
