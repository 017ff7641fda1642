package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/api"
)

func TestCheckJSON(t *testing.T) {
	nested := func(n int) string { return strings.Repeat(`{"a":[`, n/2) + strings.Repeat(`]}`, n/2) }
	for _, tt := range []struct {
		name, text string
		says       string // "" when it is good
	}{
		{"an object", `{"a":1,"b":[true,false,-1.5e3,"x"]}`, ""},
		{"white space", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n", ""},
		{"empty things", `{"a":{},"b":[],"c":""}`, ""},
		{"the same name in two objects", `[{"a":1},{"a":2}]`, ""},
		{"brackets in strings", `{"a":"}]{[","b":"\"}","c":"\\"}`, ""},
		{"the word null in a string", `{"a":"null","null":"a"}`, ""},
		{"a surrogate pair", `{"a":"\ud83d\ude00"}`, ""},
		{"an escaped backslash before u", `{"a":"\\ud83d"}`, ""},
		{"64 levels", nested(64), ""},
		{"66 levels", nested(66), "64 levels"},
		{"a name twice", `{"a":1,"b":2,"a":3}`, "twice in the body itself"},
		{"a name twice, further in", `{"a":[0,{"b":1,"b":2}]}`, "twice in /a/1"},
		{"a name twice, escaped", `{"a":1,"\u0061":2}`, "twice"},
		{"null", `{"a":[1,null]}`, "null at /a/1"},
		{"null alone", `null`, "null at the body itself"},
		{"the first half of a pair", `{"a":"\ud83dx"}`, "surrogate"},
		{"the second half of a pair", `["\ude00"]`, "surrogate"},
		{"two first halves", `["\ud83d\ud83d"]`, "surrogate"},
		{"half a pair in a name", `{"\ud83d":1}`, "surrogate"},
		{"invalid UTF-8", "[\"\xc3\x28\"]", "UTF-8"},
		{"nothing", ``, "not valid JSON"},
		{"a comment", `{} // x`, "not valid JSON"},
	} {
		err := api.CheckJSON([]byte(tt.text))
		if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
	}
}

// What passes is valid JSON that reads the same when it is written again.
func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":"\ud83d\ude00"}]}`, `{"a":1,"a":2}`, `[null]`, `"\\"`, ` { } `, `[[[[]]]]`, `{"a":"\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if api.CheckJSON(data) != nil {
			return
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("%q passes and is not JSON: %v", data, err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := api.CheckJSON(again); err != nil {
			t.Errorf("%q passes, and %q does not: %v", data, again, err)
		}
	})
}
