package track

import (
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"
)

// What is written by hand is read back, every field, whatever strangers call
// themselves.
func FuzzRecord(f *testing.F) {
	for _, text := range []string{"", "Mozilla/5.0 (X11)", `a"b\c`, "\x00\n\t\x7f", "日本語 é", "<&>\u2028"} {
		f.Add(text, int64(7), true)
		f.Add(text, int64(-1), false)
	}
	f.Fuzz(func(t *testing.T, text string, number int64, flag bool) {
		if !utf8.ValidString(text) {
			return // shorten has seen to that
		}
		var want, got record
		fields := reflect.ValueOf(&want).Elem()
		for i := range fields.NumField() {
			switch field := fields.Field(i); field.Kind() {
			case reflect.String:
				field.SetString(text)
			case reflect.Bool:
				field.SetBool(flag)
			default:
				field.SetInt(number)
			}
		}
		if err := json.Unmarshal(want.append(nil), &got); err != nil || got != want {
			t.Errorf("%s is read as %+v, want %+v: %v", want.append(nil), got, want, err)
		}
	})
}
