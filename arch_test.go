package myodai_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

// layers lists every room, lowest first. A room may import rooms below its own
// layer, and a few named neighbors.
var layers = [][]string{
	{"myodai", "crash"}, // the vocabulary: this package, and the names of moments to die at
	{"spf", "dkim", "dmarc", "bounce", "dnshost", "plan", "diagnose", "handoff", "shaping"},               // knowledge: pure
	{"egress", "store", "resolver", "delivery", "acme", "libcrypto", "multibuffer", "rdap"},               // adapters: I/O
	{"access", "domains", "senders", "hygiene", "queue", "submission", "inbound", "webhook", "retention"}, // engines: policy over time
	{"authdns", "smtpd", "track", "api", "console"},                                                       // servers: protocol edges
	{"demo"}, // plays the others
}

const knowledge, adapters, engines = 1, 2, 3

// neighbors are the sideways imports we chose to allow.
var neighbors = map[string]bool{
	"plan spf": true, "plan dkim": true, "plan dmarc": true,
	"diagnose plan": true, "diagnose spf": true, "diagnose dkim": true, "diagnose dmarc": true,
	"diagnose dnshost": true, "handoff plan": true, "handoff dnshost": true, "dnshost plan": true,
	"delivery egress": true, "acme egress": true, // the one way out
}

// The test reads the files itself instead of running go list, so that the go
// command knows what it depends on and does not serve a stale cached pass.
func TestImportsPointDown(t *testing.T) {
	layerOf := map[string]int{}
	for i, rooms := range layers {
		for _, room := range rooms {
			layerOf[room] = i
		}
	}
	eachFile(t, "internal", func(name string) {
		if strings.HasSuffix(name, "_test.go") {
			return // a test may stand a room beside its real neighbors
		}
		from, _, _ := strings.Cut(strings.TrimPrefix(name, "internal/"), "/")
		upper, ok := layerOf[from]
		if !ok {
			t.Errorf("%s: %s is in no layer", name, from)
			return
		}
		for _, imported := range imports(t, name) {
			to, ok := room(imported)
			if !ok || to == from || neighbors[from+" "+to] {
				continue
			}
			switch lower := layerOf[to]; {
			case lower >= upper:
				t.Errorf("%s imports %s, which is not below it", name, to)
			case lower == adapters && upper == engines:
				t.Errorf("%s imports adapter %s; let the engine declare the interface it needs", name, to)
			}
		}
	})
}

// TestKnowledgeIsPure keeps the clock, the network, the disk and chance out of
// the two lowest layers: same input, same output.
func TestKnowledgeIsPure(t *testing.T) {
	forbidden := map[string]bool{
		"os": true, "net": true, "net/http": true, "database/sql": true, "log": true, "log/slog": true,
		"math/rand": true, "math/rand/v2": true, "crypto/rand": true,
	}
	pure := map[string]bool{}
	for _, r := range layers[knowledge] {
		pure[r] = true
	}
	check := func(name string) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		for _, imported := range imports(t, name) {
			if forbidden[imported] {
				t.Errorf("%s imports %s; knowledge does no I/O", name, imported)
			}
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "time.Now()") {
			t.Errorf("%s reads the clock; let the caller hand the time in", name)
		}
	}
	eachFile(t, ".", func(name string) {
		parts := strings.Split(name, "/")
		if len(parts) == 1 || parts[0] == "internal" && pure[parts[1]] {
			check(name)
		}
	})
}

// TestEveryPackageHasOneComment wants exactly one, so that it is found.
func TestEveryPackageHasOneComment(t *testing.T) {
	comments := map[string]int{}
	eachFile(t, ".", func(name string) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		dir := path.Dir(name)
		if comments[dir] += 0; file.Doc != nil {
			comments[dir]++
		}
	})
	for dir, n := range comments {
		if n != 1 {
			t.Errorf("package in %s has %d comments, want 1", dir, n)
		}
	}
}

// eachFile calls check with every Go file below dir, by its path from here.
func eachFile(t *testing.T, dir string, check func(name string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if path.Ext(name) == ".go" {
			check(path.Join(dir, name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func imports(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, imported)
	}
	return paths
}

// room names the room an import path leads to; ok is false for other modules.
func room(imported string) (name string, ok bool) {
	const module = "github.com/myodai/myodai"
	if imported == module {
		return "myodai", true
	}
	rest, ok := strings.CutPrefix(imported, module+"/internal/")
	if !ok {
		return "", false
	}
	name, _, _ = strings.Cut(rest, "/")
	return name, true
}
