package architecture

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
)

// Finding is one breach of the law.
type Finding struct {
	// File is relative to the module's root, with slashes.
	File string
	Line int // 0 if the breach is the file or folder itself
	Rule Rule
	// Text says what is there.
	Text string
	// Instead says what to do.
	Instead string
}

// Rule names what a finding breaches.
type Rule string

// The rules.
const (
	// Layout: what the root folder holds, and what main.go is.
	Layout Rule = "layout"
	// Imports: who may import whom.
	Imports Rule = "imports"
	// Pure: equal output for equal input on every machine.
	Pure Rule = "pure"
	// Size: how long files and functions may be.
	Size Rule = "size"
	// Documentation: every package says what it is for.
	Documentation Rule = "documentation"
	// Style: no init, no dot import, no sleep in a test.
	Style Rule = "style"
	// Compiles: of a package that does not, nothing else can be said.
	Compiles Rule = "compiles"
)

// String gives the finding in one line: place, rule, what is there, what to do.
func (f Finding) String() string {
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return fmt.Sprintf("%s: %s: %s; instead: %s", place, f.Rule, f.Text, f.Instead)
}

// Check holds the module whose root folder is dir against the law and returns
// what breaches it, sorted by place. It needs the go command for the types of
// pure packages. An error means that the module could not be read; breaches
// are no error.
func Check(dir string, law Law) ([]Finding, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err == nil {
		// The go command reports places by their absolute path.
		root, err = filepath.Abs(root)
	}
	if err != nil {
		return nil, err
	}
	m, err := readModule(root)
	if err != nil {
		return nil, err
	}
	inRoot, err := checkRoot(root, law)
	if err != nil {
		return nil, err
	}
	impure, err := checkPurity(m, law)
	if err != nil {
		return nil, err
	}
	findings := slices.Concat(
		inRoot, impure, checkPackages(m, law), checkFiles(m, law), checkImports(m, law),
	)
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Text, b.Text),
		)
	})
	return slices.Compact(findings), nil
}
