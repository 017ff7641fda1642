package myodai_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// systems is how many requirements each system has.
var systems = []struct {
	letter string
	n      int
}{{"A", 25}, {"B", 29}, {"C", 15}, {"D", 17}, {"E", 23}, {"F", 9}}

var (
	requirementRow = regexp.MustCompile(`(?m)^\| ([A-F][0-9]+) \| .* \| (.*) \|$`)
	namedTest      = regexp.MustCompile("`([a-z0-9./]+)\\.(Test[A-Za-z0-9]+)`")
)

// docs/requirements.md has every requirement once, each with a test at least, and
// the tests it names exist and cite it.
func TestRequirementsAreShown(t *testing.T) {
	text, err := os.ReadFile("docs/requirements.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, row := range requirementRow.FindAllStringSubmatch(string(text), -1) {
		if _, twice := shown[row[1]]; twice {
			t.Errorf("%s stands twice", row[1])
		}
		shown[row[1]] = row[2]
	}
	sources := testSources(t)
	for _, s := range systems {
		for n := 1; n <= s.n; n++ {
			id := fmt.Sprintf("%s%d", s.letter, n)
			by, ok := shown[id]
			delete(shown, id)
			tests := namedTest.FindAllStringSubmatch(by, -1)
			switch {
			case !ok:
				t.Errorf("%s is missing", id)
			case len(tests) == 0:
				t.Errorf("%s: %q names no test", id, by)
			}
			cites := regexp.MustCompile(`\b` + id + `\b`)
			for _, test := range tests {
				source, ok := sources[test[1]+"."+test[2]]
				if !ok {
					t.Errorf("%s: there is no test %s in %s", id, test[2], test[1])
				} else if !cites.MatchString(source) {
					t.Errorf("%s: %s in %s does not cite it", id, test[2], test[1])
				}
			}
		}
	}
	for id := range shown {
		t.Errorf("%s is no requirement", id)
	}
}

// testSources is the source of every test with its comment, by "room.TestName".
func testSources(t *testing.T) map[string]string {
	t.Helper()
	sources := map[string]string{}
	eachFile(t, ".", func(name string) {
		if !strings.HasSuffix(name, "_test.go") {
			return
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			from := f.Pos()
			if f.Doc != nil {
				from = f.Doc.Pos()
			}
			room := strings.TrimPrefix(path.Dir(name), "internal/")
			sources[room+"."+f.Name.Name] += string(text[files.Position(from).Offset:files.Position(f.End()).Offset])
		}
	})
	return sources
}
