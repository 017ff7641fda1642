package myodai_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/myodai/myodai"
)

// Every kind there is can be asked for, but for the one that is never kept.
func TestEventKinds(t *testing.T) {
	source, err := os.ReadFile("event.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`EventKind = "([a-z_.]+)"`).FindAllSubmatch(source, -1)
	if len(found) < 30 {
		t.Fatalf("%d kinds found", len(found))
	}
	for _, f := range found {
		kind := myodai.EventKind(f[1])
		if slices.Contains(myodai.EventKinds, kind) == (kind == myodai.EventWebhookTest) {
			t.Errorf("%s: in EventKinds %t", kind, kind == myodai.EventWebhookTest)
		}
	}
}
