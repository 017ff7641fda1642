package myodai_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestStandardsAreListed compares the RFCs that the code cites with
// docs/standards.md, both ways.
func TestStandardsAreListed(t *testing.T) {
	cited := map[string]string{}
	eachFile(t, ".", func(name string) {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`RFC (\d{3,5})`).FindAllStringSubmatch(string(source), -1) {
			cited[m[1]] = name
		}
	})
	page, err := os.ReadFile("docs/standards.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(page)) {
		if m := regexp.MustCompile(`^\| (\d+) \| .+ \| (yes|partial|no) \| .*\|`).FindStringSubmatch(line); m != nil {
			listed = append(listed, m[1])
		}
	}
	for number, name := range cited {
		if !slices.Contains(listed, number) {
			t.Errorf("%s cites RFC %s, which docs/standards.md does not list", name, number)
		}
	}
	for _, number := range listed {
		if cited[number] == "" {
			t.Errorf("docs/standards.md lists RFC %s, which nothing cites", number)
		}
	}
}
