package hygiene_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/hygiene"
)

// A list with mistakes: every line that cannot be read is told by its number and
// left out, and the others are entered. A preview says the same and enters nothing.
func TestImportTellsWrongLines(t *testing.T) {
	tomorrow := time.Now().AddDate(0, 0, 1).UTC().Format(time.RFC3339)
	list := strings.Join([]string{
		"Address,Reason,Class,Expires,Evidence", // 1
		"taro@example.net,bounced,,,550 5.1.1 no such user",
		"", // 3: nothing on it
		"not an address,,,,",
		"hanako@@example.net,,,,",
		"jiro@example.net,,weekly,,",     // 6: no such class
		"saburo@example.net,,,yesterday", // 7: no time
		"shiro@example.net,,,2020-01-01", // 8: a time that is over
		"goro@example.net,complained,marketing," + tomorrow,
		"rokuro@example.net,something,,,",                          // 10: a reason of others is "imported"
		`"shichiro@example.net",,,,"said` + "\n" + `in two lines"`, // 11 and 12
		strings.Repeat("x", 2<<20),                                 // 13: too long a line
		"hachiro@localhost,,,,",
		"  kuro@example.net  ",
	}, "\r\n")
	wrong := []struct {
		line int
		says string
	}{{4, "not a mail address"}, {5, "not allowed there"}, {6, `no class of mail "weekly"`}, {7, "no time to come"}, {8, "no time to come"}, {13, "long"}, {14, "single label"}}
	for _, preview := range []bool{true, false} {
		l := newLedger()
		r, err := service(t, l).ImportList(t.Context(), hygiene.Import{TenantID: shop, Classes: []myodai.ClassName{"marketing"}, Preview: preview}, "list.csv", strings.NewReader(list))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range r.Errors {
			got = append(got, fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Detail))
		}
		for i, want := range wrong {
			if i >= len(r.Errors) || r.Errors[i].Line != want.line || r.Errors[i].File != "list.csv" || !strings.Contains(r.Errors[i].Detail, want.says) {
				t.Errorf("line %d is not told with %q:\n%s", want.line, want.says, strings.Join(got, "\n"))
			}
		}
		if r.Wrong != len(wrong) || len(r.Errors) != len(wrong) || len(r.Why) != len(wrong) || r.Added != 5 || len(r.Entries) != 5 {
			t.Errorf("%d wrong, %d added, %d entries:\n%s", r.Wrong, r.Added, len(r.Entries), strings.Join(got, "\n"))
		}
		if entered := len(l.list); entered != map[bool]int{true: 0, false: 5}[preview] {
			t.Errorf("preview %t: %d entered", preview, entered)
		}
		if preview {
			continue
		}
		for address, want := range map[string]string{
			"taro@example.net": "bounced", "goro@example.net": "complained", "rokuro@example.net": "imported", "shichiro@example.net": "imported", "kuro@example.net": "imported",
		} {
			if got := l.list[address]; string(got.Reason) != want || got.Batch != r.Batch {
				t.Errorf("%s is entered as %+v", address, got)
			}
		}
		again, err := service(t, l).ImportList(t.Context(), hygiene.Import{TenantID: shop, Classes: []myodai.ClassName{"marketing"}}, "list.csv", strings.NewReader(list))
		if err != nil || again.Added != 0 || again.Known != 5 || again.Wrong != len(wrong) {
			t.Errorf("entered again: %+v, %v", again, err)
		}
	}
}

// What is told of a list is bounded, whatever the list.
func TestImportTellsAThousandLines(t *testing.T) {
	l := newLedger()
	r, err := service(t, l).ImportList(t.Context(), hygiene.Import{TenantID: shop}, "list.csv", strings.NewReader(strings.Repeat("nobody\n", 1500)+"taro@example.net\n"))
	if err != nil || r.Wrong != 1500 || len(r.Errors) != 1000 || r.Added != 1 || r.Lines != 1501 {
		t.Errorf("%d wrong, %d told, %d added of %d, %v", r.Wrong, len(r.Errors), r.Added, r.Lines, err)
	}
}
