package architecture

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// module is the source of a module, parsed and not type-checked. Unlike what
// the go command would load it has the files for every operating system and
// processor, and the tests.
type module struct {
	root string // absolute, symbolic links resolved
	path string // as in go.mod
	fset *token.FileSet
	// packages holds the folders with Go files, sorted by name.
	packages []folder
}

// folder is a package together with its tests.
type folder struct {
	name  string // relative to the root, "." for the root itself
	files []file
}

// file is one Go file.
type file struct {
	name  string // relative to the module's root, with slashes
	test  bool
	lines int
	code  int // lines that are neither blank nor only a comment
	// syntax is what could be parsed; broken says why that is not all.
	syntax *ast.File
	broken error
}

// readModule reads go.mod and every Go file of the module.
func readModule(root string) (*module, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	m := &module{root: root, fset: token.NewFileSet()}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "module" {
			m.path = fields[1]
		}
	}
	if m.path == "" {
		return nil, fmt.Errorf("%s: no module line", filepath.Join(root, "go.mod"))
	}
	err = filepath.WalkDir(root, m.visit)
	return m, err
}

// visit adds one Go file to the module, or turns away from a folder that the
// go command would not look into.
func (m *module) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		// A tree may change under the walk; what is gone is no part of it.
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	hidden := strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_")
	if entry.IsDir() {
		if name != m.root && (hidden || entry.Name() == "testdata" || entry.Name() == "vendor") {
			return fs.SkipDir
		}
		return nil
	}
	if hidden || !strings.HasSuffix(name, ".go") {
		return nil
	}
	return m.add(name)
}

// add parses a file into the folder that it belongs to. The walk visits the
// files of one folder with those of its subfolders in between.
func (m *module) add(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	f := file{
		name:  m.relative(name),
		test:  strings.HasSuffix(name, "_test.go"),
		lines: bytes.Count(text, []byte("\n")),
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "//") {
			f.code++
		}
	}
	f.syntax, f.broken = parser.ParseFile(m.fset, name, text, parser.ParseComments)
	in := path.Dir(f.name)
	at := slices.IndexFunc(m.packages, func(p folder) bool { return p.name == in })
	if at < 0 {
		at = len(m.packages)
		m.packages = append(m.packages, folder{name: in})
	}
	m.packages[at].files = append(m.packages[at].files, f)
	return nil
}

// relative returns the name of a file relative to the root, with slashes.
func (m *module) relative(name string) string {
	short, err := filepath.Rel(m.root, name)
	if err != nil {
		return filepath.ToSlash(name)
	}
	return filepath.ToSlash(short)
}

// line returns the line of a position.
func (m *module) line(pos token.Pos) int {
	return m.fset.Position(pos).Line
}

// imported returns the path of an import.
func imported(spec *ast.ImportSpec) string {
	name, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return name
}
