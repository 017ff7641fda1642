package myodai_test

import (
	"testing"

	"github.com/myodai/myodai"
)

func TestParseNotify(t *testing.T) {
	for _, tt := range []struct {
		text string
		want myodai.Notify // "" for a refusal
	}{
		{"NEVER", "never"},
		{"success", "success"},
		{"DELAY,Failure,SUCCESS", "success,failure,delay"},
		{"failure,delay", "failure,delay"},
		{"", ""},
		{"never,failure", ""},
		{"failure,failure", ""},
		{"failure,", ""},
		{"always", ""},
	} {
		if got, err := myodai.ParseNotify(tt.text); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("ParseNotify(%q) = %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
	if n := myodai.Notify("success,delay"); !n.Wants(myodai.NotifyDelay) || n.Wants(myodai.NotifyFailure) {
		t.Errorf("%q wants the wrong things", n)
	}
}

func TestStricter(t *testing.T) {
	for _, tt := range []struct{ a, b, want myodai.TLSRule }{
		{"", myodai.TLSOptional, ""},
		{myodai.TLSOptional, myodai.TLSOptional, myodai.TLSOptional},
		{myodai.TLSOptional, myodai.TLSRequired, myodai.TLSRequired},
		{myodai.TLSVerified, myodai.TLSRequired, myodai.TLSVerified},
		{myodai.TLSChain, myodai.TLSVerified, myodai.TLSChain},
	} {
		if got := tt.a.Stricter(tt.b); got != tt.want {
			t.Errorf("%q.Stricter(%q) = %q, want %q", tt.a, tt.b, got, tt.want)
		}
		if got := tt.b.Stricter(tt.a); got != tt.want {
			t.Errorf("%q.Stricter(%q) = %q, want %q", tt.b, tt.a, got, tt.want)
		}
	}
}
