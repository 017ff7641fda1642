package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"
)

// verb is a verb of fmt with the number of its value.
var verb = regexp.MustCompile(`%\[\d+\][a-z]`)

// Every text is there in both languages and says the same values.
func TestWordsAreWhole(t *testing.T) {
	for key, w := range loadWords() {
		if strings.TrimSpace(w.English) == "" || strings.TrimSpace(w.Japanese) == "" {
			t.Errorf("%s is missing in a language: %+v", key, w)
		}
		en, ja := verb.FindAllString(w.English, -1), verb.FindAllString(w.Japanese, -1)
		slices.Sort(en)
		slices.Sort(ja)
		if !slices.Equal(slices.Compact(en), slices.Compact(ja)) {
			t.Errorf("%s puts %v in English, %v in Japanese", key, en, ja)
		}
		for _, text := range []string{w.English, w.Japanese} {
			if rest := verb.ReplaceAllString(text, ""); strings.Contains(rest, "%") && !strings.Contains(rest, "%%") {
				t.Errorf("%s has a verb without a number: %q", key, text)
			}
		}
	}
}

// Every text that is asked for is there, and none is there in vain.
func TestWordsAreUsed(t *testing.T) {
	used := map[string]bool{}
	literal := func(s string) {
		if _, ok := loadWords()[s]; ok {
			used[s] = true
		}
	}
	prefixes := []string{}
	for key := range wordsOfTemplates(t) {
		if _, ok := loadWords()[key]; !ok {
			t.Errorf("a template asks for %q, which nobody wrote", key)
		}
		used[key] = true
	}
	for _, file := range goFiles(t, ".") {
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if ok && lit.Kind == token.STRING {
				s, _ := strconv.Unquote(lit.Value)
				literal(s)
				if page, rest, found := strings.Cut(s, "."); found && page != "" && (rest == "" || strings.HasSuffix(rest, "_")) {
					prefixes = append(prefixes, s)
				}
			}
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 {
				if name, ok := call.Fun.(*ast.SelectorExpr); ok && name.Sel.Name == "say" {
					if lit, ok := call.Args[0].(*ast.BasicLit); ok {
						if key, _ := strconv.Unquote(lit.Value); loadWords()[key].English == "" {
							t.Errorf("%q is said, and nobody wrote it", key)
						}
					}
				}
			}
			return true
		})
	}
	for key := range loadWords() {
		made := slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
		if !used[key] && !made {
			t.Errorf("nobody says %q", key)
		}
	}
}

// wordsOfTemplates lists the keys that templates ask for.
func wordsOfTemplates(t *testing.T) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	for _, page := range loadPages()[English] {
		for _, part := range page().Templates() {
			if part.Tree != nil {
				walk(part.Tree.Root, keys)
			}
		}
	}
	return keys
}

// walk collects the first arguments of t and rich below a node.
func walk(n parse.Node, keys map[string]bool) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, c := range n.Nodes {
				walk(c, keys)
			}
		}
	case *parse.IfNode:
		walkBranch(&n.BranchNode, keys)
	case *parse.RangeNode:
		walkBranch(&n.BranchNode, keys)
	case *parse.WithNode:
		walkBranch(&n.BranchNode, keys)
	case *parse.ActionNode:
		walk(n.Pipe, keys)
	case *parse.TemplateNode:
		walk(n.Pipe, keys)
	case *parse.PipeNode:
		if n == nil {
			return
		}
		for _, c := range n.Cmds {
			walk(c, keys)
		}
	case *parse.CommandNode:
		if id, ok := n.Args[0].(*parse.IdentifierNode); ok && (id.Ident == "t" || id.Ident == "rich") {
			if key, ok := n.Args[1].(*parse.StringNode); ok {
				keys[key.Text] = true
			}
		}
		for _, a := range n.Args {
			walk(a, keys)
		}
	}
}

func walkBranch(b *parse.BranchNode, keys map[string]bool) {
	walk(b.Pipe, keys)
	walk(b.List, keys)
	walk(b.ElseList, keys)
}

// goFiles parses the Go files of a folder, but for tests.
func goFiles(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := fs.Glob(os.DirFS(dir), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// refusing are the folders whose refusals a page may have to show.
var refusing = []string{"../..", ".", "../domains", "../handoff", "../access", "../senders", "../hygiene"}

// Every refusal that a page may have to show is there in Japanese, and with the
// same number of values.
func TestRefusalsAreTold(t *testing.T) {
	japanese := loadRefusals()
	for _, dir := range refusing {
		for _, file := range goFiles(t, dir) {
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if format, ok := refusalFormat(call); ok && japanese[format] == "" {
					t.Errorf("%s: %q is not told in Japanese", dir, format)
				}
				return true
			})
		}
	}
}

// refusalFormat is the text of a call of Refuse or Invalidf.
func refusalFormat(call *ast.CallExpr) (string, bool) {
	name := ""
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		name = fun.Name
	case *ast.SelectorExpr:
		name = fun.Sel.Name
	}
	at, ok := map[string]int{"Refuse": 2, "Invalidf": 0}[name]
	if !ok || len(call.Args) <= at {
		return "", false
	}
	lit, ok := call.Args[at].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
