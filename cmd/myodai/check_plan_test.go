package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/myodai/myodai/internal/api"
)

// FuzzReadPlan: a plan that is read is the same after it was written and read
// again, in the form that domain records writes.
func FuzzReadPlan(f *testing.F) {
	f.Add([]byte(acmePlan))
	f.Add([]byte(`{"records":[{"purpose":"return-path","name":"b.acme.example","type":"mx","value":" 10 mail.example.com.","required":true}]}`))
	f.Add([]byte(`{"domain":"acme.example","records":[{"purpose":"spf","name":"acme.example.","type":"TXT","value":"include:_spf.plat.example."}]}`))
	f.Add([]byte("\ufeff{}"))
	path := filepath.Join(f.TempDir(), "plan.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		write := func(text []byte) {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(text)
		p, err := readPlan(path, "acme.example")
		if err != nil {
			return
		}
		shown := api.Plan{Domain: string(p.Domain)}
		for _, item := range p.Items {
			shown.Records = append(shown.Records, api.Record{
				Purpose: item.Purpose, Selector: item.Selector, Name: string(item.Name), Type: item.Type, Value: item.Value, Required: item.Required,
			})
		}
		again, err := json.Marshal(planFileOf(shown))
		if err != nil {
			t.Fatal(err)
		}
		write(again)
		if q, err := readPlan(path, "acme.example"); err != nil || !reflect.DeepEqual(p, q) {
			t.Errorf("%s\nread as %+v, and again %+v, %v", text, p, q, err)
		}
	})
}
