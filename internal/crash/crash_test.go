package crash_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/crash"
)

// P01: the list is what the source has, and no shorter than promised.
func TestPoints(t *testing.T) {
	source, doings := pointsInSource(t)
	for _, point := range crash.Points {
		what, when, _ := strings.Cut(point, ": ")
		if !source[point] && !(source["*: "+when] && doings[what]) {
			t.Errorf("%q is in the list and not in the source", point)
		}
	}
	for point := range source {
		if what, _, _ := strings.Cut(point, ": "); what != "*" && !slices.Contains(crash.Points, point) {
			t.Errorf("%q is in the source and not in the list", point)
		}
	}
	if len(crash.Points) < 25 {
		t.Errorf("%d points; 25 at least were promised", len(crash.Points))
	}
}

// pointsInSource finds every call of Point, with "*" for what is not said as it
// stands, and what transactions of the store are called: where they begin, or
// where the name is put into something called doing.
func pointsInSource(t *testing.T) (points, doings map[string]bool) {
	t.Helper()
	points, doings = map[string]bool{}, map[string]bool{}
	look := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if key, _ := n.Key.(*ast.Ident); key != nil && key.Name == "doing" {
				doings[literal(n.Value)] = true
			}
		case *ast.AssignStmt:
			if name, _ := n.Lhs[0].(*ast.Ident); name != nil && name.Name == "doing" {
				doings[literal(n.Rhs[0])] = true
			}
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		called, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || len(call.Args) < 2 {
			return true
		}
		first, second := literal(call.Args[0]), literal(call.Args[1])
		on, _ := called.X.(*ast.Ident)
		switch {
		case called.Sel.Name == "Point" && on != nil && on.Name == "crash":
			points[first+": "+second] = true
		case called.Sel.Name == "write", called.Sel.Name == "share":
			doings[second] = true
		}
		return true
	}
	for _, dir := range []string{"..", "../../cmd"} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
			if err == nil {
				ast.Inspect(file, look)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return points, doings
}

func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok {
		if s, err := strconv.Unquote(l.Value); err == nil {
			return s
		}
	}
	return "*"
}
