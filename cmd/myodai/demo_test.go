package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestDemoTellsTheStory runs `myodai demo --exit`: it ends well, and shows what
// it promises.
func TestDemoTellsTheStory(t *testing.T) {
	var out, fault bytes.Buffer
	if status := run(t.Context(), &cli{out: &out, err: &fault}, []string{"demo", "--exit"}); status != 0 {
		t.Fatalf("status %d\n%s\n%s", status, &out, &fault)
	}
	for _, want := range []string{
		"acme.example is pending", "mail is refused", "acme.example is verified",
		"dkim=pass header.d=acme.example", "spf=pass smtp.mailfrom=bounce-", "dmarc=pass header.from=acme.example",
		"That was the whole story",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the story lacks %q:\n%s", want, &out)
		}
	}
	if fault.Len() > 0 {
		t.Errorf("the story has errors:\n%s", &fault)
	}
}
